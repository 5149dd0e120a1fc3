//! The queryable table: rows in memory, parts on disk, and one manifest that says which parts count.
//!
//! ```text
//!            append              flush                  compaction
//! pipeline ─────────► memtable ─────────► parts (hour) ─────────► parts (day)
//!                        │                   │ retention ─► gone
//!                        └──── snapshot ◄────┘
//! ```
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | memory, rows | twice `memtable_bytes`, and one batch for each pipeline; while they are flushed, 24 bytes for each row and what [`part::write`] takes |
//! | memory, merging | what [`part::merge`] of 16 parts that overlap in time and [`part::write`] take |
//! | memory, parts | some hundred bytes for each part, and 64 MiB for the ends of open ones |
//! | parts of a flush | 17, and one for each source that has limits of its own |
//! | parts | a logarithmic number for each day; of those below 4 MiB a thousand for each class of limits |
//! | threads | `flush`, `compaction`, `retention` |
//!
//! # Directory
//!
//! ```text
//! manifest-<n>.cms                                    which parts count; the one with the highest number
//! logs/date=2026-11-22/hour=13/part-<id>.parquet      rows of an hour
//! logs/date=2026-11-22/hour=__HIVE_DEFAULT_PARTITION__/part-<id>.parquet       rows of a day
//! logs/date=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__/…       rows of many days
//! damaged/part-<id>.parquet                           parts that could not be read
//! lock                                                whose it is
//! *.tmp                                               what is being written
//! ```
//!
//! Hours and days are those of the event time, in UTC. Any reader of hive directories takes `logs` as it is; while the
//! store runs, it may meet the rows of a merge twice, or a file that is gone. Only the manifest says what counts:
//!
//! ```text
//! manifest  ┌ header 28 ┬ record ┬ record ┬ … ┐
//!
//! header    0 "CMSM"   4 format     8 number of the file
//!          16 bytes of records it began with     24 checksum of 0..24
//!
//! record    0 "CMSR"   4 bytes of payload        8 number of the record, from 0
//!          16 checksum of the payload           20 checksum of 0..20, starting from that of the file's number
//!          24 payload: a change, as JSON
//! ```
//!
//! Numbers are little-endian, checksums CRC-32C. A change names parts added (with [`part::Summary`]), removed and set
//! aside, and how far each pipeline is. The files of the parts it adds are written, synced, renamed, and their
//! directories synced, before it is appended and synced. Then it is visible, at once and as a whole. A manifest that has
//! grown is written anew under the next number.
//!
//! # Exactly once
//!
//! A row is in memory until the change that adds its part is durable, and the same change moves its pipeline's
//! checkpoint. What the pipeline gives again after a crash begins behind that. A snapshot is taken between two changes: a
//! row that moves from memory to a part, or from one part to another, is in it once. Files that no longer count are
//! removed when the last snapshot with their part is gone.
//!
//! # Recovery
//!
//! Opening reads the newest manifest up to its last whole record. What follows is what was being written, and is cut off,
//! unless a whole record comes behind it: then the manifest is damaged, is not opened, and the error says where. Files
//! that do not count are removed. Parts that are missing or cut off are *set aside*, as are those that a merge or a reader
//! finds damaged: the manifest says so, their files go to `damaged`, all other rows stay readable. When someone puts the
//! whole file back in its place, it counts again at the next opening.
//!
//! # Retention
//!
//! The oldest parts go: first those too old, then those beyond the bytes, then those that the free disk needs. Each
//! source is bounded by its own limits or the general ones, and a part goes when the limits of all its sources let it;
//! so sources with limits of their own get parts of their own when rows are flushed, and are not merged with others.
#![forbid(unsafe_code)]

mod catalog;
mod change;
mod compaction;
mod core;
mod disk;
mod error;
mod flush;
mod frame;
mod limits;
mod manifest;
mod memtable;
mod options;
mod place;
mod plan;
mod recovery;
mod retention;
mod service;
mod snapshot;
mod split;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod verify;

pub use error::{AppendError, OpenError, StoreError};
pub use options::{Options, Retention};
pub use snapshot::{Damaged, Snapshot};
pub use status::{Dropped, Service, Status};
pub use store::Store;
pub use verify::{Report, verify};
