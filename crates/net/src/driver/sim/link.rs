use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read as _};
use std::net::SocketAddr;

/// One of the two ends of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    Dialler,
    Accepter,
}

/// A connection: two ends, and what is on its way to each.
pub(super) struct Link {
    pub(super) phase: Phase,
    ends: [End; 2],
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Dialling,
    Open,
    Failed(ErrorKind),
}

/// One end: what has come and was not read yet, and what its owner knows of it.
pub(super) struct End {
    pub(super) name: SocketAddr,
    pub(super) incoming: VecDeque<u8>,
    /// The other end sends no more.
    pub(super) ended: bool,
    /// The connection has broken.
    pub(super) reset: bool,
    /// Its socket exists. An accepting end's does from the moment it waits in the listener's queue.
    pub(super) alive: bool,
    pub(super) watch: Option<Watch>,
}

/// Who is told of news.
pub(super) struct Watch {
    pub(super) driver: usize,
    pub(super) token: usize,
    /// The reader has read all there was, so the next byte is news.
    pub(super) read_armed: bool,
    /// The writer was told that there is no room, so room is news.
    pub(super) write_armed: bool,
    /// It was told that the other end sends no more, and is not told again.
    pub(super) over_told: bool,
    /// It is in the driver's list.
    pub(super) listed: bool,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Dialler => Self::Accepter,
            Self::Accepter => Self::Dialler,
        }
    }
}

impl Link {
    pub(super) fn new(dialler: SocketAddr, accepter: SocketAddr) -> Self {
        let end = |name, alive| End {
            name,
            incoming: VecDeque::new(),
            ended: false,
            reset: false,
            alive,
            watch: None,
        };
        Self { phase: Phase::Dialling, ends: [end(dialler, true), end(accepter, false)] }
    }

    pub(super) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    /// Moves what has come, at most `most` bytes, into `buffer`.
    pub(super) fn read(&mut self, side: Side, buffer: &mut [u8], most: usize) -> io::Result<usize> {
        self.check_phase()?;
        let end = self.end(side);
        if end.incoming.is_empty() {
            return match (end.reset, end.ended) {
                (true, _) => Err(ErrorKind::ConnectionReset.into()),
                (_, true) => Ok(0),
                _ => Err(ErrorKind::WouldBlock.into()),
            };
        }
        let taken = most.min(buffer.len()).min(end.incoming.len());
        end.incoming.read(&mut buffer[..taken])
    }

    /// Moves at most `most` of `bytes` on their way to the other end.
    pub(super) fn write(
        &mut self,
        side: Side,
        bytes: &[u8],
        most: usize,
        buffer: usize,
    ) -> io::Result<usize> {
        self.check_phase()?;
        if self.end(side).reset || self.end(side.other()).ended {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if !self.end(side.other()).alive {
            // The bytes leave and nobody is there: the answer is a reset, which the next write finds.
            self.end(side).reset = true;
            return Ok(bytes.len());
        }
        let room = self.room(side, buffer);
        let taken = most.min(bytes.len()).min(room);
        if taken == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.end(side.other()).incoming.extend(&bytes[..taken]);
        Ok(taken)
    }

    /// How many bytes this end may write now.
    pub(super) fn room(&mut self, side: Side, buffer: usize) -> usize {
        buffer.saturating_sub(self.end(side.other()).incoming.len())
    }

    /// What the kernel would say of this end: readable, writable, and whether the other end sends no more.
    pub(super) fn readiness(&mut self, side: Side, buffer: usize) -> (bool, bool, bool) {
        match self.phase {
            Phase::Dialling => (false, false, false),
            Phase::Failed(_) => (true, true, true),
            Phase::Open => {
                let writable = self.room(side, buffer) > 0;
                let end = self.end(side);
                let over = end.ended || end.reset;
                (over || !end.incoming.is_empty(), writable || end.reset, over)
            }
        }
    }

    fn check_phase(&self) -> io::Result<()> {
        match self.phase {
            Phase::Open => Ok(()),
            Phase::Dialling => Err(ErrorKind::NotConnected.into()),
            Phase::Failed(kind) => Err(kind.into()),
        }
    }
}
