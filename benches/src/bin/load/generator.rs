//! The loop that sends lines and takes their ACKs.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;

use catchment_bench::{ACK, Epoll, LINE_BYTES, Lines, Pace, clock};
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use crate::Mode;
use crate::control::{self, Command, Commands, Event};
use crate::window::Counts;

const EVENTS_AT_ONCE: usize = 1024;
const REPLY_BYTES: usize = 65_536;
const COMMANDS: u64 = u64::MAX;
const TICK: u64 = u64::MAX - 1;
const LINE: u64 = LINE_BYTES as u64;
const ACK_BYTES: u64 = ACK.len() as u64;

/// Owns every connection. What is in flight is bounded by the mode: the window of `Saturated`, the lines of `Idle`;
/// `Paced` grows by its rate for as long as the collector owes ACKs, 8 bytes a line. It stops when told to; a broken
/// connection is counted as an error and not made again.
#[derive(Debug)]
pub(crate) struct Generator {
    epoll: Epoll,
    commands: Commands,
    connections: Vec<Connection>,
    mode: Mode,
    pace: Option<Pace>,
    /// Whose turn it is to send the next paced line.
    turn: usize,
    started: bool,
    settled: bool,
    lines: Lines,
    replies: Vec<u8>,
    expected: Vec<u8>,
    counts: Counts,
}

#[derive(Debug)]
struct Connection {
    /// `None` once it is broken.
    socket: Option<OwnedFd>,
    number: u32,
    /// Bytes of its stream that were sent, and that may be.
    sent: u64,
    allowed: u64,
    /// Bytes of ACKs received.
    acked: u64,
    /// When each unacked line was sent; `Paced` only.
    sent_at: VecDeque<u64>,
}

impl Generator {
    /// Lines will flow over `sockets`, which call themselves `first` and following.
    pub(crate) fn new(sockets: Vec<OwnedFd>, first: u32, mode: Mode) -> io::Result<Self> {
        let epoll = Epoll::new(EVENTS_AT_ONCE)?;
        let commands = Commands::new();
        epoll.add(commands.source(), COMMANDS, EventFlags::IN)?;
        let pace = if let Mode::Paced { rate } = mode { Some(Pace::new(rate)?) } else { None };
        if let Some(pace) = &pace {
            epoll.add(pace.source(), TICK, EventFlags::IN)?;
        }
        let mut connections = Vec::with_capacity(sockets.len());
        for (number, socket) in (first..).zip(sockets) {
            // Edge-triggered: a window that is full leaves a socket writable for long, and that is no news.
            let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
            epoll.add(&socket, connections.len() as u64, flags)?;
            connections.push(Connection::new(socket, number));
        }
        Ok(Self {
            epoll,
            commands,
            connections,
            mode,
            pace,
            turn: 0,
            started: false,
            settled: false,
            lines: Lines::default(),
            replies: vec![0; REPLY_BYTES],
            expected: ACK.repeat(REPLY_BYTES / ACK.len() + 1),
            counts: Counts::default(),
        })
    }

    pub(crate) fn run(mut self) -> io::Result<()> {
        loop {
            for index in 0..self.epoll.wait()? {
                match self.epoll.event(index) {
                    (COMMANDS, _) => {
                        if self.obey()? == Flow::Stop {
                            return Ok(());
                        }
                    }
                    (TICK, _) => self.tick(),
                    (connection, _) => self.ready(connection as usize),
                }
            }
            self.settle()?;
        }
    }

    fn obey(&mut self) -> io::Result<Flow> {
        for command in self.commands.read()? {
            match command {
                Command::Start => self.start()?,
                Command::Begin => self.counts.begin(),
                Command::End => control::tell(&Event::Result(self.counts.end()))?,
                Command::Stop => return Ok(Flow::Stop),
            }
        }
        Ok(Flow::Go)
    }

    fn start(&mut self) -> io::Result<()> {
        self.started = true;
        if let Some(pace) = &mut self.pace {
            return pace.start();
        }
        if let Mode::Idle { lines } = self.mode {
            self.connections.iter_mut().for_each(|connection| connection.allowed = lines * LINE);
        }
        (0..self.connections.len()).for_each(|index| self.push(index));
        Ok(())
    }

    /// One more line each for the next connections in turn.
    fn tick(&mut self) {
        let Some(pace) = &mut self.pace else { return };
        for _ in 0..pace.due() {
            let index = self.turn;
            self.turn = (self.turn + 1) % self.connections.len();
            let connection = &mut self.connections[index];
            if connection.socket.is_some() {
                connection.allowed += LINE;
                connection.sent_at.push_back(clock::monotonic());
                self.push(index);
            }
        }
    }

    fn ready(&mut self, index: usize) {
        let result =
            self.connections[index].take_replies(&mut self.replies, &self.expected, &mut self.counts);
        if result.is_err() {
            self.fail(index);
        } else if self.started {
            self.push(index);
        }
    }

    /// Sends what a connection may send.
    fn push(&mut self, index: usize) {
        let connection = &mut self.connections[index];
        if let Mode::Saturated { window } = self.mode {
            connection.open_window(window);
        }
        if connection.push(&mut self.lines).is_err() {
            self.fail(index);
        }
    }

    fn fail(&mut self, index: usize) {
        if self.connections[index].socket.take().is_some() {
            self.counts.errors += 1;
        }
    }

    fn settle(&mut self) -> io::Result<()> {
        if let Mode::Idle { lines } = self.mode
            && self.started
            && !self.settled
            && self.counts.acked + self.counts.errors * lines >= lines * self.connections.len() as u64
        {
            self.settled = true;
            control::tell(&Event::Settled)?;
        }
        Ok(())
    }
}

#[derive(PartialEq, Eq)]
enum Flow {
    Go,
    Stop,
}

impl Connection {
    fn new(socket: OwnedFd, number: u32) -> Self {
        Self { socket: Some(socket), number, sent: 0, allowed: 0, acked: 0, sent_at: VecDeque::new() }
    }

    /// Allows `window` lines beyond the acked ones, in steps of half a window so that sends are large; a line that is
    /// begun is finished in any case.
    fn open_window(&mut self, window: u64) {
        let allowed = (self.acked / ACK_BYTES + window) * LINE;
        if allowed - self.allowed >= window.div_ceil(2) * LINE {
            self.allowed = allowed;
        }
    }

    /// Sends until everything allowed is sent or the socket is full; epoll then tells when it no longer is.
    fn push(&mut self, lines: &mut Lines) -> Result<(), Errno> {
        let Some(socket) = &self.socket else { return Ok(()) };
        while self.sent < self.allowed {
            let part = lines.part(self.number, self.sent, self.allowed - self.sent);
            match send(socket, part, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                Ok(bytes) => self.sent += bytes as u64,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads all replies that are there and checks every byte. An error is the end of the connection, whoever's fault.
    fn take_replies(
        &mut self,
        replies: &mut [u8],
        expected: &[u8],
        counts: &mut Counts,
    ) -> Result<(), Errno> {
        let Some(socket) = &self.socket else { return Ok(()) };
        loop {
            let bytes = match recv(socket, &mut *replies, RecvFlags::DONTWAIT) {
                Ok((0, _)) => return Err(Errno::CONNRESET),
                Ok((bytes, _)) => bytes,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            };
            let begun = (self.acked % ACK_BYTES) as usize;
            if replies[..bytes] != expected[begun..begun + bytes] {
                return Err(Errno::PROTO);
            }
            let before = self.acked / ACK_BYTES;
            self.acked += bytes as u64;
            let lines = self.acked / ACK_BYTES - before;
            if self.acked / ACK_BYTES > self.sent / LINE {
                return Err(Errno::PROTO);
            }
            counts.acked += lines;
            if !self.sent_at.is_empty() {
                let now = clock::monotonic();
                for sent_at in self.sent_at.drain(..lines as usize) {
                    counts.latency.record(now - sent_at);
                }
            }
            if bytes < replies.len() {
                return Ok(());
            }
        }
    }
}
