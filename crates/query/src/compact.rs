//! Rows that hold on to no more memory than they need.

use std::sync::Arc;

use arrow_array::types::ByteViewType;
use arrow_array::{Array, ArrayRef, GenericByteViewArray, RecordBatch};
use arrow_schema::{ArrowError, DataType};
use datafusion::arrow::array::AsArray;
use datafusion::arrow::buffer::Buffer;

/// Less than this is not worth a copy, in bytes.
const LEAST: usize = 16 << 10;

/// The same rows. The texts of a few rows point into the pages that they came from, all of which would be kept, and sent to whoever
/// asked: when that is more than twice what they have, they are copied.
pub(crate) fn compact(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns: Vec<Option<ArrayRef>> = batch.columns().iter().map(compacted).collect();
    if columns.iter().all(Option::is_none) {
        return Ok(batch);
    }
    let columns = columns.into_iter().zip(batch.columns());
    let columns = columns.map(|(new, old)| new.unwrap_or_else(|| Arc::clone(old))).collect();
    RecordBatch::try_new(batch.schema(), columns)
}

/// A copy of the column, if one is worth it.
fn compacted(column: &ArrayRef) -> Option<ArrayRef> {
    match column.data_type() {
        DataType::Utf8View => copied(column.as_string_view()),
        DataType::BinaryView => copied(column.as_binary_view()),
        _ => None,
    }
}

fn copied<T: ByteViewType>(column: &GenericByteViewArray<T>) -> Option<ArrayRef> {
    let held: usize = column.data_buffers().iter().map(Buffer::len).sum();
    let worth = held > LEAST + 2 * column.total_buffer_bytes_used();
    worth.then(|| Arc::new(column.gc()) as ArrayRef)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, RecordBatch, StringViewArray};
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::buffer::Buffer;

    use super::compact;

    #[test]
    fn a_few_rows_do_not_keep_what_they_came_from() {
        let texts =
            (0..5000).map(|n| (n % 3 > 0).then(|| format!("a text that is somewhat long, number {n}")));
        let column: ArrayRef = Arc::new(StringViewArray::from_iter(texts));
        let all = RecordBatch::try_from_iter([("text", Arc::clone(&column)), ("again", column)]).unwrap();
        let held = |batch: &RecordBatch| -> usize {
            let columns = batch.columns().iter().map(|column| column.as_string_view().data_buffers());
            columns.flatten().map(Buffer::len).sum()
        };
        let few = all.slice(77, 10);
        let compacted = compact(few.clone()).unwrap();
        assert_eq!(compacted, few);
        assert!(held(&few) > 100_000 && held(&compacted) < 1000, "{}", held(&compacted));
        assert_eq!(held(&compact(all.clone()).unwrap()), held(&all), "all of it is needed");
    }
}
