//! The files of parts: the only module of this crate that touches the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::index::directory::BLOCK;
use crate::remote::{Origin, Remote};

/// A part's file while it is written. It keeps the checksums of what passes: of the whole, of each block, and of
/// the tail once that has begun.
pub(crate) struct Sink {
    file: File,
    written: u64,
    whole: u32,
    block: u32,
    blocks: Vec<u32>,
    tail: Option<(u64, u32)>,
}

impl Sink {
    /// A new file, or an emptied one.
    #[expect(clippy::disallowed_methods, reason = "this is the disk module")]
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        record::fault::point("part-create")?;
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        Ok(Self { file, written: 0, whole: 0, block: 0, blocks: Vec::new(), tail: None })
    }

    /// Begins the tail: what comes now is in no block, and has one checksum of its own. Gives those of the blocks.
    pub(crate) fn begin_tail(&mut self) -> Vec<u32> {
        if !self.written.is_multiple_of(BLOCK) {
            self.blocks.push(self.block);
        }
        self.tail = Some((self.written, 0));
        std::mem::take(&mut self.blocks)
    }

    /// Makes the file durable. Gives its length, its checksum, and where its tail begins with that one's checksum.
    pub(crate) fn sync(&mut self) -> io::Result<(u64, u32, (u64, u32))> {
        record::fault::point("part-sync")?;
        self.file.sync_all()?;
        Ok((self.written, self.whole, self.tail.unwrap_or_default()))
    }

    fn sum(&mut self, mut bytes: &[u8]) {
        self.whole = crc32c::crc32c_append(self.whole, bytes);
        if let Some((_, tail)) = &mut self.tail {
            *tail = crc32c::crc32c_append(*tail, bytes);
            self.written += bytes.len() as u64;
            return;
        }
        while !bytes.is_empty() {
            let room = (BLOCK - self.written % BLOCK) as usize;
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.block = crc32c::crc32c_append(self.block, now);
            self.written += now.len() as u64;
            if self.written.is_multiple_of(BLOCK) {
                self.blocks.push(std::mem::take(&mut self.block));
            }
            bytes = rest;
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        record::fault::point("part-write")?;
        let count = self.file.write(bytes)?;
        self.sum(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The bytes of a part while it is read.
#[derive(Debug)]
pub(crate) enum Source {
    File(File),
    Remote(Arc<dyn Remote>),
}

impl Source {
    /// The file at `path`, or what else `origin` allows.
    pub(crate) fn open(path: &Path, origin: &Origin) -> io::Result<Self> {
        match origin {
            Origin::File => open(path).map(Self::File),
            Origin::Remote(remote) => Ok(Self::Remote(Arc::clone(remote))),
            Origin::FileOrRemote(remote) => match open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Remote(Arc::clone(remote))),
                opened => opened.map(Self::File),
            },
        }
    }

    /// The length of a file. A remote says with each read when it has another length than it should.
    pub(crate) fn len(&self) -> io::Result<Option<u64>> {
        match self {
            Self::File(file) => Ok(Some(file.metadata()?.len())),
            Self::Remote(_) => Ok(None),
        }
    }

    /// Exactly these bytes.
    pub(crate) fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        record::fault::point("part-read")?;
        match self {
            Self::File(file) => {
                let mut bytes = vec![0; len];
                file.read_exact_at(&mut bytes, at)?;
                Ok(bytes)
            }
            Self::Remote(remote) => {
                let bytes = remote.read(at, len)?;
                let wrong = || io::Error::other(format!("{} bytes came instead of {len}", bytes.len()));
                if bytes.len() == len { Ok(bytes) } else { Err(wrong()) }
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the disk module")]
fn open(path: &Path) -> io::Result<File> {
    record::fault::point("part-open")?;
    File::open(path)
}

/// Removes what was written of a part that failed, so that a full disk gets its room back. That it may fail too does
/// not matter: whoever gave the path removes leftovers.
pub(crate) fn discard(path: &Path) {
    let _ = fs::remove_file(path);
}
