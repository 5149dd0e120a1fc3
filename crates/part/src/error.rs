use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;

/// Why a part could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk said no.
    #[error("reading `{path}`: {source}", path = path.display())]
    Io {
        /// The part.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// Its bytes are not those that were written.
    #[error("`{path}` is damaged: {what}; restore it from a copy, or set it aside", path = path.display())]
    Damaged {
        /// The part.
        path: PathBuf,
        /// Where, and how that shows.
        what: String,
    },
    /// Rows could not be brought into another shape.
    #[error("rows do not fit their columns: {0}")]
    Shape(#[from] ArrowError),
}

impl ReadError {
    /// True when the bytes on disk are to blame, and no retry can help.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
            }
            Self::Shape(_) => false,
        }
    }

    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<Box<dyn std::error::Error>>) -> Self {
        Self::Damaged { path: path.to_owned(), what: what.into().to_string() }
    }
}

/// Why a part could not be written. What was written of it is removed again.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk said no; [`io::ErrorKind::StorageFull`] when it is full.
    #[error("writing `{path}`: {source}", path = path.display())]
    Io {
        /// The part.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The rows to write could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The rows did not come in the order of (time, position).
    #[error("rows for `{path}` are not sorted by time and position", path = path.display())]
    Unsorted {
        /// The part.
        path: PathBuf,
    },
    /// There were none.
    #[error("no rows for `{path}`", path = path.display())]
    Empty {
        /// The part.
        path: PathBuf,
    },
    /// The schema does not begin with the columns that every part has.
    #[error("the schema for `{path}` does not begin with the columns that every part has", path = path.display())]
    Schema {
        /// The part.
        path: PathBuf,
    },
    /// The rows could not be encoded.
    #[error("encoding `{path}`: {source}", path = path.display())]
    Encode {
        /// The part.
        path: PathBuf,
        /// What the encoder said.
        source: Arc<ParquetError>,
    },
}

impl WriteError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    /// What the Parquet writer says: mostly what the disk said to it.
    pub(crate) fn parquet(path: &Path, error: ParquetError) -> Self {
        match error {
            ParquetError::External(source) => match source.downcast::<io::Error>() {
                Ok(source) => Self::io(path, *source),
                Err(other) => Self::encode(path, ParquetError::External(other)),
            },
            other => Self::encode(path, other),
        }
    }

    fn encode(path: &Path, source: ParquetError) -> Self {
        Self::Encode { path: path.to_owned(), source: Arc::new(source) }
    }
}
