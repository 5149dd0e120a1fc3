use std::io;
use std::path::{Path, PathBuf};

/// Why a store cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another store has the directory open.
    #[error("the store in `{}` is {owner}: stop that process, or use another directory", dir.display())]
    Locked {
        /// The store's directory.
        dir: PathBuf,
        /// Who has it.
        owner: String,
    },
    /// A file cannot be read or written.
    #[error("could not {doing} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There are parts, but nothing says which of them count.
    #[error("`{}` holds parts but no manifest: restore `manifest-*.cms`, or move the directory away", dir.display())]
    NoManifest {
        /// The store's directory.
        dir: PathBuf,
    },
    /// A later version of the program wrote the manifest.
    #[error("`{}` has format {version}, and this program knows format 1: use the program that wrote it", path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        version: u32,
    },
    /// Bytes of the manifest that were durable are wrong or missing.
    #[error("`{}` is damaged at offset {offset}: {what}; restore it from a copy, or move the store away", path.display())]
    Damaged {
        /// The manifest.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// How that shows.
        what: String,
    },
}

impl OpenError {
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// Why rows were not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The store stops. What it has not flushed comes again from the journal.
    #[error("the store takes no more rows: it is stopping")]
    Stopped,
    /// The rows fit no columns.
    #[error("the rows do not fit their columns: {0}")]
    Shape(#[from] arrow_schema::ArrowError),
}

/// Why the store could not do what it was to do. Nothing is lost by it: rows that are in no part yet stay in memory
/// and, behind the checkpoint, in the journal, and the store tries again by itself.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A part could not be written.
    #[error(transparent)]
    Write(#[from] part::WriteError),
    /// Rows could not be read or shaped.
    #[error(transparent)]
    Read(#[from] part::ReadError),
    /// A file or directory of the store could not be changed.
    #[error("could not {doing} in `{}`: {source}", dir.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The store's directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The last attempt failed; another follows by itself.
    #[error("rows are not in parts yet: {0}")]
    Pending(String),
    /// The store was told to stop, or is stopping.
    #[error("the store is stopping")]
    Stopping,
    /// A thread was still busy when the time to stop was over.
    #[error("the store has not stopped in time: what is not in parts comes again from the journal")]
    Unfinished,
}
