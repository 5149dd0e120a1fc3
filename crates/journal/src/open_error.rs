use std::io;

use crate::{CursorError, OptionsError};

/// Why a journal cannot be opened. Nothing was changed, apart from spare files.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An option is out of its bounds.
    #[error(transparent)]
    Options(#[from] OptionsError),
    /// Another journal has the directory open.
    #[error("the journal in `{dir}` is {owner}: stop that process, or use another directory")]
    Locked {
        /// The journal's directory.
        dir: String,
        /// Who has it.
        owner: String,
    },
    /// A file cannot be read or written.
    #[error("could not {doing} `{path}`: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room for a segment.
    #[error("{0}")]
    NoRoom(String),
    /// A later version of the program wrote the file.
    #[error("`{path}` has format {version}, and this program knows format 1: use the program that wrote it")]
    Version {
        /// The segment's file.
        path: String,
        /// Its format.
        version: u32,
    },
    /// Bytes that were durable are wrong or missing.
    #[error(
        "`{path}` is damaged at offset {offset} (address {address}): {expected}; move the journal away to keep it, or restore the file"
    )]
    Damaged {
        /// The segment's file.
        path: String,
        /// Where in the file.
        offset: u64,
        /// Where in the journal.
        address: u64,
        /// What should have been there.
        expected: String,
    },
    /// A cursor's checkpoint cannot be used.
    #[error(transparent)]
    Cursor(#[from] CursorError),
}
