use record::Micros;

use super::{FRAME_BYTES_MAX, FRAME_HEADER_BYTES, get_u32, get_u64, put_u32, put_u64};

/// `CMJF` as it stands in the file. It is what [`crate::scan`] looks for.
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"CMJF";

/// The head of a frame: one batch of one inlet, or a seal mark when it has no entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) checksum: u32,
    pub(crate) payload_bytes: u32,
    pub(crate) entries: u32,
    pub(crate) lines: u32,
    /// How often the journal had been opened when this was written.
    pub(crate) epoch: u32,
    /// Where this frame stands.
    pub(crate) address: u64,
    /// Everything below was written and synced before this frame was written.
    pub(crate) durable_to: u64,
    /// The latest time of its entries.
    pub(crate) received: Micros,
    /// No row of this frame has a piece below this address.
    pub(crate) oldest: u64,
}

/// The checksum covers everything behind itself: the rest of the header and the payload.
pub(crate) const CHECKSUM_COVERS_FROM: usize = 8;

impl FrameHeader {
    /// Writes the header in front of the payload in `frame`, the whole frame, and seals both with a checksum.
    pub(crate) fn seal(mut self, frame: &mut [u8], salt: u32) {
        debug_assert_eq!(frame.len(), FRAME_HEADER_BYTES + self.payload_bytes as usize);
        frame[..4].copy_from_slice(&FRAME_MAGIC);
        put_u32(frame, 8, self.payload_bytes);
        put_u32(frame, 12, self.entries);
        put_u32(frame, 16, self.lines);
        put_u32(frame, 20, self.epoch);
        put_u64(frame, 24, self.address);
        put_u64(frame, 32, self.durable_to);
        put_u64(frame, 40, self.received.0);
        put_u64(frame, 48, self.oldest);
        self.checksum = crc32c::crc32c_append(salt, &frame[CHECKSUM_COVERS_FROM..]);
        put_u32(frame, 4, self.checksum);
    }

    /// Reads a header for a frame that stands at `address`, or `None` when there is none: not the magic
    /// number, another address, or a length that no frame has. The checksum is not looked at.
    pub(crate) fn read(bytes: &[u8], address: u64) -> Option<Self> {
        let header = bytes.get(..FRAME_HEADER_BYTES)?;
        let payload_bytes = get_u32(header, 8);
        let plausible = header[..4] == FRAME_MAGIC
            && get_u64(header, 24) == address
            && payload_bytes as usize <= FRAME_BYTES_MAX - FRAME_HEADER_BYTES;
        plausible.then(|| Self {
            checksum: get_u32(header, 4),
            payload_bytes,
            entries: get_u32(header, 12),
            lines: get_u32(header, 16),
            epoch: get_u32(header, 20),
            address,
            durable_to: get_u64(header, 32),
            received: Micros(get_u64(header, 40)),
            oldest: get_u64(header, 48),
        })
    }

    /// True when the checksum fits `frame`, the whole frame.
    pub(crate) fn fits(&self, frame: &[u8], salt: u32) -> bool {
        crc32c::crc32c_append(salt, &frame[CHECKSUM_COVERS_FROM..]) == self.checksum
    }

    /// Bytes of the whole frame.
    pub(crate) fn bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.payload_bytes as usize
    }

    /// The address behind the frame.
    pub(crate) fn end(&self) -> u64 {
        self.address + self.bytes() as u64
    }
}

#[cfg(test)]
mod tests {
    use record::Micros;

    use super::FrameHeader;

    fn header() -> FrameHeader {
        FrameHeader {
            checksum: 0,
            payload_bytes: 3,
            entries: 1,
            lines: 2,
            epoch: 3,
            address: 4,
            durable_to: 5,
            received: Micros(6),
            oldest: 7,
        }
    }

    #[test]
    fn what_is_sealed_is_read_and_fits() {
        let mut frame = vec![9; super::FRAME_HEADER_BYTES + 3];
        header().seal(&mut frame, 77);
        let read = FrameHeader::read(&frame, 4).unwrap();
        assert_eq!(FrameHeader { checksum: 0, ..read }, header());
        assert!(read.fits(&frame, 77));
        assert!(!read.fits(&frame, 78), "another segment's salt");
        assert!(FrameHeader::read(&frame, 5).is_none(), "another address");
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let mut frame = vec![9; super::FRAME_HEADER_BYTES + 3];
        header().seal(&mut frame, 77);
        for bit in 0..frame.len() * 8 {
            frame[bit / 8] ^= 1 << (bit % 8);
            let good = FrameHeader::read(&frame, 4)
                .is_some_and(|read| read.bytes() == frame.len() && read.fits(&frame, 77));
            assert!(!good, "bit {bit}");
            frame[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
