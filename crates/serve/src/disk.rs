//! The only place where this crate opens files.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Opens for reading.
#[expect(clippy::disallowed_methods, reason = "this is the disk module")]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Opens for reading and writing, made with `size` zero bytes and durable if it is not there.
#[expect(clippy::disallowed_methods, reason = "this is the disk module")]
pub(crate) fn open_or_make(path: &Path, size: u64) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    if file.metadata()?.len() < size {
        file.set_len(size)?;
        file.sync_all()?;
        if let Some(directory) = path.parent() {
            File::open(directory)?.sync_all()?;
        }
    }
    Ok(file)
}

/// Makes a directory and those above it, if they are not there.
pub(crate) fn make_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}
