use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat_batches;
use part::columns::FIELDS_MAX;

/// Neighbours become one batch up to so many rows and bytes: beyond, a batch costs next to nothing for each row.
const JOINED_ROWS: usize = 8192;
const JOINED_BYTES: usize = 1 << 20;

/// Rows in memory, in the order they came.
///
/// What it owns: batches that never change. What bounds it: its user asks [`Memtable::bytes`]. A batch that comes is
/// joined with the one before it while that is not twice as large, so that rows that come one by one are copied a
/// logarithmic number of times and lie in a logarithmic number of batches.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    batches: Vec<Sized>,
    bytes: usize,
    rows: usize,
}

#[derive(Debug)]
struct Sized {
    batch: RecordBatch,
    bytes: usize,
}

impl Memtable {
    pub(crate) fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        self.push_sized(batch);
        while let [.., one, other] = &self.batches[..]
            && may_join(one, other)
            && let Ok(joined) = join(&one.batch, &other.batch)
        {
            for gone in self.batches.drain(self.batches.len() - 2..) {
                self.bytes -= gone.bytes;
            }
            self.push_sized(joined);
        }
    }

    /// The memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn batches(&self) -> impl Iterator<Item = &RecordBatch> {
        self.batches.iter().map(|sized| &sized.batch)
    }

    fn push_sized(&mut self, batch: RecordBatch) {
        let bytes = batch.get_array_memory_size();
        self.bytes += bytes;
        self.batches.push(Sized { batch, bytes });
    }
}

fn may_join(one: &Sized, other: &Sized) -> bool {
    let (before, after) = (one.batch.num_rows(), other.batch.num_rows());
    before < 2 * after
        && before + after <= JOINED_ROWS
        && one.bytes.max(other.bytes) <= JOINED_BYTES
        && (one.batch.schema_ref() == other.batch.schema_ref()
            || one.batch.num_columns() + other.batch.num_columns() <= FIELDS_MAX)
}

/// The rows of both as one batch, in memory of its own.
fn join(one: &RecordBatch, other: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = if one.schema_ref() == other.schema_ref() {
        one.schema()
    } else {
        part::unify([&**one.schema_ref(), &**other.schema_ref()])
    };
    let both = [part::adapt(one, &schema)?, part::adapt(other, &schema)?];
    let joined = concat_batches(&schema, &both)?;
    let columns = joined.columns().iter().map(compact).collect();
    RecordBatch::try_new(schema, columns)
}

/// Text without what the arrays it came from have beside it.
fn compact(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => Arc::clone(column),
    }
}

#[cfg(test)]
mod tests {
    use super::Memtable;
    use crate::tests::rows::{batch_of, positions};

    #[test]
    fn rows_that_come_one_by_one_lie_in_few_batches() {
        let mut memtable = Memtable::default();
        for position in 1..=3000 {
            memtable.push(batch_of(&[(position, 7, "s")]));
        }
        assert_eq!(memtable.rows(), 3000);
        assert!(memtable.batches().count() <= 12, "{}", memtable.batches().count());
        assert!(memtable.bytes() < 3000 * 400, "{}", memtable.bytes());
        let all: Vec<u64> = memtable.batches().flat_map(positions).collect();
        assert_eq!(all, (1..=3000).collect::<Vec<_>>());
    }
}
