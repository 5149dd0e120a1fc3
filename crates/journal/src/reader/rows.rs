//! The rows of one frame. Pure: bytes in, places of rows out. A frame with a good checksum may still hold
//! anything, so nothing is taken on trust.

use std::ops::Range;

use crate::EntryFlags;
use crate::format::{ENTRY_HEADER_BYTES, EntryHeader, FRAME_HEADER_BYTES, FrameHeader};

/// Goes through a frame's rows.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// Offset in the frame of the next entry.
    next: usize,
    entries_left: u32,
    entry: Option<Entry>,
}

/// The entry whose rows are being read. All places are offsets in the frame.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) header: EntryHeader,
    pub(crate) at: usize,
    /// Rows are read up to here.
    row_at: usize,
    end: usize,
    first: bool,
}

/// A row, or as much of it as is in this entry. Offsets are in the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its bytes, without the newline. With `continues`, the last ones.
    pub(crate) bytes: Range<usize>,
    /// Its last byte.
    pub(crate) last: usize,
    pub(crate) newline: bool,
    /// Its earlier bytes are where the entry's link says.
    pub(crate) continues: bool,
    pub(crate) split: bool,
    pub(crate) unterminated: bool,
    /// It is the first row that is read of its entry.
    pub(crate) first: bool,
}

/// The entry at this offset does not fit the frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
}

impl Rows {
    pub(crate) fn of(frame: &FrameHeader) -> Self {
        Self { next: FRAME_HEADER_BYTES, entries_left: frame.entries, entry: None }
    }

    /// No rows.
    pub(crate) fn none() -> Self {
        Self { next: FRAME_HEADER_BYTES, entries_left: 0, entry: None }
    }

    /// Leaves out the rows that have not been read.
    pub(crate) fn finish(&mut self) {
        *self = Self::none();
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.entries_left == 0 && self.entry.is_none()
    }

    /// The row that was read last, the first of its entry, is read again.
    pub(crate) fn again(&mut self) {
        if let Some(entry) = &mut self.entry {
            entry.row_at = entry.at + entry.header.head_bytes();
            entry.first = true;
        }
    }

    /// The entry of the row that was read last.
    pub(crate) fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// The next row of `frame`, which must be the same bytes at every call.
    #[inline]
    pub(crate) fn next(&mut self, frame: &[u8]) -> Result<Option<Row>, Malformed> {
        loop {
            if let Some(entry) = &mut self.entry
                && let Some(row) = entry.next_row(frame)
            {
                return Ok(Some(row));
            }
            if self.entries_left == 0 {
                self.entry = None;
                return Ok(None);
            }
            let entry = read_entry(frame, self.next)?;
            self.next = entry.end;
            self.entries_left -= 1;
            if self.entries_left == 0 && self.next != frame.len() {
                return Err(Malformed { at: self.next, what: "the frame goes on behind its last entry" });
            }
            self.entry = Some(entry);
        }
    }
}

impl Entry {
    #[inline]
    fn next_row(&mut self, frame: &[u8]) -> Option<Row> {
        let (start, first, flags) = (self.row_at, self.first, self.header.flags);
        if start > self.end {
            return None;
        }
        self.first = false;
        let continues = first && flags.contains(EntryFlags::CONTINUES);
        let after_split = first && flags.contains(EntryFlags::AFTER_SPLIT);
        if let Some(length) = memchr::memchr(b'\n', &frame[start..self.end]) {
            self.row_at = start + length + 1;
            return Some(Row {
                bytes: start..start + length,
                last: start + length,
                newline: true,
                continues,
                split: after_split,
                unterminated: false,
                first,
            });
        }
        self.row_at = self.end + 1;
        // Behind a newline, no bytes are no row: it would have the place of the one before.
        (flags.ends_with_row() && (first || start < self.end)).then(|| Row {
            bytes: start..self.end,
            last: self.end - 1,
            newline: false,
            continues,
            split: after_split || flags.contains(EntryFlags::SPLIT_END),
            unterminated: flags.contains(EntryFlags::UNTERMINATED),
            first,
        })
    }

    /// The names of its source and its peer.
    pub(crate) fn names<'a>(&self, frame: &'a [u8]) -> Result<(&'a str, &'a str), Malformed> {
        let source_at = self.at + ENTRY_HEADER_BYTES;
        let peer_at = source_at + usize::from(self.header.source_bytes);
        let payload_at = peer_at + usize::from(self.header.peer_bytes);
        let text = |range: Range<usize>| {
            str::from_utf8(&frame[range]).map_err(|_| Malformed { at: self.at, what: "a name is not UTF-8" })
        };
        Ok((text(source_at..peer_at)?, text(peer_at..payload_at)?))
    }
}

fn read_entry(frame: &[u8], at: usize) -> Result<Entry, Malformed> {
    let too_long = Malformed { at, what: "the entry goes on behind the end of its frame" };
    let Some(header) = frame.get(at..at + ENTRY_HEADER_BYTES).map(EntryHeader::read) else {
        return Err(too_long);
    };
    let end = at + header.bytes();
    if end > frame.len() {
        return Err(too_long);
    }
    Ok(Entry { header, at, row_at: at + header.head_bytes(), end, first: true })
}

#[cfg(test)]
mod tests {
    use record::Micros;

    use super::{FrameHeader, Malformed, Rows};
    use crate::batch::{Batch, EntryHead, Link};
    use crate::format::{FRAME_HEADER_BYTES, put_u32};
    use crate::{EntryFlags, entry_overhead};

    fn frame(payload: &[u8], flags: EntryFlags) -> Vec<u8> {
        let mut batch = Batch::new(1000);
        let link = flags.contains(EntryFlags::CONTINUES).then_some(Link::At(64));
        batch.begin(&EntryHead { conn: 1, received: Micros(2), link, source: "s", peer: "p" });
        batch.push(payload);
        batch.end(payload.iter().filter(|&&byte| byte == b'\n').count() as u32, flags);
        batch.resolve_links(0, |_| 0);
        batch.seal(1, 0, 0, 0, 0).to_vec()
    }

    /// Each row as its bytes, and `+` continues, `/` split, `?` unterminated, `|` no newline.
    fn rows(frame: &[u8]) -> Result<Vec<String>, Malformed> {
        let mut rows = Rows::of(&FrameHeader::read(frame, 0).unwrap());
        let mut read = Vec::new();
        while let Some(row) = rows.next(frame)? {
            let marks =
                [(row.continues, '+'), (row.split, '/'), (row.unterminated, '?'), (!row.newline, '|')];
            let text = String::from_utf8_lossy(&frame[row.bytes]).into_owned();
            read.push(
                marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark).collect::<String>() + &text,
            );
        }
        Ok(read)
    }

    #[test]
    fn rows_end_at_newlines_and_where_the_flags_say() {
        use EntryFlags as F;
        for (payload, flags, expected) in [
            (&b"a\nb\n"[..], F::NONE, &["a", "b"][..]),
            (b"\n\n", F::NONE, &["", ""]),
            (b"a\nb", F::OPEN, &["a"]),
            (b"ab", F::OPEN, &[]),
            (b"a\nb", F::UNTERMINATED, &["a", "?|b"]),
            (b"a\nb", F::SPLIT_END, &["a", "/|b"]),
            (b"a\nb\n", F::CONTINUES.with(F::AFTER_SPLIT), &["+/a", "b"]),
            (b"ab", F::AFTER_SPLIT.with(F::SPLIT_END), &["/|ab"]),
            (b"", F::CONTINUES.with(F::UNTERMINATED), &["+?|"]),
            (b"", F::CONTINUES.with(F::SPLIT_END), &["+/|"]),
            (b"a\n", F::UNTERMINATED, &["a"]),
            (b"", F::NONE, &[]),
        ] {
            assert_eq!(rows(&frame(payload, flags)).unwrap(), expected, "{payload:?} {flags:?}");
        }
    }

    #[test]
    fn entries_that_do_not_fit_are_refused() {
        let good = frame(b"a\n", EntryFlags::NONE);
        let mut longer = good.clone();
        put_u32(&mut longer, FRAME_HEADER_BYTES, 3);
        assert!(rows(&longer).is_err());
        let mut shorter = good.clone();
        put_u32(&mut shorter, FRAME_HEADER_BYTES, 1);
        assert!(rows(&shorter).is_err());
        let mut more = good.clone();
        put_u32(&mut more, 12, 2);
        assert!(rows(&more).is_err());
        assert_eq!(good.len(), FRAME_HEADER_BYTES + entry_overhead("s", "p") + 2);
    }

    proptest::proptest! {
        #[test]
        fn whatever_the_bytes_rows_lie_within_them(
            tail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            small in proptest::collection::vec(0..4u8, 0..40),
            entries in 0..6u32,
        ) {
            // Lengths of all sizes, and small ones, which lead further.
            let mut bytes = vec![0; FRAME_HEADER_BYTES];
            bytes.extend(small.iter().flat_map(|&byte| [byte, 0, 0, 0]));
            bytes.extend(tail);
            let mut rows = Rows { next: FRAME_HEADER_BYTES, entries_left: entries, entry: None };
            let mut last = 0;
            while let Ok(Some(row)) = rows.next(&bytes) {
                proptest::prop_assert!(row.bytes.end <= bytes.len() && row.last > last);
                last = row.last;
                let _ = rows.entry().unwrap().names(&bytes);
            }
        }
    }
}
