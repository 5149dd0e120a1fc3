//! The one durable queue: what event loops read is appended, synced, and only then acknowledged; readers take
//! it from there at their own pace.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | segment | 1 KiB to 1 GiB, 64 MiB by default |
//! | frame | one batch of one event loop, at most 16 MiB; 1 MiB by default |
//! | entry | as large as its frame; it costs 36 bytes and two names of at most 255 |
//! | row | whatever the writer makes; a reader joins up to 64 MiB unless told otherwise |
//! | address | 64 bits, never used twice: 500 years at 1 GB/s |
//! | memory, writing | `batches` × `batch_bytes` for each inlet, and at most a ninth of that for links; touched only as far as it is used |
//! | memory, reading | one frame and one row |
//! | memory, opening | 192 KiB, and 40 bytes for each segment |
//! | disk | `bytes_max`, spare files included |
//! | open files | the segment that is written, up to two spares, two for each reader |
//! | threads | `journal`, which alone writes, and `spares`, which fills files with zeros |
//!
//! # Bytes
//!
//! The journal is one space of addresses. The segment file `seg-<base>.cmj` (20 decimal digits) holds the
//! bytes from `base` on, so the offset in a file is the address minus the base. All numbers are
//! little-endian; checksums are CRC-32C.
//!
//! ```text
//! segment   ┌ header 64 ┬ frame ┬ frame ┬ … ┬ seal ┬ zeros, or bytes of an earlier use ┐
//!           base                                   frames end here                     base + length
//!
//! segment header  0 "CMJS"   4 format     8 epoch         12 salt
//!                16 base              24 length of the file
//!                32 created, µs       40 where the frames of the segment before end
//!                48 its oldest        56 its lines        60 checksum of 0..60
//!
//! frame header    0 "CMJF"   4 checksum of 8.., starting from the salt
//! 56 bytes        8 bytes of entries     12 entries       16 lines      20 epoch
//!                24 address           32 durable to
//!                40 received, µs      48 oldest
//!
//! entry header    0 bytes of payload      4 newlines in it
//! 36 bytes        8 connection        16 received, µs
//!                24 link              32 flags  33 bytes of source  34 bytes of peer  35 zero
//!                then the source's name, the peer's name, the payload
//!
//! cursors/NAME    0 "CMJC"   4 format     8 position      16 checksum of 0..16
//! ```
//!
//! An entry is a run of bytes of one connection, mostly many lines with their newlines in place: nothing is
//! copied or cut per line. Its [flags](EntryFlags) say how its first and last bytes belong to rows; the
//! *link* is the address of the entry with the earlier bytes of its first row. A row's
//! [position](record::Position) is the address of its last byte: of its newline, or of its entry's last byte
//! if it has none. *Epoch* counts how often the journal was opened. *Durable to* is what was synced when the
//! frame was written. *Oldest* is an address below which no row of the frame has a piece. A *seal mark* is a
//! frame without entries.
//!
//! # Writing
//!
//! ```text
//! event loop ── Inlet::submit ──► queue ──► Journal::step: write each batch, sync once ──► wake ──► Inlet::take_durable
//!                (never waits)                   │
//!            spares ── zero-filled file ────────►┘ when a segment is full
//! ```
//!
//! All batches that wait are written one behind the other, then synced together. A batch comes back when it
//! is durable. A segment's file has its full length, synced, before it is used, so a sync has no metadata to
//! write. A full segment is synced before the next one begins, and the next one's header and name are durable
//! before its first frame. About a second after the last commit, and at a stop, a seal mark is written and
//! synced.
//!
//! Without room, on disk or under `bytes_max`, the journal *stalls*: it keeps the batches, gives none back,
//! and tries again four times a second. After any other failed write or sync it has *failed*: what is on disk
//! is uncertain, no batch is reported durable ever again, and no sync is tried a second time. Opening the
//! journal again decides what is there.
//!
//! # Recycling
//!
//! A full segment goes when every cursor's checkpoint is past it, no unread row has a piece in it (*oldest*),
//! and no line that is unfinished or not durable yet goes back to it ([`Inlet::publish_open_floor`]). Without
//! any cursor nothing goes. At the cap, [`AtCap::DropOldest`] lets the oldest segment go all the same,
//! counted. Its file becomes a spare, under a new name, its bytes as they were. These can never pass for new
//! ones: their addresses belong to another segment, and the checksums start from another salt.
//!
//! # Recovery
//!
//! Opening reads the last segment, and the headers of the others. The first address without a good frame is
//! the end, and new frames begin there with a higher epoch, unless a good frame further on says that more was
//! durable: then the journal is damaged, does not open, and says where. It never drops silently what may have
//! been acked. One case looks the same as a torn commit: the very last one before a crash, damaged after it
//! was synced and before anything later, as a seal mark, was. Intact frames of an unclean stop are kept; they
//! are synced before the journal opens. After a *failed sync*, that is as good as the system's word within
//! one boot of the machine: it may show bytes that the disk never got. They were never acked.
//!
//! # Reading
//!
//! A [`Reader`] verifies frame by frame and hands out rows that borrow from its buffer. A row in pieces is
//! joined by following its links back. It works in the collector, up to what is durable, and in another
//! process beside it; a file that is used again under its feet is noticed by its header and by the checksums,
//! and counted. Damage is reported until it is skipped.
#![forbid(unsafe_code)]

mod batch;
mod committer;
mod cursors;
mod disk;
mod flags;
mod format;
mod handle;
mod inlet;
mod journal;
mod open_error;
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
pub use open_error::OpenError;
pub use options::{AtCap, Options, OptionsError};
pub use reader::{ReadError, Reader};
pub use recovery::Recovered;
pub use state::{State, Stats};
pub use writer::{StopError, Writer};
