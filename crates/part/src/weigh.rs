//! How much text rows hold.

use arrow_array::cast::AsArray;
use arrow_array::types::ByteViewType;
use arrow_array::{Array, GenericByteViewArray, RecordBatch};
use arrow_schema::DataType;

/// What a row takes beside its text, in each column.
const VALUE_BYTES: usize = 8;

/// The bytes of each row: its text, and a little for each column.
pub(crate) fn row_bytes(batch: &RecordBatch) -> Vec<usize> {
    let mut rows = vec![VALUE_BYTES * batch.num_columns(); batch.num_rows()];
    for column in batch.columns() {
        match column.data_type() {
            DataType::Utf8View => add(&mut rows, column.as_string_view()),
            DataType::BinaryView => add(&mut rows, column.as_binary_view()),
            _ => {}
        }
    }
    rows
}

fn add<T: ByteViewType + ?Sized>(rows: &mut [usize], column: &GenericByteViewArray<T>) {
    // The low 32 bits of a view are its length; a null's are not to be trusted, and zero as all builders make them.
    rows.iter_mut().zip(column.views()).for_each(|(bytes, view)| *bytes += *view as u32 as usize);
}
