use std::io;

use crate::disk::Disk;
use crate::format::segment_name;

/// Why the next row cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no journal in the directory.
    #[error("there is no journal in `{0}`")]
    NoJournal(String),
    /// A file cannot be read.
    #[error("could not read `{path}`: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A later version of the program wrote the file.
    #[error("`{path}` has format {version}, and this program knows format 1: use the program that wrote it")]
    Version {
        /// The segment's file.
        path: String,
        /// Its format.
        version: u32,
    },
    /// Durable bytes are wrong. [`crate::Reader::skip_damage`] goes on behind them.
    #[error("`{path}` is damaged at offset {offset} (address {address}): {what}")]
    Damaged {
        /// The segment's file.
        path: String,
        /// Where in the file.
        offset: u64,
        /// Where in the journal.
        address: u64,
        /// What is wrong there.
        what: String,
    },
}

/// Where durable bytes are wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) base: u64,
    pub(crate) address: u64,
    pub(crate) what: String,
}

impl Damage {
    pub(crate) fn into_error(self, disk: &dyn Disk) -> ReadError {
        let path = disk.path(&segment_name(self.base)).display().to_string();
        ReadError::Damaged { path, offset: self.address - self.base, address: self.address, what: self.what }
    }
}

pub(crate) fn unreadable(disk: &dyn Disk, name: &str) -> impl FnOnce(io::Error) -> ReadError {
    let path = disk.path(name).display().to_string();
    move |source| ReadError::Io { path, source }
}
