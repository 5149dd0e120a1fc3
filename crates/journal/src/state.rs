use std::time::Duration;

use record::{Sizes, Times};

/// How the journal is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Batches are committed as they come.
    Running,
    /// There is no room. Batches wait, none is lost, and it goes on by itself when there is room again.
    Stalled {
        /// What there is no room for, and where.
        reason: String,
    },
    /// A write or a sync failed. For ever: no batch becomes durable any more.
    Failed {
        /// What failed, and where.
        reason: String,
    },
}

/// What a journal has done since it was opened, and what it has on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Syncs that made batches durable.
    pub commits: u64,
    /// Batches made durable.
    pub batches: u64,
    /// Lines in them.
    pub lines: u64,
    /// Their bytes, headers included.
    pub bytes: u64,
    /// How large commits were: the bytes of what one sync made durable.
    pub commit_sizes: Sizes,
    /// How long syncs took.
    pub syncs: Times,
    /// The longest sync.
    pub sync_max: Duration,
    /// Segments on disk.
    pub segments: u64,
    /// Bytes of segments and spare files on disk.
    pub disk_bytes: u64,
    /// Address of the oldest byte on disk.
    pub oldest: u64,
    /// Lines that went with segments dropped at the cap.
    pub dropped_lines: u64,
    /// Bytes of frames that went with them.
    pub dropped_bytes: u64,
}
