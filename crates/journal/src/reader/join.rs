//! Putting a row together again whose pieces are in several entries.

use std::sync::Arc;

use super::error::{Damage, ReadError, unreadable};
use super::segment::{Opened, SegmentFile, bases};
use crate::EntryFlags;
use crate::disk::Disk;
use crate::format::{ENTRY_HEADER_BYTES, EntryHeader, segment_name};
use crate::scan::Scan;

/// Bytes read at a time while looking for a newline from an entry's end.
const BACK_BYTES: u64 = 4 << 10;

/// Owns the joined row, the list of its pieces, and one open segment besides the reader's. Bounded by the
/// longest row. After an error there is no row.
#[derive(Debug)]
pub(crate) struct Join {
    disk: Arc<dyn Disk>,
    row_bytes_max: usize,
    pieces: Vec<Piece>,
    row: Vec<u8>,
    other: Option<SegmentFile>,
}

/// What of a row is in one entry.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where its entry begins.
    entry: u64,
    address: u64,
    bytes: usize,
}

/// The last piece of a row, and where it is.
pub(crate) struct Tail<'a> {
    /// The verified frame it is in.
    pub(crate) frame: &'a [u8],
    pub(crate) frame_address: u64,
    /// The segment of the frame.
    pub(crate) segment: &'a SegmentFile,
    /// The entry it is in.
    pub(crate) entry: &'a EntryHeader,
    pub(crate) entry_address: u64,
    pub(crate) bytes: &'a [u8],
    /// Every frame from this address on was verified by the reader.
    pub(crate) verified_from: u64,
}

/// Why there is no row.
pub(crate) enum Broken {
    Damage(Damage),
    Error(ReadError),
    /// A piece is below the oldest segment.
    Gone,
}

impl From<ReadError> for Broken {
    fn from(error: ReadError) -> Self {
        Self::Error(error)
    }
}

impl Join {
    pub(crate) fn new(disk: Arc<dyn Disk>, row_bytes_max: usize) -> Self {
        Self { disk, row_bytes_max, pieces: Vec::new(), row: Vec::new(), other: None }
    }

    pub(crate) fn set_row_bytes_max(&mut self, bytes: usize) {
        self.row_bytes_max = bytes;
    }

    /// The row that was joined last.
    pub(crate) fn row(&self) -> &[u8] {
        &self.row
    }

    /// Joins the row. Returns false when its first pieces are no longer in the journal.
    pub(crate) fn join(&mut self, tail: &Tail<'_>) -> Result<bool, Broken> {
        // A file that was freed since the last row says nothing about this one.
        let other = match self.other.take() {
            Some(other) if other.is_current(&*self.disk)? => Some(other),
            _ => None,
        };
        let mut sources = Sources { disk: &self.disk, tail, tail_gone: false, other };
        let joined = loop {
            let found = find_pieces(&mut sources, self.row_bytes_max, &mut self.pieces);
            let joined = found.and_then(|whole| {
                verify_pieces(&mut sources, &self.pieces)?;
                copy_pieces(&mut sources, &self.pieces, &mut self.row)?;
                Ok(whole)
            });
            // What was read, good or bad, counts only if the files were still those segments' afterwards.
            // This ends: there are so many segments before this one, and each goes once.
            if sources.are_current()? && !matches!(joined, Err(Broken::Gone)) {
                break joined;
            }
        };
        self.other = sources.other;
        joined
    }
}

/// Follows the links back, newest piece first. Returns false when one leads below the oldest segment.
fn find_pieces(sources: &mut Sources<'_>, bytes_max: usize, pieces: &mut Vec<Piece>) -> Result<bool, Broken> {
    pieces.clear();
    let tail = sources.tail;
    let (mut from, mut link, mut bytes) = (tail.entry_address, tail.entry.link, tail.bytes.len());
    loop {
        if link.saturating_add(ENTRY_HEADER_BYTES as u64) > from {
            return Err(sources.damage(from, "the entry's link does not lead back"));
        }
        let mut header = [0; ENTRY_HEADER_BYTES];
        match sources.read(&mut header, link) {
            Err(Broken::Gone) => return Ok(false),
            read => read?,
        }
        let header = EntryHeader::read(&header);
        let end = link + header.bytes() as u64;
        if header.conn != tail.entry.conn || !header.flags.contains(EntryFlags::OPEN) || end > from {
            return Err(sources.damage(link, "a link leads here, to no open entry of its connection"));
        }
        let piece = last_piece(sources, &header, end, bytes_max)?;
        bytes += piece.bytes;
        if bytes > bytes_max {
            return Err(sources.damage(from, &format!("the row is longer than {bytes_max} bytes")));
        }
        pieces.push(piece);
        if header.lines > 0 || !header.flags.contains(EntryFlags::CONTINUES) {
            return Ok(true);
        }
        (from, link) = (link, header.link);
    }
}

/// The bytes behind the last newline of the entry that ends at `end`.
fn last_piece(
    sources: &mut Sources<'_>,
    header: &EntryHeader,
    end: u64,
    bytes_max: usize,
) -> Result<Piece, Broken> {
    let (entry, start) = (end - header.bytes() as u64, end - u64::from(header.payload_bytes));
    let mut buffer = [0; BACK_BYTES as usize];
    let mut at = end;
    while header.lines > 0 && at > start && end - at <= bytes_max as u64 {
        let n = BACK_BYTES.min(at - start);
        let buffer = &mut buffer[..n as usize];
        at -= n;
        sources.read(buffer, at)?;
        if let Some(newline) = memchr::memrchr(b'\n', buffer) {
            let address = at + newline as u64 + 1;
            return Ok(Piece { entry, address, bytes: (end - address) as usize });
        }
    }
    Ok(Piece { entry, address: start, bytes: header.payload_bytes as usize })
}

/// Checks the frames that the reader has not passed itself, because it began behind them or found damage
/// since.
fn verify_pieces(sources: &mut Sources<'_>, pieces: &[Piece]) -> Result<(), Broken> {
    let (disk, verified_from) = (Arc::clone(sources.disk), sources.tail.verified_from);
    let mut left = pieces.iter().rev().map(|piece| piece.entry).peekable();
    while let Some(&first) = left.peek()
        && first < verified_from
    {
        let segment = sources.segment(first)?;
        let name = segment_name(segment.header.base);
        let end = segment.header.end().min(verified_from);
        let here = std::iter::from_fn(|| left.next_if(|&entry| entry < end));
        let bad = Scan::new(&*segment.file, &segment.header).first_not_good(here);
        if let Some(bad) = bad.map_err(unreadable(&*disk, &name))? {
            return Err(sources.damage(bad, "an earlier piece of a row is in no good frame"));
        }
    }
    Ok(())
}

fn copy_pieces(sources: &mut Sources<'_>, pieces: &[Piece], row: &mut Vec<u8>) -> Result<(), Broken> {
    row.clear();
    for piece in pieces.iter().rev() {
        let at = row.len();
        row.resize(at + piece.bytes, 0);
        sources.read(&mut row[at..], piece.address)?;
    }
    row.extend_from_slice(sources.tail.bytes);
    Ok(())
}

/// Where pieces are read from: the frame in memory, its segment, and one other segment.
struct Sources<'a> {
    disk: &'a Arc<dyn Disk>,
    tail: &'a Tail<'a>,
    /// The file of the tail's segment is another segment's now.
    tail_gone: bool,
    other: Option<SegmentFile>,
}

impl Sources<'_> {
    fn read(&mut self, buffer: &mut [u8], address: u64) -> Result<(), Broken> {
        let tail = self.tail;
        let offset = address.checked_sub(tail.frame_address).and_then(|offset| usize::try_from(offset).ok());
        if let Some(offset) = offset
            && let Some(bytes) = tail.frame.get(offset..offset.saturating_add(buffer.len()))
        {
            buffer.copy_from_slice(bytes);
            return Ok(());
        }
        let disk = &**self.disk;
        if self.segment(address)?.read(disk, buffer, address)? < buffer.len() {
            return Err(self.damage(address, "the file ends here"));
        }
        Ok(())
    }

    /// The segment with `address`.
    fn segment(&mut self, address: u64) -> Result<&SegmentFile, Broken> {
        if self.tail.segment.holds(address) {
            return Some(self.tail.segment).filter(|_| !self.tail_gone).ok_or(Broken::Gone);
        }
        self.switch_to(address)?;
        self.other.as_ref().ok_or(Broken::Gone)
    }

    /// Opens the segment with `address` as the other one, if there is such a segment.
    fn switch_to(&mut self, address: u64) -> Result<(), Broken> {
        if self.other.as_ref().is_some_and(|other| other.holds(address)) {
            return Ok(());
        }
        if let Some(other) = self.other.take()
            && !other.is_current(&**self.disk)?
        {
            return Err(Broken::Gone);
        }
        loop {
            let Some(base) = bases(&**self.disk)?.into_iter().rev().find(|&base| base <= address) else {
                return Ok(());
            };
            match SegmentFile::open(&**self.disk, base)? {
                Opened::Segment(segment) => {
                    self.other = Some(segment).filter(|segment| segment.holds(address));
                    return Ok(());
                }
                Opened::Gone => {}
                Opened::Damaged(damage) => return Err(Broken::Damage(damage)),
            }
        }
    }

    /// True when both files are still those of their segments; else forgets the one that is not.
    fn are_current(&mut self) -> Result<bool, ReadError> {
        let tail_gone = !self.tail.segment.is_current(&**self.disk)?;
        let tail_moved = tail_gone && !self.tail_gone;
        self.tail_gone = tail_gone;
        let other_moved = match &self.other {
            Some(other) => !other.is_current(&**self.disk)?,
            None => false,
        };
        if other_moved {
            self.other = None;
        }
        Ok(!tail_moved && !other_moved)
    }

    fn damage(&self, address: u64, what: &str) -> Broken {
        let other = self.other.as_ref().filter(|other| other.holds(address));
        let base = other.unwrap_or(self.tail.segment).header.base;
        Broken::Damage(Damage { base, address, what: what.to_owned() })
    }
}
