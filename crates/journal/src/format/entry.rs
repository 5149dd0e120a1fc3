use record::Micros;

use super::{ENTRY_HEADER_BYTES, NAME_BYTES_MAX, get_u32, get_u64, put_u32, put_u64};
use crate::EntryFlags;

/// The fixed part of an entry. The source's name, the peer's name and the payload follow it, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryHeader {
    pub(crate) payload_bytes: u32,
    pub(crate) lines: u32,
    pub(crate) conn: u64,
    pub(crate) received: Micros,
    /// Means something only with [`EntryFlags::CONTINUES`].
    pub(crate) link: u64,
    pub(crate) flags: EntryFlags,
    pub(crate) source_bytes: u8,
    pub(crate) peer_bytes: u8,
}

const LINES: usize = 4;
const LINK: usize = 24;
const FLAGS: usize = 32;

impl EntryHeader {
    #[inline]
    pub(crate) fn write(&self, to: &mut [u8]) {
        put_u32(to, 0, self.payload_bytes);
        put_u32(to, LINES, self.lines);
        put_u64(to, 8, self.conn);
        put_u64(to, 16, self.received.0);
        put_u64(to, LINK, self.link);
        to[FLAGS..ENTRY_HEADER_BYTES].copy_from_slice(&[
            self.flags.bits(),
            self.source_bytes,
            self.peer_bytes,
            0,
        ]);
    }

    /// Reads a header from the first [`ENTRY_HEADER_BYTES`] of `from`, which must be that long.
    #[inline]
    pub(crate) fn read(from: &[u8]) -> Self {
        Self {
            payload_bytes: get_u32(from, 0),
            lines: get_u32(from, LINES),
            conn: get_u64(from, 8),
            received: Micros(get_u64(from, 16)),
            link: get_u64(from, LINK),
            flags: EntryFlags::from_bits(from[FLAGS]),
            source_bytes: from[FLAGS + 1],
            peer_bytes: from[FLAGS + 2],
        }
    }

    /// Completes a header that was written when its entry began.
    #[inline]
    pub(crate) fn finish(to: &mut [u8], payload_bytes: u32, lines: u32, flags: EntryFlags) {
        put_u32(to, 0, payload_bytes);
        put_u32(to, LINES, lines);
        to[FLAGS] = flags.bits();
    }

    pub(crate) fn link(of: &[u8]) -> u64 {
        get_u64(of, LINK)
    }

    pub(crate) fn set_link(of: &mut [u8], link: u64) {
        put_u64(of, LINK, link);
    }

    /// Bytes from the start of the header to the start of the payload.
    pub(crate) fn head_bytes(&self) -> usize {
        ENTRY_HEADER_BYTES + usize::from(self.source_bytes) + usize::from(self.peer_bytes)
    }

    /// Bytes of the whole entry.
    pub(crate) fn bytes(&self) -> usize {
        self.head_bytes() + self.payload_bytes as usize
    }
}

/// The name, or as much of it as an entry has room for, cut at a character's end.
#[inline]
pub(crate) fn name_within_limit(name: &str) -> &str {
    if name.len() <= NAME_BYTES_MAX { name } else { &name[..name.floor_char_boundary(NAME_BYTES_MAX)] }
}

#[cfg(test)]
mod tests {
    use record::Micros;

    use super::{EntryHeader, name_within_limit};
    use crate::EntryFlags;

    #[test]
    fn what_is_written_is_read() {
        let header = EntryHeader {
            payload_bytes: 1,
            lines: 2,
            conn: 3,
            received: Micros(4),
            link: 5,
            flags: EntryFlags::CONTINUES.with(EntryFlags::OPEN),
            source_bytes: 6,
            peer_bytes: 7,
        };
        let mut bytes = [0; super::ENTRY_HEADER_BYTES];
        header.write(&mut bytes);
        assert_eq!(EntryHeader::read(&bytes), header);
        assert_eq!((header.head_bytes(), header.bytes()), (49, 50));
    }

    #[test]
    fn a_long_name_is_cut_between_characters() {
        let name = "\u{e9}".repeat(200);
        assert_eq!(name_within_limit(&name).len(), 254);
        assert_eq!(name_within_limit("short"), "short");
    }
}
