//! What to serve, where, and within which bounds.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::ServeError;

/// How [`crate::Server::bind`] is to serve. [`Options::new`] gives the defaults.
#[derive(Debug)]
pub struct Options {
    /// Where the lines come from.
    pub input: Input,
    /// The address to listen on; port 0 lets the system choose, see [`crate::Server::local_addr`].
    pub listen: SocketAddr,
    /// Where the checkpoint `serve.checkpoint` is kept, made if it is not there. Without it every run starts at the
    /// beginning of the file. Not used for a pipe, which cannot be read again.
    pub data_dir: Option<PathBuf>,
    /// Lines in flight: sent and not acked. At least 1; default 65,536, which take 8 bytes each.
    pub window: usize,
    /// Bytes in flight, at least 1; default 16 MiB. A line longer than this passes when no other is in flight.
    ///
    /// For a pipe it also bounds memory: up to this much plus 512 KiB is kept. One longer line may take more, but
    /// more than 64 MiB (or `window_bytes`, where that is more) ends the run with [`ServeError::LineTooLong`].
    pub window_bytes: usize,
    /// A collector that owes acks, and neither acks anything nor takes more bytes of the one line it is being sent,
    /// is given up after this time. Default 30 s.
    pub ack_timeout: Duration,
    /// End when the end of the file is reached and acked, instead of following it. A pipe is always served once.
    pub once: bool,
    /// What the collector answers for each line, at least one byte; default `ACK\n`.
    pub ack: Vec<u8>,
}

impl Options {
    /// Serves `input` on `listen`, following it, without checkpoint.
    pub fn new(input: Input, listen: SocketAddr) -> Self {
        Self {
            input,
            listen,
            data_dir: None,
            window: 65_536,
            window_bytes: 16 << 20,
            ack_timeout: Duration::from_secs(30),
            once: false,
            ack: b"ACK\n".to_vec(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ServeError> {
        let positive =
            [("window", self.window), ("window_bytes", self.window_bytes), ("ack", self.ack.len())];
        match positive.iter().find(|(_, value)| *value == 0) {
            Some((option, _)) => Err(ServeError::Zero { option }),
            None => Ok(()),
        }
    }
}

/// Where lines come from.
#[derive(Debug)]
pub enum Input {
    /// A regular file, followed by its path.
    File(PathBuf),
    /// Standard input, read to its end.
    Stdin,
    /// Any descriptor that can be read and polled, such as a pipe, read to its end.
    Pipe(OwnedFd),
}
