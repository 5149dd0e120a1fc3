use std::collections::BTreeMap;
use std::time::Duration;

use crate::Remote;

/// How a store works. [`Options::default`] suits one collector on two cores.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows in memory are written to parts when they take this many bytes. While they are being written, as many
    /// again may come; then [`crate::Store::append`] waits. At least one byte.
    pub memtable_bytes: usize,
    /// Rows are in memory for at most about so long before they are written to parts.
    pub flush_after: Duration,
    /// How parts are written from memory.
    pub write: part::WriteOptions,
    /// How merged parts are written: by default smaller, which takes four times as long for their texts. It is done when nothing
    /// else is to be done, and once or twice for each row.
    pub write_merged: part::WriteOptions,
    /// What is kept of the sources that have no entry of their own.
    pub retention: Retention,
    /// What is kept of some sources, in place of [`Options::retention`]; what an entry leaves open is as there. Rows
    /// of these sources get parts of their own, so that they can go without the others'.
    pub source_retention: BTreeMap<String, Retention>,
    /// The oldest parts go while the file system has fewer free bytes than this. 0: never. First the local copies of parts
    /// go that are on object storage; such parts are never dropped for the free disk.
    pub disk_free_min: u64,
    /// So many parts of one hour and of like size become one. At least 2.
    pub merge_parts: usize,
    /// Parts are merged up to this size, in bytes.
    pub part_bytes_max: u64,
    /// Parts are merged up to so many rows.
    pub part_rows_max: u64,
    /// Where parts are kept on object storage, if anywhere.
    pub remote: Option<Remote>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memtable_bytes: 32 << 20,
            flush_after: Duration::from_secs(60),
            write: part::WriteOptions::default(),
            write_merged: part::WriteOptions { zstd_level: 7, ..part::WriteOptions::default() },
            retention: Retention::default(),
            source_retention: BTreeMap::new(),
            disk_free_min: 0,
            merge_parts: 8,
            part_bytes_max: 1 << 30,
            part_rows_max: 8 << 20,
            remote: None,
        }
    }
}

/// How long and how much of it is kept. Both open: for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// A row may go when it was received longer ago than this. The time of receipt counts, not that of the event: a
    /// row that says it is from 1970 is kept as long as its neighbours.
    pub age: Option<Duration>,
    /// The oldest rows may go when all take more bytes in parts than this, be they on this disk or on object storage. In [`Options::retention`] it is for all
    /// sources together that have no such number of their own.
    pub bytes: Option<u64>,
}
