//! One immutable view of all rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use part::{Histogram, Part, ReadError};
use record::Position;

use crate::prefix::{Prefix, Shelf};
use crate::{OpenError, Remote, RemoteError, listing};

/// All rows at one instant: each exactly once, in memory or in a part, whatever is flushed, merged or dropped
/// meanwhile.
///
/// What it owns: shares of the memory of rows that are in no part yet, and the files of its parts, which stay until
/// the last one that holds them is gone. What bounds it: twice [`crate::Options::memtable_bytes`], and a few
/// hundred bytes for each part. It needs nobody: it outlives its store.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Rows that are in no part yet, in the order they came. Their schemas may differ.
    pub memory: Vec<RecordBatch>,
    /// The parts, those with the latest event times first.
    pub parts: Vec<Arc<Part>>,
    /// What each pipeline has given: everything of it up to here is in this view, or was dropped.
    pub checkpoints: BTreeMap<String, Position>,
    /// Parts whose rows are missing here.
    pub damaged: Vec<Damaged>,
}

/// A part that could not be read, and was set aside. Its rows are in no snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// Where its file is now, if there still is one.
    pub path: PathBuf,
    /// The rows it had.
    pub rows: u64,
    /// What is wrong with it.
    pub why: String,
}

impl Snapshot {
    /// What is in a store's directory, without a running collector: only what is in parts. Nothing is changed on disk.
    ///
    /// # Errors
    /// When the manifest cannot be read. A directory that does not exist is an empty store.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        crate::recovery::view(&Shelf::local(dir))
    }

    /// As [`Snapshot::open`], of a store that keeps parts on object storage. Without it, those that are not in the
    /// directory give an error when they are read.
    ///
    /// # Errors
    /// As [`Snapshot::open`]. Object storage is not asked.
    pub fn open_with(dir: &Path, remote: &Remote) -> Result<Self, OpenError> {
        let prefix = Some(Arc::new(Prefix::of_store(remote, dir)));
        crate::recovery::view(&Shelf { dir: dir.to_owned(), prefix })
    }

    /// What a store has put on object storage, without its directory: the rows of its newest manifest there. Blocks that
    /// were read are kept in `cache_dir`, which several processes may use.
    ///
    /// The parts stay readable for [`Remote::linger`] after the store has merged or dropped them.
    ///
    /// # Errors
    /// When there is no manifest, or it cannot be read.
    pub fn remote(remote: &Remote, cache_dir: &Path) -> Result<Self, RemoteError> {
        let objects = &remote.objects;
        let Some((_, listing)) = listing::newest(&**objects)? else {
            return Err(RemoteError::Empty { url: objects.url().to_owned() });
        };
        let prefix = Arc::new(Prefix::open(remote, cache_dir, remote.cache_bytes));
        let parts = listing.parts.iter().map(|listed| Arc::new(prefix.part(&listed.part))).collect();
        // As long as parts are missing it is not known what of each pipeline is here.
        let known = listing.checkpoints.into_iter().filter(|_| listing.absent.is_empty());
        let checkpoints = known.map(|(pipeline, position)| (pipeline, Position(position))).collect();
        Ok(Self { parts: newest_first(parts), checkpoints, ..Self::default() })
    }

    /// The schema that holds all rows, see [`part::unify`].
    pub fn schema(&self) -> SchemaRef {
        let parts: Vec<SchemaRef> = self.parts.iter().map(|part| part.schema()).collect();
        let memory = self.memory.iter().map(RecordBatch::schema_ref);
        part::unify(parts.iter().chain(memory).map(AsRef::as_ref))
    }

    /// How many rows of each level there are in each minute of event time; of those minutes that have any between
    /// `from` and `to`, both included, in microseconds since 1970. Parts without such rows are not opened.
    ///
    /// # Errors
    /// When a part cannot be read.
    pub fn histogram(&self, from: i64, to: i64) -> Result<Histogram, ReadError> {
        let mut all = Histogram::new();
        self.memory.iter().for_each(|batch| all.count(batch));
        for part in &self.parts {
            let (first, last) = part.summary().time;
            if first <= to && last >= from {
                all.add(&part.histogram()?);
            }
        }
        Ok(all)
    }

    /// This view without a part that turned out to be damaged.
    #[must_use]
    pub fn without(mut self, part: &Path, why: &str) -> Self {
        let gone = self.parts.extract_if(.., |there| there.path() == part);
        self.damaged.extend(gone.map(|part| Damaged {
            path: part.path().to_owned(),
            rows: part.summary().rows,
            why: why.to_owned(),
        }));
        self
    }

    /// This view with other rows in memory.
    #[must_use]
    pub fn with_memory(self, memory: Vec<RecordBatch>) -> Self {
        Self { memory, ..self }
    }
}

/// The parts with the latest event times first.
pub(crate) fn newest_first(mut parts: Vec<Arc<Part>>) -> Vec<Arc<Part>> {
    parts.sort_by_key(|part| std::cmp::Reverse((part.summary().time.1, part.summary().position.1)));
    parts
}
