use record::Micros;

use super::{SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENT_HEADER_BYTES, get_u32, get_u64, put_u32, put_u64};

const MAGIC: [u8; 4] = *b"CMJS";
const VERSION: u32 = 1;
/// So far below the last number that sums of addresses and lengths never pass it.
const BASE_MAX: u64 = u64::MAX / 2;
const CHECKSUM: usize = SEGMENT_HEADER_BYTES - 4;

/// The head of a segment file. Written and synced before the segment's first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// How often the journal had been opened when this segment was begun.
    pub(crate) epoch: u32,
    /// A random number that every checksum in this segment starts from, so that neither the file's earlier
    /// content nor bytes made up by a peer can pass for a frame.
    pub(crate) salt: u32,
    /// Address of the file's first byte.
    pub(crate) base: u64,
    /// Length of the file.
    pub(crate) segment_bytes: u64,
    /// When this segment was begun.
    pub(crate) created: Micros,
    /// Where the frames of the segment before end; 0 when there never was one.
    pub(crate) prev_end: u64,
    /// No row of the segment before has a piece below this address.
    pub(crate) prev_oldest: u64,
    /// Lines in the segment before.
    pub(crate) prev_lines: u32,
}

/// Why the first bytes of a file are not a segment's header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadSegmentHeader {
    /// The magic number, the checksum or the base is wrong.
    Damaged(&'static str),
    /// It is a segment, of a format this program does not know.
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn write(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        put_u32(&mut bytes, 4, VERSION);
        put_u32(&mut bytes, 8, self.epoch);
        put_u32(&mut bytes, 12, self.salt);
        put_u64(&mut bytes, 16, self.base);
        put_u64(&mut bytes, 24, self.segment_bytes);
        put_u64(&mut bytes, 32, self.created.0);
        put_u64(&mut bytes, 40, self.prev_end);
        put_u64(&mut bytes, 48, self.prev_oldest);
        put_u32(&mut bytes, 56, self.prev_lines);
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM]);
        put_u32(&mut bytes, CHECKSUM, checksum);
        bytes
    }

    /// Reads the header of the segment that begins at `base`.
    pub(crate) fn read(bytes: &[u8], base: u64) -> Result<Self, BadSegmentHeader> {
        let Some(bytes) = bytes.get(..SEGMENT_HEADER_BYTES) else {
            return Err(BadSegmentHeader::Damaged("the file ends within the segment header"));
        };
        if bytes[..4] != MAGIC {
            return Err(BadSegmentHeader::Damaged("a segment header's magic number was expected"));
        }
        if get_u32(bytes, CHECKSUM) != crc32c::crc32c(&bytes[..CHECKSUM]) {
            return Err(BadSegmentHeader::Damaged("the segment header's checksum does not fit"));
        }
        let version = get_u32(bytes, 4);
        if version != VERSION {
            return Err(BadSegmentHeader::Version(version));
        }
        let header = Self {
            epoch: get_u32(bytes, 8),
            salt: get_u32(bytes, 12),
            base: get_u64(bytes, 16),
            segment_bytes: get_u64(bytes, 24),
            created: Micros(get_u64(bytes, 32)),
            prev_end: get_u64(bytes, 40),
            prev_oldest: get_u64(bytes, 48),
            prev_lines: get_u32(bytes, 56),
        };
        let sizes = SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX;
        if header.base != base || !sizes.contains(&header.segment_bytes) || header.prev_end > base {
            return Err(BadSegmentHeader::Damaged("the segment header is another segment's"));
        }
        Ok(header)
    }

    /// Address of the first frame.
    pub(crate) fn first(&self) -> u64 {
        self.base + SEGMENT_HEADER_BYTES as u64
    }

    /// Address behind the file, which is the next segment's base.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.segment_bytes
    }
}

/// The file name of the segment that begins at `base`.
pub(crate) fn segment_name(base: u64) -> String {
    format!("seg-{base:020}.cmj")
}

/// The base in a segment's file name, or `None` when it is not one.
pub(crate) fn segment_base(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("seg-")?.strip_suffix(".cmj")?;
    let base = digits.parse().ok().filter(|&base| base <= BASE_MAX)?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(base)
}

#[cfg(test)]
mod tests {
    use record::Micros;

    use super::{BadSegmentHeader, SegmentHeader, put_u32, segment_base, segment_name};

    fn header() -> SegmentHeader {
        SegmentHeader {
            epoch: 1,
            salt: 2,
            base: 8192,
            segment_bytes: 4096,
            created: Micros(3),
            prev_end: 8000,
            prev_oldest: 4,
            prev_lines: 5,
        }
    }

    #[test]
    fn what_is_written_is_read_and_every_flipped_bit_noticed() {
        let mut bytes = header().write();
        assert_eq!(SegmentHeader::read(&bytes, 8192), Ok(header()));
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(SegmentHeader::read(&bytes, 8192), Err(BadSegmentHeader::Damaged(_))));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(SegmentHeader::read(&bytes, 0).is_err(), "another segment's");
        assert!(SegmentHeader::read(&bytes[..63], 8192).is_err(), "cut short");
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        let mut bytes = header().write();
        put_u32(&mut bytes, 4, 2);
        let checksum = crc32c::crc32c(&bytes[..60]);
        put_u32(&mut bytes, 60, checksum);
        assert_eq!(SegmentHeader::read(&bytes, 8192), Err(BadSegmentHeader::Version(2)));
    }

    #[test]
    fn names_and_bases_belong_together() {
        assert_eq!(segment_name(8192), "seg-00000000000000008192.cmj");
        assert_eq!(segment_base(&segment_name(8192)), Some(8192));
        for other in [
            "seg-8192.cmj",
            "seg-0000000000000000819x.cmj",
            "spare-0",
            "seg-99999999999999999999.cmj",
            "seg-18446744073709551615.cmj",
        ] {
            assert_eq!(segment_base(other), None, "{other}");
        }
    }
}
