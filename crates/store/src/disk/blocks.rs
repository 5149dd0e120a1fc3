//! The files of cached blocks: 4 bytes of CRC-32C, then the bytes. Nothing is synced, and nothing needs to be.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::{TMP, open};

const CHECKSUM_BYTES: usize = 4;

/// A directory of blocks. Several processes may use it at once: a block is there as a whole or not at all.
#[derive(Debug)]
pub(crate) struct BlockFiles {
    dir: PathBuf,
    writes: AtomicU64,
}

impl BlockFiles {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), writes: AtomicU64::new(0) }
    }

    /// The names of the blocks there are, with the bytes they hold, the one written first first. What a crash left is
    /// removed.
    pub(crate) fn list(&self) -> io::Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for name in super::names_or_none(&self.dir)? {
            let path = self.dir.join(&name);
            if name.ends_with(TMP) {
                // Should another process be writing it, that one does without.
                let _ = fs::remove_file(&path);
                continue;
            }
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            found.push((written, name, metadata.len().saturating_sub(CHECKSUM_BYTES as u64)));
        }
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, name, bytes)| (name, bytes)).collect())
    }

    /// All bytes of a block, checked.
    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = fs::read(self.dir.join(name))?;
        let Some(checksum) = bytes.first_chunk::<CHECKSUM_BYTES>().copied() else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        bytes.drain(..CHECKSUM_BYTES);
        if crc32c::crc32c(&bytes) != u32::from_le_bytes(checksum) {
            return Err(io::Error::other("its checksum is wrong"));
        }
        Ok(bytes)
    }

    /// Some bytes of a block that was checked before.
    pub(crate) fn read_at(&self, name: &str, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        let file = open(OpenOptions::new().read(true), &self.dir.join(name))?;
        file.read_exact_at(&mut bytes, at + CHECKSUM_BYTES as u64)?;
        Ok(bytes)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        let tmp = self.dir.join(format!("{name}.{}.{write}{TMP}", std::process::id()));
        let written = (|| {
            let mut file = open(OpenOptions::new().write(true).create_new(true), &tmp)?;
            file.write_all(&crc32c::crc32c(bytes).to_le_bytes())?;
            file.write_all(bytes)?;
            fs::rename(&tmp, self.dir.join(name))
        })();
        if written.is_err() {
            let _ = fs::remove_file(&tmp);
        }
        written
    }

    /// Removes a block, if it is there.
    pub(crate) fn remove(&self, name: &str) {
        if let Err(error) = fs::remove_file(self.dir.join(name))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(%error, name, "a cached block stays until the next start");
        }
    }
}
