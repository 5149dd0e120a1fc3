//! Which pages have a text somewhere in a column: a look at the bytes of a page before rows are made of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem::Finder;
use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use parquet::basic::Encoding;
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::serialized_reader::SerializedPageReader;

use super::opened::{Chunks, Opened};
use super::select::is_text;
use crate::columns::MESSAGE;
use crate::{Needs, ReadError};

/// When so many pages have been looked at, and more than half of them had the text, looking costs more than it spares.
const TRIED: u32 = 6;
/// Nearly every page has a shorter text.
const LENGTH_MIN: usize = 3;

/// Looks for a text in a column of a part.
///
/// What it owns: the text. What bounds it: of each page the encoded and the decoded bytes, one page at a time.
#[derive(Debug)]
pub struct Look {
    finder: Finder<'static>,
    /// The column's place.
    column: usize,
    /// Pages so far, and those that had it.
    looked: AtomicU32,
    found: AtomicU32,
}

impl Look {
    /// For the longest text that messages must hold, which is the rarest; without one for a value of a column that keeps each
    /// value by itself.
    pub(super) fn of(part: &Opened, needs: &Needs) -> Option<Self> {
        let longest = needs.contains.iter().max_by_key(|text| text.len()).map(|text| (MESSAGE, text));
        let values = needs.equals.iter().filter(|(column, _)| is_text(part, column));
        let values = values.map(|(column, value)| (column.as_str(), value));
        longest.into_iter().chain(values).find_map(|(column, text)| {
            let (column, _) = part.metadata.schema().column_with_name(column)?;
            let first = part.metadata.metadata().row_groups().first()?.column(column);
            let pays = first.dictionary_page_offset().is_none() && text.len() >= LENGTH_MIN;
            pays.then(|| Self::new(column, text))
        })
    }

    fn new(column: usize, text: &str) -> Self {
        let (looked, found) = (AtomicU32::new(0), AtomicU32::new(0));
        Self { finder: Finder::new(text.as_bytes()).into_owned(), column, looked, found }
    }

    /// True while pages mostly do not have it.
    fn pays(&self) -> bool {
        let (looked, found) = (self.looked.load(Ordering::Relaxed), self.found.load(Ordering::Relaxed));
        looked < TRIED || found <= looked / 2
    }

    /// What is left of `rows`, the rows of a row group, without the pages that do not have the text.
    pub(super) fn at(
        &self,
        opened: &Arc<Opened>,
        group: usize,
        rows: RowSelection,
    ) -> Result<RowSelection, ReadError> {
        let metadata = opened.metadata.metadata();
        let pages = metadata
            .offset_index()
            .and_then(|index| index.get(group)?.get(self.column))
            .map(|index| index.page_locations().clone());
        let row_group = metadata.row_group(group);
        let column = row_group.column(self.column);
        let pays = self.pays() && column.dictionary_page_offset().is_none();
        let (Some(pages), true) = (pages, pays) else { return Ok(rows) };
        let all = usize::try_from(row_group.num_rows()).unwrap_or_default();
        let firsts: Vec<usize> =
            pages.iter().map(|page| usize::try_from(page.first_row_index).unwrap_or(all).min(all)).collect();
        let wanted = touched(&rows, &firsts);
        let chunks = Chunks { opened: Arc::clone(opened), failed: Arc::new(Mutex::new(None)) };
        let failed = Arc::clone(&chunks.failed);
        let error = |error: ParquetError| {
            let own = failed.lock().unwrap_or_else(PoisonError::into_inner).take();
            own.unwrap_or_else(|| ReadError::damaged(&opened.path, error))
        };
        let mut reader =
            SerializedPageReader::new(Arc::new(chunks), column, all, Some(pages)).map_err(&error)?;
        let mut left = Vec::with_capacity(firsts.len());
        for (at, first) in firsts.iter().enumerate() {
            let row_count = firsts.get(at + 1).copied().unwrap_or(all).saturating_sub(*first);
            let has = if !wanted[at] || !self.pays() {
                reader.skip_next_page().map_err(&error)?;
                wanted[at]
            } else {
                let page = reader.get_next_page().map_err(&error)?;
                page.is_none_or(|page| self.is_in(&page))
            };
            left.push(RowSelector { row_count, skip: !has });
        }
        Ok(rows.intersection(&RowSelection::from(left)))
    }

    fn is_in(&self, page: &Page) -> bool {
        // In these a value's bytes lie together. What is found across two of them is one page read in vain.
        let whole = matches!(page.encoding(), Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::PLAIN);
        let has = !whole || self.finder.find(page.buffer()).is_some();
        self.looked.fetch_add(1, Ordering::Relaxed);
        self.found.fetch_add(u32::from(has), Ordering::Relaxed);
        has
    }
}

/// Which pages, by their first rows, have rows of a selection.
fn touched(rows: &RowSelection, firsts: &[usize]) -> Vec<bool> {
    let mut touched = vec![false; firsts.len()];
    let mut row = 0;
    for selector in rows.iter() {
        let end = row + selector.row_count;
        if !selector.skip && selector.row_count > 0 {
            let from = firsts.partition_point(|first| *first <= row).saturating_sub(1);
            let to = firsts.partition_point(|first| *first < end);
            touched[from..to].fill(true);
        }
        row = end;
    }
    touched
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::{RowSelection, RowSelector};

    use super::touched;

    #[test]
    fn pages_with_selected_rows_are_touched() {
        let selection = |parts: &[(usize, bool)]| {
            RowSelection::from(
                parts
                    .iter()
                    .map(|(row_count, skip)| RowSelector { row_count: *row_count, skip: *skip })
                    .collect::<Vec<_>>(),
            )
        };
        let firsts = [0, 10, 20, 30];
        for (rows, pages) in [
            (&[(40, false)][..], [true; 4]),
            (&[(40, true)], [false; 4]),
            (&[(9, true), (1, false), (30, true)], [true, false, false, false]),
            (&[(9, true), (2, false), (29, true)], [true, true, false, false]),
            (&[(10, true), (10, false), (20, true)], [false, true, false, false]),
            (&[(39, true), (1, false)], [false, false, false, true]),
        ] {
            assert_eq!(touched(&selection(rows), &firsts), pages, "{rows:?}");
        }
    }
}
