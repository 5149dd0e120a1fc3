//! The bytes on disk, and nothing else: three headers, each with how it is written and read. All numbers are
//! little-endian. The drawing is in the crate's documentation.

mod entry;
mod frame;
mod segment;

pub(crate) use entry::{EntryHeader, name_within_limit};
pub(crate) use frame::{CHECKSUM_COVERS_FROM, FRAME_MAGIC, FrameHeader};
pub(crate) use segment::{BadSegmentHeader, SegmentHeader, segment_base, segment_name};

/// Bytes in front of a segment's first frame.
pub const SEGMENT_HEADER_BYTES: usize = 64;
/// Bytes in front of a frame's entries.
pub const FRAME_HEADER_BYTES: usize = 56;
/// Bytes of an entry besides its two names and its payload.
pub const ENTRY_HEADER_BYTES: usize = 36;
/// The largest frame, its header included.
pub const FRAME_BYTES_MAX: usize = 16 << 20;
/// The smallest segment.
pub const SEGMENT_BYTES_MIN: u64 = 1 << 10;
/// The largest segment.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;
/// The longest source or peer name in an entry. A longer one is cut at a character's end.
pub const NAME_BYTES_MAX: usize = u8::MAX as usize;

/// What marks an address field that holds none. No address is ever this large.
pub(crate) const NO_ADDRESS: u64 = u64::MAX;

pub(crate) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    let mut field = [0; 4];
    field.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(field)
}

pub(crate) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    let mut field = [0; 8];
    field.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(field)
}

pub(crate) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

pub(crate) fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}
