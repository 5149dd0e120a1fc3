//! The socket that collectors dial.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use tracing::warn;

use crate::ServeError;

/// How long nothing is accepted after accepting failed, for example because there are no descriptors left.
const PAUSE: Duration = Duration::from_secs(1);

/// Accepts without waiting. What waits to be accepted is bounded by the system's backlog.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    paused_until: Duration,
}

impl Listener {
    pub(crate) fn bind(address: SocketAddr) -> Result<Self, ServeError> {
        let bind = || {
            let socket = TcpListener::bind(address)?;
            socket.set_nonblocking(true)?;
            Ok(Self { socket, paused_until: Duration::ZERO })
        };
        bind().map_err(|source| ServeError::Listen { address, source })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The next connection, if one waits.
    pub(crate) fn accept(&mut self, now: Duration) -> Option<(TcpStream, SocketAddr)> {
        while now >= self.paused_until {
            match self.socket.accept() {
                Ok(connection) => return Some(connection),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                // It died while it waited: the next one may not have.
                Err(error)
                    if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::Interrupted) => {}
                Err(error) => {
                    warn!(%error, "cannot accept a connection; tries again in a second");
                    self.paused_until = now + PAUSE;
                }
            }
        }
        None
    }

    /// What becomes readable when there is a connection; `None` while none would be accepted.
    pub(crate) fn descriptor(&self, now: Duration) -> Option<BorrowedFd<'_>> {
        (now >= self.paused_until).then(|| self.socket.as_fd())
    }
}
