//! Which encoding suits which column.

use std::collections::HashSet;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::FieldType;
use crate::columns::{AT_POSITION, AT_TIME, EXTRA, MESSAGE, POSITION, RAW, RECEIVED, TIME, is_core};

/// A page as encoded has at most so many bytes, and so has a dictionary.
const PAGE_BYTES: usize = 1 << 20;

/// The values of an id have at most so many bytes.
const ID_BYTES: usize = 64;

/// How often a Bloom filter may be wrong.
const BLOOM_FPP: f64 = 0.01;

/// The way to write a part whose first page is `sample`.
pub(super) fn choose(
    sample: &RecordBatch,
    page_rows: usize,
    group_rows: usize,
    zstd_level: i32,
) -> WriterProperties {
    let level = ZstdLevel::try_new(zstd_level.clamp(1, 22)).unwrap_or_default();
    let ascending =
        |at: usize| SortingColumn { column_idx: at as i32, descending: false, nulls_first: false };
    let mut to = WriterProperties::builder()
        .set_created_by(concat!("catchment version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(None)
        .set_data_page_row_count_limit(page_rows)
        .set_write_batch_size(page_rows.min(1024))
        .set_data_page_size_limit(PAGE_BYTES)
        .set_dictionary_page_size_limit(PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(vec![ascending(AT_TIME), ascending(AT_POSITION)]));
    for name in [POSITION, TIME, RECEIVED] {
        to = plain(to, name, Encoding::DELTA_BINARY_PACKED);
    }
    for name in [MESSAGE, RAW, EXTRA] {
        to = plain(to, name, Encoding::DELTA_LENGTH_BYTE_ARRAY);
        // The least and the greatest text of a page say nothing.
        to = to.set_column_statistics_enabled(path(name), EnabledStatistics::None);
    }
    for (field, column) in sample.schema_ref().fields().iter().zip(sample.columns()) {
        if !is_core(field.name()) {
            to = choose_field(to, field.name(), column, group_rows);
        }
    }
    to.build()
}

fn choose_field(
    to: WriterPropertiesBuilder,
    name: &str,
    column: &ArrayRef,
    group_rows: usize,
) -> WriterPropertiesBuilder {
    let there = column.len() - column.null_count();
    let many = |distinct: usize| there >= 64 && distinct * 4 > there;
    match FieldType::of(column.data_type()) {
        Some(FieldType::Int) => {
            let values = column.as_primitive::<Int64Type>();
            let distinct = values.iter().flatten().collect::<HashSet<_>>().len();
            if many(distinct) { plain(to, name, Encoding::DELTA_BINARY_PACKED) } else { to }
        }
        Some(FieldType::Float) => {
            let values = column.as_primitive::<Float64Type>();
            let distinct = values.iter().flatten().map(f64::to_bits).collect::<HashSet<_>>().len();
            if many(distinct) { plain(to, name, Encoding::PLAIN) } else { to }
        }
        Some(FieldType::Time) => plain(to, name, Encoding::DELTA_BINARY_PACKED),
        Some(FieldType::String) => {
            let values = column.as_string_view();
            let distinct = values.iter().flatten().collect::<HashSet<_>>().len();
            if !many(distinct) {
                return to;
            }
            let to = plain(to, name, Encoding::DELTA_LENGTH_BYTE_ARRAY);
            if values.iter().flatten().all(is_id) {
                return to
                    .set_column_bloom_filter_fpp(path(name), BLOOM_FPP)
                    .set_column_bloom_filter_max_ndv(path(name), group_rows as u64);
            }
            to
        }
        Some(FieldType::Bool) | None => to,
    }
}

fn plain(to: WriterPropertiesBuilder, name: &str, encoding: Encoding) -> WriterPropertiesBuilder {
    to.set_column_dictionary_enabled(path(name), false).set_column_encoding(path(name), encoding)
}

/// One word, and short: what people look for as a whole.
fn is_id(value: &str) -> bool {
    value.len() <= ID_BYTES && !value.contains(char::is_whitespace)
}

/// A column's name may hold dots; it is one name all the same.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}
