use std::collections::BTreeMap;
use std::fmt;
use std::slice;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use record::Level;
use search::for_each_token_hash;

use super::select::stored_grams;
use super::{Opened, Part, Scan};
use crate::columns::{AT_MESSAGE, AT_RECEIVED, AT_SOURCE};
use crate::index::directory::Page;
use crate::index::filter::Filter;
use crate::index::grams::{StoredGrams, page_bit};
use crate::index::tokens::stored;
use crate::sort::{Key, Keys};
use crate::{BATCH_ROWS, Histogram, ReadError, Selection};

/// The bytes that are read at once for the checksum of the whole.
const READ: u64 = 1 << 20;

pub(super) fn verify(part: &Part) -> Result<(), ReadError> {
    // Opened anew: what is in memory was read before.
    let opened = Opened::new(part)?;
    check_whole(part, &opened)?;
    let opened = Arc::new(opened);
    let mut seen = Seen::none(part);
    for (group, pages) in opened.directory.row_groups.iter().enumerate() {
        let one = Selection { row_groups: vec![(group, all_rows(pages))], rows: 0 };
        let mut scan = Scan::new(Arc::clone(&opened), &part.schema, None, Some(&one), BATCH_ROWS).page_wise();
        let grams = stored_grams(&opened, group)?;
        let mut checker =
            PageChecker { opened: &opened, pages: pages.iter(), page: None, left: 0, grams, nth: 0, bit: 0 };
        scan.try_for_each(|batch| {
            let batch = batch?;
            seen.add(&batch)?;
            checker.add(&batch)
        })?;
    }
    seen.check(&opened)
}

fn all_rows(pages: &[Page]) -> RowSelection {
    let rows = pages.iter().map(|page| page.rows as usize).sum();
    vec![RowSelector::select(rows)].into()
}

/// The file's checksum, block by block.
fn check_whole(part: &Part, opened: &Opened) -> Result<(), ReadError> {
    let mut crc = 0;
    let data = part.summary.tail.0;
    for at in (0..data).step_by(READ as usize) {
        crc = crc32c::crc32c_append(crc, &opened.read(at..data.min(at + READ))?);
    }
    crc = crc32c::crc32c_append(crc, &opened.read(data..part.summary.bytes)?);
    same(part, "checksum", &crc, &part.summary.crc32c)
}

/// What the rows are.
struct Seen<'a> {
    part: &'a Part,
    last: Option<Key>,
    first: Option<Key>,
    rows: u64,
    received: (i64, i64),
    position: (u64, u64),
    sources: BTreeMap<String, u64>,
    histogram: Histogram,
}

impl<'a> Seen<'a> {
    fn none(part: &'a Part) -> Self {
        Self {
            part,
            last: None,
            first: None,
            rows: 0,
            received: (i64::MAX, i64::MIN),
            position: (u64::MAX, u64::MIN),
            sources: BTreeMap::new(),
            histogram: Histogram::new(),
        }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), ReadError> {
        let keys = Keys::of(batch)?;
        for key in (0..batch.num_rows()).map(|row| keys.get(row)) {
            if self.last > Some(key) {
                return Err(ReadError::damaged(
                    &self.part.path,
                    format!("the row at position {} is not sorted in", key.1),
                ));
            }
            self.first.get_or_insert(key);
            self.last = Some(key);
            self.position = (self.position.0.min(key.1), self.position.1.max(key.1));
        }
        for time in batch.column(AT_RECEIVED).as_primitive::<TimestampMicrosecondType>().values() {
            self.received = (self.received.0.min(*time), self.received.1.max(*time));
        }
        for source in batch.column(AT_SOURCE).as_string_view().iter().flatten() {
            match self.sources.get_mut(source) {
                Some(rows) => *rows += 1,
                None => drop(self.sources.insert(source.to_owned(), 1)),
            }
        }
        self.rows += batch.num_rows() as u64;
        self.histogram.count(batch);
        Ok(())
    }

    fn check(self, opened: &Opened) -> Result<(), ReadError> {
        let (part, says) = (self.part, &self.part.summary);
        let time = (self.first.unwrap_or_default().0, self.last.unwrap_or_default().0);
        let levels = Level::ALL.iter().map(|level| level.name().to_owned()).zip(self.histogram.total());
        let levels: BTreeMap<String, u64> = levels.filter(|(_, rows)| *rows > 0).collect();
        same(part, "number of rows", &self.rows, &says.rows)?;
        same(part, "range of times", &time, &says.time)?;
        same(part, "range of times of receipt", &self.received, &says.received)?;
        same(part, "range of positions", &self.position, &says.position)?;
        same(part, "rows of sources", &self.sources, &says.sources)?;
        same(part, "rows of levels", &levels, &says.levels)?;
        match &opened.directory.histogram {
            Some(histogram) => same(part, "histogram", &self.histogram, histogram),
            None => Ok(()),
        }
    }
}

fn same<T: PartialEq + fmt::Debug>(part: &Part, what: &str, is: &T, should: &T) -> Result<(), ReadError> {
    if is == should {
        return Ok(());
    }
    Err(ReadError::damaged(&part.path, format!("its {what} is {is:?} instead of {should:?}")))
}

/// Checks that the filter of each page knows the tokens of its rows, and the row group's grams their texts.
struct PageChecker<'a> {
    opened: &'a Opened,
    pages: slice::Iter<'a, Page>,
    page: Option<Bytes>,
    left: usize,
    grams: Option<StoredGrams>,
    /// How many pages have begun, and the bit of the last of them in the grams.
    nth: usize,
    bit: u8,
}

impl PageChecker<'_> {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ReadError> {
        let wrong = |what: &str| ReadError::damaged(&self.opened.path, what);
        for message in batch.column(AT_MESSAGE).as_string_view().iter() {
            if self.left == 0 {
                let page = self.pages.next().ok_or_else(|| wrong("a row is in no page of its index"))?;
                self.left = page.rows as usize;
                self.bit = page_bit(self.nth);
                self.nth += 1;
                let range = page.filter.map(|(at, len)| at..at + u64::from(len));
                self.page = range.map(|range| self.opened.read(range)).transpose()?;
            }
            self.left -= 1;
            let text = message.unwrap_or_default();
            if self.grams.as_ref().is_some_and(|grams| grams.pages(text) & self.bit == 0) {
                return Err(wrong("the grams of a row group do not know a text of it"));
            }
            let Some(bytes) = &self.page else { continue };
            let filter = Filter::parse(bytes).ok_or_else(|| wrong("a token filter cannot be understood"))?;
            let mut known = true;
            for_each_token_hash(text, |hash| known &= filter.may_hold(stored(hash)));
            if !known {
                return Err(wrong("a token filter does not know a token of its page"));
            }
        }
        Ok(())
    }
}
