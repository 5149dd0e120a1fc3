//! The loop: wait, read whoever is ready, commit, answer.

use std::io;
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use catchment_bench::Epoll;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketFlags, accept_with, recv, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

use crate::batch::{Batch, CHUNK_BYTES};
use crate::committer::Committer;
use crate::peers::{Acks, Generation, Peer, Sent};

/// Reads of one ready peer before the next has its turn: enough that a wake-up costs little beside them.
const READS_PER_TURN: usize = 16;
const EVENTS_AT_ONCE: usize = 1024;
const BACKLOG: i32 = 4096;

const LISTENER: u64 = u64::MAX;
const DURABLE: u64 = u64::MAX - 1;
const STOP: u64 = u64::MAX - 2;

/// Owns every socket and the batch being filled; a second batch is spare or with the committer. Data is bounded by
/// these two, and peers by the file limit. Level-triggered: who was not read to the end is simply ready again. Any
/// failure of the disk ends it; a failing peer is dropped.
#[derive(Debug)]
pub(crate) struct EventLoop {
    epoll: Epoll,
    listener: Option<Socket>,
    peers: Vec<Option<Peer>>,
    free: Vec<u32>,
    committer: Committer,
    batch: Batch,
    /// `None` while the committer has the other batch.
    spare: Option<Batch>,
    generation: Generation,
    acks: Acks,
    counts: Counts,
    _stop: UnixStream,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) commits: u64,
}

impl EventLoop {
    /// A loop that ends when `stop` becomes readable.
    pub(crate) fn new(committer: Committer, stop: UnixStream, batch_bytes: usize) -> io::Result<Self> {
        let epoll = Epoll::new(EVENTS_AT_ONCE)?;
        epoll.add(committer.wakeup(), DURABLE, EventFlags::IN)?;
        epoll.add(&stop, STOP, EventFlags::IN)?;
        Ok(Self {
            epoll,
            listener: None,
            peers: Vec::new(),
            free: Vec::new(),
            committer,
            batch: Batch::new(batch_bytes),
            spare: Some(Batch::new(batch_bytes)),
            generation: 0,
            acks: Acks::new(),
            counts: Counts::default(),
            _stop: stop,
        })
    }

    pub(crate) fn listen(&mut self, address: SocketAddr) -> io::Result<()> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        self.epoll.add(&socket, LISTENER, EventFlags::IN)?;
        self.listener = Some(socket);
        Ok(())
    }

    pub(crate) fn dial(&mut self, targets: &[SocketAddr]) -> io::Result<()> {
        for target in targets {
            self.add(TcpStream::connect(target)?.into())?;
        }
        Ok(())
    }

    pub(crate) fn run(mut self) -> io::Result<Counts> {
        loop {
            for index in 0..self.epoll.wait()? {
                match self.epoll.event(index) {
                    (STOP, _) => return Ok(self.counts),
                    (LISTENER, _) => self.accept()?,
                    (DURABLE, _) => self.durable()?,
                    (peer, flags) => self.ready(peer as u32, flags)?,
                }
            }
            // While one batch is synced the next one gathers; when none is, the first line goes at once.
            if self.spare.is_some() && !self.batch.is_empty() {
                self.commit()?;
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Some(listener) = &self.listener {
            match accept_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(socket) => self.add(socket)?,
                Err(Errno::AGAIN) => break,
                Err(Errno::CONNABORTED | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn add(&mut self, socket: OwnedFd) -> io::Result<()> {
        sockopt::set_tcp_nodelay(&socket, true)?;
        let index = self.free.pop().unwrap_or_else(|| {
            self.peers.push(None);
            self.peers.len() as u32 - 1
        });
        self.epoll.add(&socket, u64::from(index), EventFlags::IN)?;
        self.peers[index as usize] = Some(Peer::new(socket));
        Ok(())
    }

    fn ready(&mut self, index: u32, flags: EventFlags) -> io::Result<()> {
        if flags.contains(EventFlags::OUT) {
            self.writable(index)?;
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            self.read_turn(index)?;
        }
        Ok(())
    }

    fn read_turn(&mut self, index: u32) -> io::Result<()> {
        for _ in 0..READS_PER_TURN {
            if self.batch.room().is_none() {
                self.commit()?;
            }
            let (Some(room), Some(peer)) = (self.batch.room(), &mut self.peers[index as usize]) else {
                return Ok(());
            };
            match recv(&peer.socket, room, RecvFlags::DONTWAIT) {
                Ok((0, _)) => {
                    self.remove(index);
                    return Ok(());
                }
                Ok((bytes, _)) => {
                    let lines = self.batch.take(index, bytes);
                    if peer.complete(self.generation, lines) {
                        self.batch.answer(index);
                    }
                    if bytes < CHUNK_BYTES {
                        return Ok(());
                    }
                }
                Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
                Err(_) => {
                    self.remove(index);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Hands the batch to the committer, when the one before is durable: here a full loop waits for the disk.
    fn commit(&mut self) -> io::Result<()> {
        while self.spare.is_none() {
            self.committer.wait()?;
            self.durable()?;
        }
        if let Some(spare) = self.spare.take() {
            self.committer.submit(mem::replace(&mut self.batch, spare))?;
            self.generation ^= 1;
            self.counts.commits += 1;
        }
        Ok(())
    }

    /// Takes the batch that is away back and acks its lines, if it is durable: the loop may have waited for it after
    /// epoll had reported it.
    fn durable(&mut self) -> io::Result<()> {
        let Some(mut batch) = self.committer.take()? else { return Ok(()) };
        let peers = batch.clear();
        for &index in &peers {
            let Some(peer) = &mut self.peers[index as usize] else { continue };
            let (lines, sent) = peer.durable(self.generation ^ 1, &self.acks);
            self.counts.lines += u64::from(lines);
            match sent {
                Sent::All => {}
                Sent::Full => {
                    self.epoll.modify(&peer.socket, u64::from(index), EventFlags::IN | EventFlags::OUT)?;
                }
                Sent::Broken => self.remove(index),
            }
        }
        batch.reuse(peers);
        self.spare = Some(batch);
        Ok(())
    }

    fn writable(&mut self, index: u32) -> io::Result<()> {
        let Some(peer) = &mut self.peers[index as usize] else { return Ok(()) };
        match peer.flush(&self.acks) {
            Sent::All => self.epoll.modify(&peer.socket, u64::from(index), EventFlags::IN)?,
            Sent::Full => {}
            Sent::Broken => self.remove(index),
        }
        Ok(())
    }

    fn remove(&mut self, index: u32) {
        if self.peers[index as usize].take().is_some() {
            self.free.push(index);
        }
    }
}
