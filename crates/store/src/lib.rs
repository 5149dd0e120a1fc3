//! The queryable table: rows in memory, parts on disk, and one manifest that says which parts count.
//!
//! ```text
//!            append              flush                  compaction
//! pipeline ─────────► memtable ─────────► parts (hour) ─────────► parts (day)
//!                        │                   │ retention ─► gone
//!                        │                   │ upload ─► object storage
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
//! | memory, uploading | what [`Objects::put`] takes, a kilobyte for each part, and 8 MiB for each reader of blocks |
//! | disk, of what is on object storage | [`Remote::cache_bytes`], and what was written since the last upload |
//! | age of what is on object storage | about 15 seconds after a flush, and the time that it takes to put |
//! | parts of a flush | 17, and one for each source that has limits of its own |
//! | parts | a logarithmic number for each day; of those below 4 MiB a thousand for each class of limits |
//! | threads | `flush`, `compaction`, `retention`; with object storage `upload` |
//!
//! # Directory
//!
//! ```text
//! manifest-<n>.cms                                    which parts count; the one with the highest number
//! logs/date=2026-11-22/hour=13/part-<id>.parquet      rows of an hour
//! logs/date=2026-11-22/hour=__HIVE_DEFAULT_PARTITION__/part-<id>.parquet       rows of a day
//! logs/date=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__/…       rows of many days
//! damaged/part-<id>.parquet                           parts that could not be read
//! cache/                                              blocks of parts that are on object storage only
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
//! Numbers are little-endian, checksums CRC-32C. A change names parts added (with [`part::Summary`]), removed, set
//! aside and uploaded, and how far each pipeline is. The files of the parts it adds are written, synced, renamed, and their
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
//! # Object storage
//!
//! With [`Options::remote`], parts are kept below a prefix of object storage as well, in the same directories, for any
//! reader of them; and this disk need not have all of them.
//!
//! ```text
//! <prefix>/manifest/<20 digits>.json                                  which parts count; the one with the highest number
//! <prefix>/logs/date=2026-11-22/hour=13/part-<id>-<crc32c>.parquet    a part; the names of days and of many days as above
//! ```
//!
//! A pass of `upload` takes the table as it is at one instant, puts the parts that are not there, and then makes the next
//! manifest with a conditional put: `{"format":1, "store", "writer", "written", "checkpoints", "parts", "absent"}`, with all
//! parts, their keys and summaries. So each manifest is a whole state of the table, and never has less than the one before it.
//! (Parts that are older than the prefix come a few at a time; `absent` names those that are still to come.) Only after that
//! the store's own manifest says that these parts are uploaded. From then on their files are copies: the newest stay while
//! they take at most half of [`Remote::cache_bytes`], the others are removed; blocks that are read from parts without a file
//! take at most the other half. Merges read parts as queries do. Nothing here waits for the network but `upload`, a merge
//! of parts without files, and who reads them: when it cannot be reached, rows are taken, flushed and merged as ever.
//!
//! A prefix belongs to one store, whose random id is in each manifest. The first manifest, which lists nothing, takes
//! possession. Whoever finds the next number taken by somebody else stops uploading and says so, and overwrites nothing; the
//! name of a part has its checksum, so even two copies of one store do not overwrite each other's. A put of which no answer
//! came is recognised by the id of who wrote it.
//!
//! Objects and manifests that no longer count stay for [`Remote::linger`], for those who read them, then go; an object also waits
//! for the snapshots of this process that hold it. What a crash left is found when the service starts.
//!
//! What cannot be reached is an error of the reader, never damage. An object that is gone, has another length or wrong bytes
//! is damage, as long as there is a manifest: where there is none, it is the wrong place, or someone emptied it, and nothing
//! is given up. A copy that is damaged is removed, and its object is read. No file is uploaded unread: its checksum is
//! computed on the way, and a wrong one stops it.
//!
//! # Retention
//!
//! The oldest parts go: first those too old, then those beyond the bytes, then those that the free disk needs. Each
//! source is bounded by its own limits or the general ones, and a part goes when the limits of all its sources let it;
//! so sources with limits of their own get parts of their own when rows are flushed, and are not merged with others. Bytes
//! count wherever they are. For the free disk, blocks and copies go first, and no part goes that is on object storage.
#![forbid(unsafe_code)]

mod blocks;
mod catalog;
mod change;
mod compaction;
mod contact;
mod copies;
mod core;
mod disk;
mod error;
mod flush;
mod frame;
mod identity;
mod limits;
mod listing;
mod manifest;
mod memtable;
mod objects;
mod options;
mod place;
mod plan;
mod prefix;
mod put;
mod recovery;
mod retention;
mod service;
mod snapshot;
mod split;
mod status;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod upload;
mod verify;

pub use error::{AppendError, OpenError, RemoteError, StoreError};
pub use objects::{Object, Objects, Remote};
pub use options::{Options, Retention};
pub use snapshot::{Damaged, Snapshot};
pub use status::{Dropped, RemoteStatus, Service, Status};
pub use store::Store;
pub use verify::{Report, verify, verify_with};
