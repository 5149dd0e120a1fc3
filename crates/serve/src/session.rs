//! One connection to a collector.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::Options;
use crate::acks::AckCounter;
use crate::pending::Pending;
use crate::window::Window;

/// Room for one read of acks.
const ACK_READ: usize = 64 << 10;

/// Reads of acks in one turn, so that a collector that sends without end does not keep the turn from ending.
const ACK_READS_MAX: usize = 16;

/// Serves one collector, a turn at a time, without ever waiting for it. Owns the socket, 64 KiB for acks and the
/// window. It is over when a turn says so, and is dropped then, which closes the connection.
pub(crate) struct Session {
    stream: TcpStream,
    pub(crate) peer: SocketAddr,
    acks: AckCounter,
    ack_bytes: Box<[u8]>,
    window: Window,
    ack_timeout: Duration,
    /// When the collector last did what it had to do, or had nothing to do.
    progress: Duration,
    /// All of the input was written and the write side is shut down.
    finished: bool,
    pub(crate) sent: u64,
    pub(crate) acked: u64,
}

/// What happened in a turn.
#[derive(Default)]
pub(crate) struct Turn {
    /// Lines that were wholly written.
    pub(crate) sent: u64,
    /// Lines that were acked, and their bytes.
    pub(crate) acked: u64,
    pub(crate) acked_bytes: u64,
    /// Another turn at once may do more.
    pub(crate) busy: bool,
    pub(crate) over: Option<Over>,
}

/// Why a session is over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Over {
    #[error("everything is sent and acked")]
    Complete,
    #[error("the collector closed the connection")]
    Closed,
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    #[error("no ack came in time")]
    AckTimeout,
    #[error("the collector sent something else than an ack")]
    WrongAck,
    #[error("the collector sent more acks than it got lines")]
    TooManyAcks,
}

impl Over {
    /// Whether the collector does not speak the protocol.
    pub(crate) fn is_protocol_error(&self) -> bool {
        matches!(self, Self::WrongAck | Self::TooManyAcks)
    }
}

impl Session {
    pub(crate) fn new(
        stream: TcpStream,
        peer: SocketAddr,
        options: &Options,
        now: Duration,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        // A collector whose machine is gone is noticed within a minute, also while there is nothing to send.
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(30))
            .with_interval(Duration::from_secs(10))
            .with_retries(3);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        Ok(Self {
            stream,
            peer,
            acks: AckCounter::new(&options.ack),
            ack_bytes: vec![0; ACK_READ].into(),
            window: Window::new(options.window, options.window_bytes),
            ack_timeout: options.ack_timeout,
            progress: now,
            finished: false,
            sent: 0,
            acked: 0,
        })
    }

    /// Takes acks, then writes what the window lets go. `ended` says that nothing comes after what is pending.
    pub(crate) fn turn(&mut self, pending: &mut Pending, ended: bool, now: Duration) -> Turn {
        let mut turn = Turn::default();
        self.read_acks(&mut turn);
        let owed_acks = self.window.owed() > 0;
        let mut wrote = false;
        if turn.over.is_none() {
            let partial = ended || pending.waits_long();
            pending.admit(self.window.admit(pending.waiting(), partial));
            wrote = self.write(pending, &mut turn);
        }
        if turn.over.is_none() && ended && pending.is_empty() {
            turn.over = self.finish();
        }
        // What a collector has to do is to ack, or to take the rest of the one line it is being sent.
        let nothing_to_do = self.window.owed() == 0 && pending.unwritten().is_empty();
        if nothing_to_do || turn.acked > 0 || (wrote && !owed_acks) {
            self.progress = now;
        }
        if now.saturating_sub(self.progress) >= self.ack_timeout {
            turn.over.get_or_insert(Over::AckTimeout);
        }
        self.sent += turn.sent;
        self.acked += turn.acked;
        turn
    }

    fn read_acks(&mut self, turn: &mut Turn) {
        for _ in 0..ACK_READS_MAX {
            match self.stream.read(&mut self.ack_bytes) {
                Ok(0) => turn.over = Some(if self.finished { Over::Complete } else { Over::Closed }),
                Ok(n) => self.take_acks(n, turn),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => turn.over = Some(Over::Broken(error)),
            }
            if turn.over.is_some() {
                return;
            }
        }
        turn.busy = true;
    }

    fn take_acks(&mut self, bytes: usize, turn: &mut Turn) {
        let counted = self.acks.count(&self.ack_bytes[..bytes]);
        // Acks beyond what was sent prove nothing, but those for what was sent hold.
        let acks = counted.acks.min(self.window.owed() as u64);
        if let Some(bytes) = self.window.ack(acks) {
            turn.acked += acks;
            turn.acked_bytes += bytes;
            turn.busy = true;
        }
        if counted.acks > acks {
            turn.over = Some(Over::TooManyAcks);
        } else if counted.wrong {
            turn.over = Some(Over::WrongAck);
        }
    }

    fn write(&mut self, pending: &mut Pending, turn: &mut Turn) -> bool {
        if pending.unwritten().is_empty() {
            return false;
        }
        match self.stream.write(pending.unwritten()) {
            Ok(n) => {
                pending.written(n);
                turn.sent += self.window.written(n) as u64;
                turn.busy = true;
                return n > 0;
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => {
                // Acks that came before it broke still hold.
                self.read_acks(turn);
                turn.over.get_or_insert(Over::Broken(error));
            }
        }
        false
    }

    /// Everything is written. Shuts down once nothing is in flight but a last line without newline, which the collector
    /// can take as complete only then.
    fn finish(&mut self) -> Option<Over> {
        if !self.finished {
            if self.window.lines() > 0 {
                return None;
            }
            // It fails only on a connection that is gone, which the next read tells.
            let _ = self.stream.shutdown(Shutdown::Write);
            self.window.end_open_line();
            self.finished = true;
        }
        (self.window.lines() == 0).then_some(Over::Complete)
    }

    /// Lines in flight.
    pub(crate) fn unacked(&self) -> u64 {
        self.window.lines() as u64
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
