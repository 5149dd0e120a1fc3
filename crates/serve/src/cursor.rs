//! Where the first unacked byte is, in a way that another run can find it again.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

/// Bytes at a file's beginning by which it is known again.
const HEAD_MAX: u64 = 256;

/// The first unacked byte of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) id: FileId,
    pub(crate) head: Head,
    /// Bytes of the file that are acked.
    pub(crate) offset: u64,
}

impl Cursor {
    /// Whether this is the file it was, and still has what was acked.
    pub(crate) fn is_in(&self, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        Ok(FileId::of(&metadata) == self.id && metadata.len() >= self.offset && self.head.is_of(file)?)
    }
}

/// What tells two files of one moment apart, whatever their names. The system may give the number of a deleted file
/// to a new one, which is why a cursor has the [`Head`] too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

impl FileId {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// The beginning of a file, as CRC-32C of its first `len` bytes, at most 256. It never changes while the file is
/// only appended to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) len: u32,
    pub(crate) crc: u32,
}

impl Head {
    /// The head of a file of which `size` bytes are there; `None` if they are not.
    pub(crate) fn of(file: &File, size: u64) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEAD_MAX as usize];
        let bytes = &mut bytes[..size.min(HEAD_MAX) as usize];
        match file.read_exact_at(bytes, 0) {
            Ok(()) => Ok(Some(Self { len: bytes.len() as u32, crc: crc32c::crc32c(bytes) })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn is_of(&self, file: &File) -> io::Result<bool> {
        Ok(Self::of(file, self.len.into())? == Some(*self))
    }

    /// Whether more of a file of `size` bytes could be in it.
    pub(crate) fn may_grow(&self, size: u64) -> bool {
        u64::from(self.len) < size.min(HEAD_MAX)
    }
}
