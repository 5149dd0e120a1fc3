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

/// How often a Bloom filter may be wrong. With so much one of 65,536 ids takes 64 KiB; with less it would be twice that, since its
/// size is a power of two.
const BLOOM_FPP: f64 = 0.03;

/// For ids and numbers. Higher levels make ids of hexadecimal digits larger, up to the 15th: they spend bytes on chance
/// repetitions of a few digits, where the first one writes each digit in the four bits it has.
const ZSTD_LEVEL: i32 = 1;

/// The way to write a part whose first page is `sample`.
pub(super) fn choose(
    sample: &RecordBatch,
    page_rows: usize,
    group_rows: usize,
    zstd_level: i32,
) -> WriterProperties {
    let ascending =
        |at: usize| SortingColumn { column_idx: at as i32, descending: false, nulls_first: false };
    let mut to = WriterProperties::builder()
        .set_created_by(concat!("catchment version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(zstd(ZSTD_LEVEL))
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
    let as_text = |to, name: &str| text(to, name, zstd(zstd_level));
    for name in [MESSAGE, RAW, EXTRA] {
        to = as_text(to, name);
        // The least and the greatest text of a page say nothing.
        to = to.set_column_statistics_enabled(path(name), EnabledStatistics::None);
    }
    for (field, column) in sample.schema_ref().fields().iter().zip(sample.columns()) {
        if !is_core(field.name()) {
            to = choose_field(to, field.name(), column, group_rows, &as_text);
        }
    }
    to.build()
}

fn choose_field(
    to: WriterPropertiesBuilder,
    name: &str,
    column: &ArrayRef,
    group_rows: usize,
    as_text: &dyn Fn(WriterPropertiesBuilder, &str) -> WriterPropertiesBuilder,
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
            if !values.iter().flatten().all(is_id) {
                return as_text(to, name);
            }
            // They are mostly of one length.
            plain(to, name, Encoding::DELTA_LENGTH_BYTE_ARRAY)
                .set_column_bloom_filter_fpp(path(name), BLOOM_FPP)
                .set_column_bloom_filter_max_ndv(path(name), group_rows as u64)
        }
        Some(FieldType::Bool) | None => to,
    }
}

fn plain(to: WriterPropertiesBuilder, name: &str, encoding: Encoding) -> WriterPropertiesBuilder {
    to.set_column_dictionary_enabled(path(name), false).set_column_encoding(path(name), encoding)
}

/// Each with its length before it: like texts repeat like lengths.
fn text(to: WriterPropertiesBuilder, name: &str, compression: Compression) -> WriterPropertiesBuilder {
    plain(to, name, Encoding::PLAIN).set_column_compression(path(name), compression)
}

fn zstd(level: i32) -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(level.clamp(1, 22)).unwrap_or_default())
}

/// One word, and short: what people look for as a whole.
fn is_id(value: &str) -> bool {
    value.len() <= ID_BYTES && !value.contains(char::is_whitespace)
}

/// A column's name may hold dots; it is one name all the same.
fn path(name: &str) -> ColumnPath {
    ColumnPath::new(vec![name.to_owned()])
}
