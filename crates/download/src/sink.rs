use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use crate::shared::Shared;

/// So much is given at once, in bytes.
const PIECE_BYTES: usize = 4096;

/// The way into the collector: text goes in as a peer would send it.
///
/// What it owns: one end of a socket. What bounds it: the socket, and the lines in flight; it waits for both. When the collector
/// is gone, writing fails. It ends when it is dropped.
pub(crate) struct Sink {
    stream: UnixStream,
    shared: Arc<Shared>,
    /// So many bytes that come next were given before.
    skip: u64,
}

impl Sink {
    pub(crate) fn new(stream: UnixStream, shared: Arc<Shared>) -> Self {
        Self { stream, shared, skip: 0 }
    }

    /// The text comes from its beginning once more: what was given of it is not given again.
    pub(crate) fn skip_given(&mut self) {
        self.skip = self.shared.lock().flight.given();
    }

    /// True when less came than was given before: it is not the same text.
    pub(crate) fn is_behind(&self) -> bool {
        self.skip > 0
    }

    /// Another text comes from its beginning. Waits until what was given is acked.
    pub(crate) fn begin_anew(&mut self) -> io::Result<()> {
        self.end_line()?;
        self.skip = 0;
        if !self.shared.wait(|state| state.flight.is_empty()) {
            return Err(gone());
        }
        self.shared.update(|state| state.flight.begin(0));
        Ok(())
    }

    /// Everything was given: an open line gets a newline, since only whole lines are acked.
    pub(crate) fn complete(&mut self) -> io::Result<()> {
        self.end_line()?;
        self.shared.update(|state| state.complete = true);
        self.stream.shutdown(std::net::Shutdown::Write)
    }

    fn end_line(&mut self) -> io::Result<()> {
        if self.shared.update(|state| state.flight.end_line()) {
            self.stream.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= skipped as u64;
        for piece in bytes[skipped..].chunks(PIECE_BYTES) {
            if !self.shared.wait(|state| !state.flight.is_full()) {
                return Err(gone());
            }
            // First, so that no ACK comes for what is not known.
            self.shared.update(|state| state.flight.give(piece));
            self.stream.write_all(piece)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gone() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}
