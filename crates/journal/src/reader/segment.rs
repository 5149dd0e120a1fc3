use std::io;
use std::sync::Arc;

use super::error::{Damage, ReadError, unreadable};
use crate::disk::{Disk, DiskFile};
use crate::format::{BadSegmentHeader, SEGMENT_HEADER_BYTES, SegmentHeader, segment_base, segment_name};

/// A segment's file, open to read. The writer may give the file to another segment at any time: what was read
/// is this segment's only if [`SegmentFile::is_current`] holds afterwards, or a checksum says so.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    pub(crate) header: SegmentHeader,
    pub(crate) file: Arc<dyn DiskFile>,
}

/// What became of opening a segment.
#[derive(Debug)]
pub(crate) enum Opened {
    Segment(SegmentFile),
    /// There is none, or its file was reused in this moment.
    Gone,
    Damaged(Damage),
}

impl SegmentFile {
    /// Opens the segment that begins at `base`.
    pub(crate) fn open(disk: &dyn Disk, base: u64) -> Result<Opened, ReadError> {
        let name = segment_name(base);
        let file = match disk.open_to_read(&name) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opened::Gone),
            Err(error) => return Err(unreadable(disk, &name)(error)),
        };
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let read = file.read_at(&mut bytes, 0).map_err(unreadable(disk, &name))?;
        match SegmentHeader::read(&bytes[..read], base) {
            Ok(header) => Ok(Opened::Segment(Self { header, file })),
            Err(BadSegmentHeader::Version(version)) => {
                Err(ReadError::Version { path: disk.path(&name).display().to_string(), version })
            }
            Err(BadSegmentHeader::Damaged(what)) => {
                // The name is taken away before the file gets another header.
                let gone = !bases(disk)?.contains(&base);
                let damage = || Damage { base, address: base, what: what.to_owned() };
                Ok(if gone { Opened::Gone } else { Opened::Damaged(damage()) })
            }
        }
    }

    /// Fills `buffer` from `address` on, as far as the file goes.
    pub(crate) fn read(&self, disk: &dyn Disk, buffer: &mut [u8], address: u64) -> Result<usize, ReadError> {
        let read = self.file.read_at(buffer, address - self.header.base);
        read.map_err(unreadable(disk, &segment_name(self.header.base)))
    }

    /// True while the file is this segment's.
    pub(crate) fn is_current(&self, disk: &dyn Disk) -> Result<bool, ReadError> {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let read = self.read(disk, &mut bytes, self.header.base)?;
        Ok(SegmentHeader::read(&bytes[..read], self.header.base).is_ok_and(|header| header == self.header))
    }

    /// True when `address` is in it.
    pub(crate) fn holds(&self, address: u64) -> bool {
        (self.header.base..self.header.end()).contains(&address)
    }
}

/// The bases of all segments, in order.
pub(crate) fn bases(disk: &dyn Disk) -> Result<Vec<u64>, ReadError> {
    let names = disk.list("").map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => ReadError::NoJournal(disk.path("").display().to_string()),
        _ => unreadable(disk, "")(error),
    })?;
    let mut bases: Vec<u64> = names.iter().filter_map(|name| segment_base(name)).collect();
    bases.sort_unstable();
    Ok(bases)
}
