use std::fmt;
use std::io;
use std::sync::Arc;

/// Where the bytes of one part come from when its file is not on this disk.
///
/// What is read is checked like the bytes of a file, so it need not be trusted. It is read by many threads at once, and
/// may block them.
pub trait Remote: fmt::Debug + Send + Sync {
    /// Exactly `len` bytes from `at` on. The range is within the part's length.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when the bytes are gone for good, and [`io::ErrorKind::UnexpectedEof`] when there is
    /// another number of them than the part has: both are damage, see [`crate::ReadError::is_damage`]. Any other kind
    /// when they cannot be read now, for example because the other end cannot be reached.
    fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>>;
}

/// Where the bytes of a part are.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    File,
    /// In a file as long as there is one.
    FileOrRemote(Arc<dyn Remote>),
    Remote(Arc<dyn Remote>),
}
