//! Rows in the order of a part.

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{RecordBatch, TimestampMicrosecondArray, UInt64Array};
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::interleave::interleave_record_batch;

use crate::ReadError;
use crate::columns::{POSITION, TIME};
use crate::shape::fold;

/// The most rows of a batch that is handed out.
pub const BATCH_ROWS: usize = 8192;

/// What rows are sorted by: time, then position.
pub(crate) type Key = (i64, u64);

/// Brings the rows of all batches into `schema`, as [`fold`] does, and into the order of time, then
/// position. They come in batches of [`BATCH_ROWS`] and a last smaller one, which share the memory of the text with
/// the batches given; beside them it takes 24 bytes for each row.
///
/// # Errors
/// When a batch does not fit the schema.
pub fn sort(
    batches: &[RecordBatch],
    schema: &SchemaRef,
) -> Result<impl Iterator<Item = Result<RecordBatch, ReadError>> + use<>, ReadError> {
    let batches = batches.iter().map(|batch| fold(batch, schema)).collect::<Result<Vec<_>, ArrowError>>()?;
    let mut order: Vec<(Key, u32, u32)> = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
    for (which, batch) in batches.iter().enumerate() {
        let keys = Keys::of(batch)?;
        order.extend((0..batch.num_rows()).map(|row| (keys.get(row), which as u32, row as u32)));
    }
    if !order.is_sorted_by_key(|(key, _, _)| *key) {
        order.sort_unstable();
    }
    let places: Vec<(usize, usize)> =
        order.into_iter().map(|(_, which, row)| (which as usize, row as usize)).collect();
    let chunks = places.len().div_ceil(BATCH_ROWS);
    Ok((0..chunks).map(move |chunk| {
        let rows = &places[chunk * BATCH_ROWS..places.len().min((chunk + 1) * BATCH_ROWS)];
        take(&batches, rows)
    }))
}

/// The rows at these places, each a batch and a row in it. Neighbours of one batch are shared, not copied.
pub(crate) fn take(batches: &[RecordBatch], places: &[(usize, usize)]) -> Result<RecordBatch, ReadError> {
    if let (Some(&(which, first)), Some(&last)) = (places.first(), places.last()) {
        let run = places.iter().enumerate().all(|(nth, place)| *place == (which, first + nth));
        if run {
            return Ok(batches[which].slice(first, last.1 + 1 - first));
        }
    }
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    Ok(interleave_record_batch(&batches, places)?)
}

/// The sort keys of a batch's rows.
pub(crate) struct Keys<'a> {
    time: &'a TimestampMicrosecondArray,
    position: &'a UInt64Array,
}

impl<'a> Keys<'a> {
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let missing = || ArrowError::SchemaError(format!("columns `{TIME}` and `{POSITION}` are needed"));
        let time = batch.column_by_name(TIME).and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        let position = batch.column_by_name(POSITION).and_then(|c| c.as_primitive_opt::<UInt64Type>());
        Ok(Self { time: time.ok_or_else(missing)?, position: position.ok_or_else(missing)? })
    }

    pub(crate) fn get(&self, row: usize) -> Key {
        (self.time.value(row), self.position.value(row))
    }
}
