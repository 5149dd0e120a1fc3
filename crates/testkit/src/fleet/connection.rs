use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const ACK: &[u8] = b"ACK\n";

/// One connection of a peer: lines go out in order, and the n-th ACK is for the n-th of them.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// Number of the first line sent over it, and of the next one.
    pub(super) first: usize,
    pub(super) next: usize,
    unsent: VecDeque<u8>,
    /// Bytes still to be given to the network until the end of each line that is on its way there.
    ends: VecDeque<usize>,
    whole: usize,
    ack_bytes: usize,
    /// It is half closed: it only waits for ACKs.
    half_closed: bool,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, first: usize) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            first,
            next: first,
            unsent: VecDeque::new(),
            ends: VecDeque::new(),
            whole: first,
            ack_bytes: 0,
            half_closed: false,
        })
    }

    /// True when another line may be queued.
    pub(super) fn has_room(&self) -> bool {
        self.unsent.len() < 16 << 10 && !self.half_closed
    }

    /// Queues line [`Connection::next`].
    pub(super) fn queue(&mut self, line: &str) {
        self.unsent.extend(line.as_bytes());
        self.unsent.push_back(b'\n');
        self.ends.push_back(self.unsent.len());
        self.next += 1;
    }

    /// Sends what the network takes, and tells each line that went out whole.
    pub(super) fn send(&mut self, mut went: impl FnMut(usize)) -> io::Result<bool> {
        let mut any = false;
        while !self.unsent.is_empty() {
            match self.stream.write(self.unsent.as_slices().0) {
                Ok(taken) => {
                    any = true;
                    self.unsent.drain(..taken);
                    for end in &mut self.ends {
                        *end = end.saturating_sub(taken);
                    }
                    while self.ends.front() == Some(&0) {
                        self.ends.pop_front();
                        went(self.whole);
                        self.whole += 1;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(any)
    }

    /// Reads ACKs. Returns the number below which all lines are acked.
    ///
    /// # Panics
    /// When something comes that is no ACK, or an ACK for a line that was not sent.
    pub(super) fn receive(&mut self, mut acked: impl FnMut(usize)) -> io::Result<()> {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    for &byte in &bytes[..read] {
                        assert_eq!(
                            byte,
                            ACK[self.ack_bytes % ACK.len()],
                            "the collector sent something else than ACKs"
                        );
                        self.ack_bytes += 1;
                    }
                    let lines = self.first + self.ack_bytes / ACK.len();
                    assert!(
                        lines <= self.whole,
                        "ACK for line {lines}, of which only {} were sent",
                        self.whole
                    );
                    acked(lines);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends the beginning of a line that will not be whole, if nothing is in front of it.
    pub(super) fn send_beginning(&mut self, of: &str, bytes: usize) {
        if self.unsent.is_empty() && !self.half_closed {
            // Whether it arrives makes no difference.
            let _ = self.stream.write(&of.as_bytes()[..bytes]);
        }
    }

    /// Sends no more.
    pub(super) fn half_close(&mut self) {
        self.half_closed = true;
        self.unsent.clear();
        self.ends.clear();
        // The other end may be gone already.
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
    }

    /// Makes its end a reset: what is on its way is thrown away.
    pub(super) fn reset(self) {
        let _ = socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }
}
