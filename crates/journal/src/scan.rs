//! Finding frames in a segment without trusting what stands before them.

use std::io;

use crate::disk::DiskFile;
use crate::format::{FRAME_HEADER_BYTES, FRAME_MAGIC, FrameHeader, SegmentHeader};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 64 << 10;
/// From here on the checksum covers a frame.
const COVERED_FROM: usize = crate::format::CHECKSUM_COVERS_FROM;

/// Looks at the frames of one segment, in memory of a fixed size however large they are.
pub(crate) struct Scan<'a> {
    file: &'a dyn DiskFile,
    segment: &'a SegmentHeader,
    chunk: Vec<u8>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(file: &'a dyn DiskFile, segment: &'a SegmentHeader) -> Self {
        Self { file, segment, chunk: vec![0; CHUNK_BYTES] }
    }

    /// The good frame at `address`: magic number, address and checksum fit, it ends within the segment, and
    /// its epoch is at least `epoch`.
    pub(crate) fn good_frame(&mut self, address: u64, epoch: u32) -> io::Result<Option<FrameHeader>> {
        let mut header = [0; FRAME_HEADER_BYTES];
        let read = self.file.read_at(&mut header, address - self.segment.base)?;
        match plausible(&header[..read], address, self.segment, epoch) {
            Some(frame) if self.fits(&frame, &header)? => Ok(Some(frame)),
            _ => Ok(None),
        }
    }

    /// True when a frame was begun at `address`, good or not.
    pub(crate) fn begins_frame(&mut self, address: u64) -> io::Result<bool> {
        let mut header = [0; FRAME_HEADER_BYTES];
        let read = self.file.read_at(&mut header, address - self.segment.base)?;
        Ok(plausible(&header[..read], address, self.segment, 0).is_some())
    }

    /// The first of `addresses`, which grow, that is in no good frame.
    pub(crate) fn first_not_good(&mut self, addresses: impl Iterator<Item = u64>) -> io::Result<Option<u64>> {
        let mut frame = self.segment.first()..self.segment.first();
        for address in addresses {
            let mut entered = false;
            while frame.end <= address {
                let mut header = [0; FRAME_HEADER_BYTES];
                let read = self.file.read_at(&mut header, frame.end - self.segment.base)?;
                let Some(next) = plausible(&header[..read], frame.end, self.segment, 0) else {
                    return Ok(Some(address));
                };
                frame = next.address..next.end();
                entered = true;
            }
            if entered && self.good_frame(frame.start, 0)?.is_none() {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// Calls `found` with each good frame at or behind `from`, wherever one begins, until it returns true.
    pub(crate) fn search(
        &mut self,
        from: u64,
        epoch: u32,
        mut found: impl FnMut(&FrameHeader) -> bool,
    ) -> io::Result<()> {
        let finder = memchr::memmem::Finder::new(&FRAME_MAGIC);
        let mut at = from;
        let mut chunk = vec![0; CHUNK_BYTES];
        while at + FRAME_HEADER_BYTES as u64 <= self.segment.end() {
            let read = self.file.read_at(&mut chunk, at - self.segment.base)?;
            if read < FRAME_HEADER_BYTES {
                return Ok(());
            }
            for place in finder.find_iter(&chunk[..read]) {
                let address = at + place as u64;
                // Cheap first: almost nothing that looks like a frame has the right address.
                let header = &chunk[place..read];
                let likely = header.len() < FRAME_HEADER_BYTES
                    || plausible(header, address, self.segment, epoch).is_some();
                if likely
                    && let Some(frame) = self.good_frame(address, epoch)?
                    && found(&frame)
                {
                    return Ok(());
                }
            }
            // A magic number may lie across the chunk's end.
            at += (read - (FRAME_MAGIC.len() - 1)) as u64;
        }
        Ok(())
    }

    fn fits(&mut self, frame: &FrameHeader, header: &[u8]) -> io::Result<bool> {
        let mut checksum = crc32c::crc32c_append(self.segment.salt, &header[COVERED_FROM..]);
        let mut at = frame.address + FRAME_HEADER_BYTES as u64;
        while at < frame.end() {
            let n = CHUNK_BYTES.min((frame.end() - at) as usize);
            if self.file.read_at(&mut self.chunk[..n], at - self.segment.base)? < n {
                return Ok(false);
            }
            checksum = crc32c::crc32c_append(checksum, &self.chunk[..n]);
            at += n as u64;
        }
        Ok(checksum == frame.checksum)
    }
}

/// A frame's header that could be good, apart from its checksum.
pub(crate) fn plausible(
    header: &[u8],
    address: u64,
    segment: &SegmentHeader,
    epoch: u32,
) -> Option<FrameHeader> {
    FrameHeader::read(header, address).filter(|frame| frame.end() <= segment.end() && frame.epoch >= epoch)
}

/// True when a frame of the segment at `base` seems to stand somewhere in a file whose segment header, and
/// with it the salt of the checksums, is lost: magic number and address fit.
pub(crate) fn seems_used(file: &dyn DiskFile, base: u64) -> io::Result<bool> {
    let finder = memchr::memmem::Finder::new(&FRAME_MAGIC);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut header = [0; FRAME_HEADER_BYTES];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut chunk, at)?;
        if read < FRAME_HEADER_BYTES {
            return Ok(false);
        }
        for place in finder.find_iter(&chunk[..read]) {
            let offset = at + place as u64;
            let header_read = file.read_at(&mut header, offset)?;
            if FrameHeader::read(&header[..header_read], base + offset).is_some() {
                return Ok(true);
            }
        }
        at += (read - (FRAME_MAGIC.len() - 1)) as u64;
    }
}
