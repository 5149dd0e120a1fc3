//! What is known of rows before they are read, as DataFusion wants it.

use arrow_schema::{DataType, Schema};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use part::{Summary, columns};

/// Of one part.
pub(crate) fn of_part(summary: &Summary, schema: &Schema) -> Statistics {
    let mut all = unknown(schema, summary.rows);
    set_times(&mut all, schema, columns::TIME, summary.time);
    set_times(&mut all, schema, columns::RECEIVED, summary.received);
    set_positions(&mut all, schema, summary.position);
    if let (Some((first, _)), Some((last, _))) =
        (summary.sources.first_key_value(), summary.sources.last_key_value())
    {
        let text = |value: &str| ScalarValue::Utf8View(Some(value.to_owned()));
        set(&mut all, schema, columns::SOURCE, text(first), text(last));
    }
    all
}

/// Of several parts together.
pub(crate) fn of_parts<'a>(
    summaries: impl Iterator<Item = &'a Summary> + Clone,
    schema: &Schema,
) -> Statistics {
    let mut all = unknown(schema, summaries.clone().map(|summary| summary.rows).sum());
    if let Some(time) = hull(summaries.clone().map(|summary| summary.time)) {
        set_times(&mut all, schema, columns::TIME, time);
    }
    if let Some(received) = hull(summaries.clone().map(|summary| summary.received)) {
        set_times(&mut all, schema, columns::RECEIVED, received);
    }
    if let Some(position) = hull(summaries.map(|summary| summary.position)) {
        set_positions(&mut all, schema, position);
    }
    all
}

/// Of some rows of a part: what decides if they can still matter for the first rows by time.
pub(crate) fn of_rows(rows: u64, time: (i64, i64), position: (u64, u64), schema: &Schema) -> Statistics {
    let mut all = unknown(schema, rows);
    set_times(&mut all, schema, columns::TIME, time);
    set_positions(&mut all, schema, position);
    all
}

fn hull<T: Ord + Copy>(ranges: impl Iterator<Item = (T, T)>) -> Option<(T, T)> {
    ranges.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
}

fn unknown(schema: &Schema, rows: u64) -> Statistics {
    let mut all = Statistics::new_unknown(schema);
    all.num_rows = Precision::Exact(usize::try_from(rows).unwrap_or(usize::MAX));
    all
}

fn set_times(all: &mut Statistics, schema: &Schema, name: &str, (from, to): (i64, i64)) {
    let zone = schema.field_with_name(name).ok().and_then(|field| match field.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    });
    let value = |micros| ScalarValue::TimestampMicrosecond(Some(micros), zone.clone());
    set(all, schema, name, value(from), value(to));
}

fn set_positions(all: &mut Statistics, schema: &Schema, (from, to): (u64, u64)) {
    let value = |position| ScalarValue::UInt64(Some(position));
    set(all, schema, columns::POSITION, value(from), value(to));
}

fn set(all: &mut Statistics, schema: &Schema, name: &str, from: ScalarValue, to: ScalarValue) {
    if let Ok(index) = schema.index_of(name) {
        all.column_statistics[index] = ColumnStatistics {
            null_count: Precision::Exact(0),
            min_value: Precision::Exact(from),
            max_value: Precision::Exact(to),
            ..ColumnStatistics::new_unknown()
        };
    }
}
