use std::collections::BTreeMap;
use std::time::Duration;

use record::{Position, Times};

use crate::Damaged;
use crate::limits::Reason;

/// How a store is at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Rows that are in no part yet.
    pub memory_rows: u64,
    /// The memory they take, in bytes.
    pub memory_bytes: u64,
    /// Parts.
    pub parts: u64,
    /// Rows in parts.
    pub part_rows: u64,
    /// The parts' bytes on disk.
    pub part_bytes: u64,
    /// Files that are no longer parts and wait for the last snapshot that holds them.
    pub waiting_files: u64,
    /// What each pipeline has given, up to where; visible to snapshots.
    pub appended: BTreeMap<String, Position>,
    /// What each pipeline need not give again.
    pub checkpoints: BTreeMap<String, Position>,
    /// Parts that could not be read and were set aside.
    pub damaged: Vec<Damaged>,
    /// Writing rows from memory to parts.
    pub flush: Service,
    /// Merging parts.
    pub compaction: Service,
    /// Dropping parts, and removing files.
    pub retention: Service,
    /// Putting parts on object storage, and removing them there.
    pub upload: Service,
    /// What is on object storage, when a prefix is configured.
    pub remote: Option<RemoteStatus>,
    /// What retention dropped because it was too old.
    pub dropped_by_age: Dropped,
    /// What retention dropped because there were too many bytes.
    pub dropped_by_bytes: Dropped,
    /// What retention dropped because the disk had too few free bytes.
    pub dropped_by_free_disk: Dropped,
}

/// How it is with the parts on object storage, as of the last look of the service that puts them there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteStatus {
    /// The prefix, without secrets.
    pub url: String,
    /// The number of the newest manifest there; 0 before there was any contact.
    pub manifest: u64,
    /// Parts that it lists.
    pub parts: u64,
    /// Parts of the table that are not there yet.
    pub waiting_parts: u64,
    /// Their bytes.
    pub waiting_bytes: u64,
    /// Since when parts are waiting, by [`record::clock::monotonic`].
    pub waiting_since: Option<Duration>,
    /// Bytes of whole parts that are there and on this disk.
    pub copy_bytes: u64,
    /// Bytes of the cached blocks of others.
    pub block_bytes: u64,
}

/// How one of the background services is. Counts are since the store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Changes it made to the table.
    pub done: u64,
    /// Bytes of the parts it wrote.
    pub bytes_written: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// How long those of its attempts took that changed the table or failed.
    pub took: Times,
    /// Why the last attempt failed, until one succeeds.
    pub trouble: Option<String>,
}

/// What was dropped since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Dropped {
    pub parts: u64,
    pub rows: u64,
    pub bytes: u64,
}

impl Status {
    pub(crate) fn dropped(&mut self, reason: Reason) -> &mut Dropped {
        match reason {
            Reason::Age => &mut self.dropped_by_age,
            Reason::Bytes => &mut self.dropped_by_bytes,
            Reason::FreeDisk => &mut self.dropped_by_free_disk,
        }
    }
}
