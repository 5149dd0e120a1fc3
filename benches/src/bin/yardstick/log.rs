//! The log: a few files, zero-filled before the first line and reused in turn. The one place that opens files.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::Path;

const FILES: usize = 4;
const FILE_BYTES: u64 = 64 << 20;

/// Owns its files and a place in one of them, and 256 MiB of disk; it never holds a byte back. After an error nothing
/// is known of the last append, and the caller must stop.
#[derive(Debug)]
pub(crate) struct Log {
    files: Vec<File>,
    current: usize,
    offset: u64,
}

impl Log {
    /// Makes `directory` and the files in it, full of zeros and synced: overwriting costs half of what growing does.
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let files =
            (0..FILES).map(|number| zeros(&directory.join(number.to_string()))).collect::<io::Result<_>>()?;
        Ok(Self { files, current: 0, offset: 0 })
    }

    /// Writes `bytes` (at most one file's size) at one place and syncs them.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.offset + bytes.len() as u64 > FILE_BYTES {
            self.current = (self.current + 1) % FILES;
            self.offset = 0;
        }
        let file = &self.files[self.current];
        file.write_all_at(bytes, self.offset)?;
        file.sync_data()?;
        self.offset += bytes.len() as u64;
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "this module is the yardstick's disk access")]
fn zeros(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    let zeros = vec![0; 1 << 20];
    for offset in (0..FILE_BYTES).step_by(zeros.len()) {
        file.write_all_at(&zeros, offset)?;
    }
    file.sync_all()?;
    Ok(file)
}

/// The addresses in the file at `path`, one `address:port` per line.
pub(crate) fn read_targets(path: &Path) -> io::Result<Vec<SocketAddr>> {
    let invalid =
        |line: &str| io::Error::new(io::ErrorKind::InvalidData, format!("`{line}` is not `address:port`"));
    fs::read_to_string(path)?.lines().map(|line| line.parse().map_err(|_| invalid(line))).collect()
}
