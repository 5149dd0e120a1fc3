//! One Parquet file of the store: records become columns, columns a file, files one larger file, and pages of it rows
//! again, as few as a question needs.
//!
//! ```text
//! record::Batch ── Builder ──► RecordBatch ── sort ──► write ──► file ── Part::select ──► Part::scan ──► RecordBatch
//!                                                ▲                │
//!                                                └──── merge ◄────┘
//! ```
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | field columns | 200 of a batch or a part; further fields are JSON text in `extra` |
//! | page | 8192 rows, or fewer with 2 MiB of text; one row more text than that is a page of its own |
//! | row group | 65,536 rows, or fewer with 64 MiB as encoded |
//! | token filters | 15 % of the messages' bytes; a page whose tokens do not fit has none, and is never ruled out |
//! | grams | 2 % of the messages' bytes and 16 KiB for a row group, or none |
//! | frequent values | 100 of each text field, of at most 128 bytes |
//! | memory, writing | a row group as encoded and a page; with 24 bytes for each row while sorting |
//! | memory, merging | of each part at most three pages; 8 MiB that wait for the output |
//! | memory, reading | for each column a page; the ends of open parts, 64 MiB in all |
//! | open files | 256, and those of running scans |
//!
//! # Bytes
//!
//! A part is a Parquet file that any reader takes: sorted by `time`, then `position`, zstd, data pages of version 1, without an
//! embedded Arrow schema. Dictionaries for names and other columns of few values, `DELTA_BINARY_PACKED` for times and whole
//! numbers of many values, `PLAIN` for texts, `DELTA_LENGTH_BYTE_ARRAY` and Bloom filters for ids; which field is which is
//! decided by the first page. Between Parquet's own bytes lies the index, which other readers skip:
//!
//! ```text
//! row group ┬ row group's ┬ row group ┬ … ┬ directory ┬ page index ┬ footer with `catchment.index` =
//!           │ token       │           │   │           │            │ "version,offset,length,crc32c" of the directory
//!           │ filters and │           │   └ the tail: its checksum is in the summary
//!           │ grams       │           │
//! └ blocks of 16 KiB, each with its CRC-32C in the directory
//! ```
//!
//! The directory has the rows, times, positions, levels and sources of each page and the place of its token filter, the
//! places of the grams, the rows of each level in each minute, the frequent values of text fields, and the blocks' checksums. A
//! [`Summary`] vouches for the tail,
//! the tail for the blocks, and nothing is used unchecked: a damaged part gives an error, never other rows. So it does not
//! matter where the bytes come from: a part without a file is read from its [`Remote`], if it has one.
//!
//! All numbers of the directory are LEB128. A token filter is that of one page's different tokens, hashed by
//! [`search::token_hash`]: binary fuse or Bloom, whichever is smaller. Grams are which three bytes follow each other in the
//! messages of which page: what is no whole word is ruled out by them.

#![forbid(unsafe_code)]

mod builder;
pub mod columns;
mod disk;
mod error;
mod index;
mod merge;
mod needs;
mod read;
mod remote;
mod shape;
mod sort;
mod summary;
mod text;
mod typed;
mod weigh;
mod write;

pub use builder::Builder;
pub use columns::{FieldType, core_schema};
pub use error::{ReadError, WriteError};
pub use index::{Histogram, LevelCounts, NO_LEVEL, TopValues};
pub use merge::{Merge, merge};
pub use needs::{Needs, Selection};
pub use read::{Look, PageRows, Part, Scan};
pub use remote::Remote;
pub use shape::{adapt, field_counts, fold, limit_columns, unify};
pub use sort::{BATCH_ROWS, sort};
pub use summary::Summary;
pub use write::{WriteOptions, write};

#[cfg(test)]
mod tests;
