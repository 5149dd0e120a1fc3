//! The one durable queue.
#![forbid(unsafe_code)]

mod batch;
mod committer;
mod cursors;
mod disk;
pub mod fault;
mod flags;
mod format;
mod handle;
mod inlet;
mod journal;
mod options;
mod queue;
mod reader;
mod recovery;
mod scan;
mod segments;
mod spares;
mod state;
mod status;
mod trouble;
mod writer;

pub use batch::{Batch, EntryHead, Link, PENDING_BATCHES_MAX, entry_overhead};
pub use cursors::{Cursor, CursorError};
pub use disk::{Disk, DiskFile, RealDisk, SimDisk};
pub use flags::EntryFlags;
pub use format::{
    ENTRY_HEADER_BYTES, FRAME_BYTES_MAX, FRAME_HEADER_BYTES, NAME_BYTES_MAX, SEGMENT_BYTES_MAX,
    SEGMENT_BYTES_MIN, SEGMENT_HEADER_BYTES,
};
pub use handle::Handle;
pub use inlet::Inlet;
pub use journal::Journal;
pub use options::{AtCap, Options, OptionsError};
pub use reader::{ReadError, Reader};
pub use recovery::{OpenError, Recovered};
pub use state::{State, Stats};
pub use writer::{StopError, Writer};
