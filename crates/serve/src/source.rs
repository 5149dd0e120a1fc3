//! What gives lines, and can give them again.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::ServeError;
use crate::cursor::Cursor;

/// An input whose bytes can be read again from the first one that is not acked.
pub(crate) trait Source {
    /// Looks after what is outside: whether the file was rotated. Called all the time, acts every 50 ms.
    fn look(&mut self, now: Duration) -> Result<(), ServeError>;

    /// Reads the next bytes into `buffer`, which is not empty, without waiting for any.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Got, ServeError>;

    /// So many of the oldest unacked bytes are acked: they will not be asked for again. They end with a line.
    fn acked(&mut self, bytes: u64);

    /// Goes back to the first byte that is not acked. Gives the number of bytes that cannot be read again.
    fn rewind(&mut self) -> u64;

    /// Where the first byte that is not acked is, for a later run; `None` if a later run cannot read it.
    fn cursor(&self) -> Option<Cursor>;

    /// What becomes readable when there is more to read; `None` if only looking helps.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;
}

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    /// So many bytes, at least one.
    Bytes(usize),
    /// Nothing now.
    Nothing,
    /// Nothing ever again.
    End,
}
