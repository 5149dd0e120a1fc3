use std::sync::Arc;

use record::{Batch, Record};
use search::Query;

/// What a subscriber is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// Records that match, at least one.
    Records(Matches),
    /// So many records came and went before they were looked at; the subscriber is too slow. They may match or not.
    Skipped(u64),
    /// So many bytes of the journal are gone that would have been read.
    Missed(u64),
    /// The time is over, and nothing came that matches.
    Quiet,
    /// Nothing more comes.
    Closed,
}

/// Records that match, in a batch with others that do not.
#[derive(Clone, Debug)]
pub struct Matches {
    batch: Arc<Batch>,
    rows: Vec<u32>,
}

impl Matches {
    /// The records of `batch` that match, from the one at `first` on; `None` without any.
    pub(super) fn find(batch: &Arc<Batch>, first: usize, query: &Query) -> Option<Self> {
        let matching = |row: &u32| query.matches(batch.get(*row as usize));
        let rows: Vec<u32> = (first as u32..batch.len() as u32).filter(matching).collect();
        (!rows.is_empty()).then(|| Self { batch: Arc::clone(batch), rows })
    }

    /// The records, in the order of their positions.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.rows.iter().map(|row| self.batch.get(*row as usize))
    }

    /// How many. Never 0.
    #[expect(clippy::len_without_is_empty, reason = "it never is")]
    pub fn len(&self) -> usize {
        self.rows.len()
    }
}
