//! Cuts row groups into stretches of pages, so that whoever wants few rows need not read a whole one.

use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use part::PageRows;

/// Pages that are read in one go.
#[derive(Debug, PartialEq)]
pub(crate) struct Stretch {
    /// Of the whole row group, the rows to read.
    pub(crate) selection: RowSelection,
    /// How many these are.
    pub(crate) rows: u64,
    /// The earliest and the latest time of the pages, in microseconds since 1970.
    pub(crate) time: (i64, i64),
    /// Their lowest and highest position.
    pub(crate) position: (u64, u64),
}

/// Cuts one row group after the other, each from its end unless the oldest rows come first. The first stretch is a page, and
/// each has as many as all before it, since what was not found by then is rare. None goes beyond its row group.
#[derive(Debug)]
pub(crate) struct Cut {
    oldest_first: bool,
    /// Pages so far.
    before: usize,
}

impl Cut {
    pub(crate) fn new(oldest_first: bool) -> Self {
        Self { oldest_first, before: 0 }
    }

    /// The stretches of a row group with these pages: all its rows, or those that are selected.
    pub(crate) fn row_group(&mut self, pages: &[PageRows], rows: Option<RowSelection>) -> Vec<Stretch> {
        let mut left = rows.unwrap_or_else(|| all(pages));
        let split: Vec<RowSelection> = pages.iter().map(|page| left.split_off(page.rows)).collect();
        let mut wanted: Vec<usize> = (0..pages.len()).filter(|at| split[*at].selects_any()).collect();
        if !self.oldest_first {
            wanted.reverse();
        }
        let mut stretches = Vec::new();
        let mut rest = wanted.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(self.before.max(1).min(rest.len()));
            self.before += now.len();
            rest = later;
            stretches.extend(Stretch::of(pages, &split, now));
        }
        stretches
    }
}

impl Stretch {
    /// All rows of a row group with these pages; nothing of one without rows.
    pub(crate) fn whole(pages: &[PageRows]) -> Option<Self> {
        let split: Vec<RowSelection> = pages.iter().map(|page| all(std::slice::from_ref(page))).collect();
        Self::of(pages, &split, &(0..pages.len()).collect::<Vec<_>>())
    }

    /// What is selected of these of the pages; `split` is the selection of each.
    fn of(pages: &[PageRows], split: &[RowSelection], these: &[usize]) -> Option<Self> {
        let selectors: Vec<RowSelector> = (0..pages.len())
            .flat_map(|at| match these.contains(&at) {
                true => split[at].iter().copied().collect(),
                false => vec![RowSelector::skip(pages[at].rows)],
            })
            .collect();
        let selection = RowSelection::from(selectors);
        let (first, last) = (&pages[*these.iter().min()?], &pages[*these.iter().max()?]);
        let positions = || these.iter().map(|at| pages[*at].position);
        Some(Self {
            rows: selection.row_count() as u64,
            selection,
            // Rows are sorted by time.
            time: (first.time.0, last.time.1),
            position: (positions().map(|it| it.0).min()?, positions().map(|it| it.1).max()?),
        })
    }
}

fn all(pages: &[PageRows]) -> RowSelection {
    vec![RowSelector::select(pages.iter().map(|page| page.rows).sum())].into()
}

#[cfg(test)]
mod tests {
    use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
    use part::PageRows;

    use super::Cut;

    /// Ten rows each, but for the last one.
    fn pages(count: usize) -> Vec<PageRows> {
        (0..count as i64)
            .map(|at| PageRows {
                rows: if at + 1 == count as i64 { 7 } else { 10 },
                time: (at * 100, at * 100 + 99),
                position: (1000 - at as u64, 2000 - at as u64),
            })
            .collect()
    }

    fn times(cut: &mut Cut, pages: &[PageRows], rows: Option<RowSelection>) -> Vec<(i64, i64, u64)> {
        let stretches = cut.row_group(pages, rows);
        stretches.iter().map(|it| (it.time.0 / 100, it.time.1 / 100, it.rows)).collect()
    }

    #[test]
    fn stretches_grow_from_the_end() {
        let mut cut = Cut::new(false);
        assert_eq!(times(&mut cut, &pages(6), None), [(5, 5, 7), (4, 4, 10), (2, 3, 20), (0, 1, 20)]);
        assert_eq!(times(&mut cut, &pages(9), None), [(3, 8, 57), (0, 2, 30)]);
        let mut cut = Cut::new(true);
        assert_eq!(times(&mut cut, &pages(6), None), [(0, 0, 10), (1, 1, 10), (2, 3, 20), (4, 5, 17)]);
    }

    #[test]
    fn only_selected_rows_are_in_one_stretch_each() {
        let rows = vec![
            RowSelector::skip(5),
            RowSelector::select(10),
            RowSelector::skip(31),
            RowSelector::select(11),
        ];
        for oldest_first in [false, true] {
            let rows = RowSelection::from(rows.clone());
            let stretches = Cut::new(oldest_first).row_group(&pages(6), Some(rows.clone()));
            assert_eq!(stretches.len(), 3);
            let all = stretches.iter().map(|it| it.selection.clone()).reduce(|one, other| one.union(&other));
            assert_eq!(all.unwrap(), rows, "none is lost");
            assert_eq!(stretches.iter().map(|it| it.rows).sum::<u64>(), 21, "none is twice");
            for it in stretches {
                assert_eq!(it.selection.iter().map(|it| it.row_count).sum::<usize>(), 57);
                assert!(it.position.0 <= it.position.1 && it.time.0 <= it.time.1);
            }
        }
        assert!(
            Cut::new(false)
                .row_group(&pages(6), Some(RowSelection::from(vec![RowSelector::skip(57)])))
                .is_empty()
        );
    }
}
