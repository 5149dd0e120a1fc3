//! The file as any Parquet reader sees it.

use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding};
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{OwnedValue, Row, part};
use crate::WriteOptions;
use crate::index::KEY;

fn bytes_of_a_part() -> bytes::Bytes {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (0..17_000u64)
        .map(|n| Row {
            fields: vec![
                (
                    "http.id".into(),
                    OwnedValue::Str(format!("{:032x}", u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15))),
                ),
                ("host".into(), OwnedValue::Str(format!("host-{}", n % 9))),
            ],
            ..Row::plain(n, n as i64, &format!("request {n} done"))
        })
        .collect();
    std::fs::read(part(dir.path(), "part", &rows, &WriteOptions::default()).path()).unwrap().into()
}

#[test]
fn other_readers_see_plain_types_and_skip_the_index() {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes_of_a_part()).unwrap();
    let schema = reader.schema();
    let kind = |name: &str| schema.field_with_name(name).unwrap().data_type().clone();
    assert_eq!((kind("message"), kind("position")), (DataType::Utf8, DataType::UInt64));
    assert_eq!(kind("time"), DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
    assert_eq!(kind("raw"), DataType::Binary);
    let keys = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert_eq!(keys.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), [KEY]);
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 17_000);
}

#[test]
fn pages_line_up_and_columns_are_encoded_as_suits_them() {
    let file = SerializedFileReader::new_with_options(
        bytes_of_a_part(),
        parquet::file::serialized_reader::ReadOptionsBuilder::new().with_page_index().build(),
    )
    .unwrap();
    let metadata = file.metadata();
    for column in &metadata.offset_index().unwrap()[0] {
        let firsts: Vec<i64> = column.page_locations().iter().map(|page| page.first_row_index).collect();
        assert_eq!(firsts, [0, 8192, 16_384]);
    }
    let group = metadata.row_group(0);
    let column =
        |name: &str| group.columns().iter().find(|column| column.column_descr().name() == name).unwrap();
    let has = |name: &str, encoding: Encoding| column(name).encodings().any(|one| one == encoding);
    assert!(has("message", Encoding::PLAIN) && !has("message", Encoding::RLE_DICTIONARY));
    assert!(has("http.id", Encoding::DELTA_LENGTH_BYTE_ARRAY));
    assert!(has("position", Encoding::DELTA_BINARY_PACKED) && has("host", Encoding::RLE_DICTIONARY));
    assert!(
        column("http.id").bloom_filter_offset().is_some() && column("host").bloom_filter_offset().is_none()
    );
    assert!(matches!(column("message").compression(), Compression::ZSTD(_)));
    assert_eq!(group.sorting_columns().unwrap().len(), 2);
}
