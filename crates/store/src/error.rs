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
    /// The prefix of object storage belongs to another store.
    #[error("`{url}` holds the parts of another store than `{}`: choose another prefix for this one, or read that one by its URL", dir.display())]
    Foreign {
        /// The prefix.
        url: String,
        /// The store's directory.
        dir: PathBuf,
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
    /// Object storage could not be read or written. The message names the object.
    #[error("could not {doing}: {source}")]
    Remote {
        /// What was tried.
        doing: &'static str,
        /// What it said, with the object's URL.
        source: io::Error,
    },
    /// Someone else writes to the prefix of object storage. Nothing more is uploaded until the store is opened again.
    #[error(
        "{who} writes to `{url}` as well, so nothing is uploaded: give each collector a prefix of its own and start this one again"
    )]
    Conflict {
        /// The prefix.
        url: String,
        /// Who it seems to be.
        who: &'static str,
    },
    /// Parts that are only on object storage are not where they should be.
    #[error(
        "`{url}` has no manifest of this store, and {parts} parts are not on this disk: copy there what is below `{before}`, or set the URL back to that"
    )]
    Moved {
        /// The prefix.
        url: String,
        /// Where it was.
        before: String,
        /// How many parts are neither here nor there.
        parts: u64,
    },
    /// There are parts on object storage, but no manifest says whose they are.
    #[error(
        "`{url}` holds {parts} parts that are not of this store, and no manifest: restore what is below `{url}/manifest`, or choose another prefix"
    )]
    NoRemoteManifest {
        /// The prefix.
        url: String,
        /// How many.
        parts: u64,
    },
    /// The store was told to stop, or is stopping.
    #[error("the store is stopping")]
    Stopping,
    /// A thread was still busy when the time to stop was over.
    #[error("the store has not stopped in time: what is not in parts comes again from the journal")]
    Unfinished,
}

/// Why the rows of a prefix of object storage cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// Nothing is there.
    #[error("there is no store below `{url}`")]
    Empty {
        /// The prefix.
        url: String,
    },
    /// Its manifest could not be read. The message names it.
    #[error("could not read the newest manifest: {0}")]
    Io(#[from] io::Error),
}
