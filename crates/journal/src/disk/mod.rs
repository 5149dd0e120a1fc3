//! What the journal asks of a disk, with two answers: the real file system and a simulated one.

/// Files are filled, and frames padded, to a multiple of this: a page of memory on most machines, and of no smaller
/// unit that a disk writes.
pub(crate) const BLOCK_BYTES: usize = 4096;

mod real;
mod sim;
mod sim_file;

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use real::RealDisk;
pub use sim::SimDisk;

/// One directory of files, with at most one level of directories below it. Names are relative to it, with
/// `/`.
///
/// What was written is durable after [`DiskFile::sync`]; that a file exists under its name is durable after
/// [`Disk::sync_dir`]. Until then a crash may keep it or not.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Keeps every other process, and every other journal of this one, out until the guard is dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it is locked already, with the owner's process id in the message.
    fn lock(&self) -> io::Result<Box<dyn Send>>;

    /// Makes a file, empty, in place of one of this name.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// As [`Disk::create`], for a file that is filled now and read later: whole blocks are written to it, from memory at
    /// a multiple of 4096 bytes, and they need not stay in the system's memory.
    ///
    /// # Errors
    /// As [`Disk::create`].
    fn create_to_fill(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.create(name)
    }

    /// Opens a file to read and write.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] when there is none, and whatever else the system reports.
    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens a file to read.
    ///
    /// # Errors
    /// As [`Disk::open`].
    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file, in place of one of the new name.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// The names in a directory (`""` for the upper one), without those of directories, in no order.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;

    /// Makes a directory (`""` for the upper one, with all above it) unless there is one, durably.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn make_dir(&self, dir: &str) -> io::Result<()>;

    /// Makes what was created, renamed and removed in a directory (`""` for the upper one) durable.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;

    /// The path of a name, to be shown in messages.
    fn path(&self, name: &str) -> PathBuf;
}

/// An open file.
pub trait DiskFile: Debug + Send + Sync {
    /// Reads at an offset, as much as there is up to the buffer's length, and returns how much that was.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at an offset.
    ///
    /// # Errors
    /// Whatever the system reports; [`io::ErrorKind::StorageFull`] or [`io::ErrorKind::QuotaExceeded`]
    /// without room.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Makes what was written durable, with the file's length.
    ///
    /// # Errors
    /// Whatever the system reports. What had been written and not synced is then lost or not, and a later
    /// call that succeeds proves nothing about it.
    fn sync(&self) -> io::Result<()>;

    /// The system need not keep in memory what is on the disk. Nothing is lost by it, and nothing by ignoring it.
    fn evict(&self) {}

    /// The file's length in bytes.
    ///
    /// # Errors
    /// Whatever the system reports.
    fn len(&self) -> io::Result<u64>;

    /// True when the file has no bytes.
    ///
    /// # Errors
    /// As [`DiskFile::len`].
    fn is_empty(&self) -> io::Result<bool> {
        self.len().map(|len| len == 0)
    }
}

/// True when the error says that there is no room, which may pass.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
