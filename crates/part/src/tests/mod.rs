//! The crate as its users see it, against a plain model: a list of records.

mod damage;
mod interop;
mod merging;
mod remote;
mod roundtrip;
mod selecting;
mod speed;

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use proptest::prelude::*;
use record::{Batch, Level, Line, LineFlags, Micros, OwnedValue, Position};

use crate::columns::{AT_POSITION, AT_TIME};
use crate::{Builder, Part, Summary, WriteOptions, sort, unify, write};

/// A record, owned.
#[derive(Clone, Debug)]
struct Row {
    position: u64,
    time: i64,
    source: &'static str,
    peer: String,
    level: Option<Level>,
    message: Vec<u8>,
    flags: LineFlags,
    fields: Vec<(String, OwnedValue)>,
}

impl Row {
    fn plain(position: u64, time: i64, message: &str) -> Self {
        Self {
            position,
            time,
            source: "main",
            peer: "peer-1".into(),
            level: Some(Level::Info),
            message: message.into(),
            flags: LineFlags::default(),
            fields: Vec::new(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.message).into_owned()
    }
}

fn records(rows: &[Row]) -> Batch {
    let mut batch = Batch::new();
    for (index, row) in rows.iter().enumerate() {
        batch.push(&Line {
            position: Position(row.position),
            received: Micros(1_700_000_000_000_000 + row.position % 1000),
            source: row.source,
            peer: &row.peer,
            bytes: &row.message,
            flags: row.flags,
        });
        batch.set_time(index, row.time);
        batch.set_level(index, row.level);
        for (name, value) in &row.fields {
            batch.set_field(index, name, value.value());
        }
    }
    batch
}

fn build(rows: &[Row]) -> RecordBatch {
    let mut builder = Builder::new();
    records(rows).iter().for_each(|record| builder.append(record));
    assert_eq!(builder.len(), rows.len());
    builder.finish()
}

fn small() -> WriteOptions {
    WriteOptions { row_group_rows: 64, page_rows: 16, zstd_level: 1 }
}

/// Writes the rows as a part, from batches of `at_once` records.
fn write_rows(path: &Path, rows: &[Row], at_once: usize, options: &WriteOptions) -> Summary {
    let batches: Vec<RecordBatch> = rows.chunks(at_once).map(build).collect();
    let schema = unify(batches.iter().map(|batch| batch.schema_ref().as_ref()));
    write(path, sort(&batches, &schema).unwrap(), schema, options).unwrap()
}

fn part(dir: &Path, name: &str, rows: &[Row], options: &WriteOptions) -> Arc<Part> {
    let path = dir.join(name);
    let summary = write_rows(&path, rows, 50, options);
    Arc::new(Part::open(path, summary))
}

fn positions(batch: &RecordBatch) -> Vec<u64> {
    batch.column(AT_POSITION).as_primitive::<UInt64Type>().values().to_vec()
}

fn keys(batch: &RecordBatch) -> Vec<(i64, u64)> {
    let times = batch.column(AT_TIME).as_primitive::<TimestampMicrosecondType>().values();
    times.iter().copied().zip(positions(batch)).collect()
}

fn any_time() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => 1_700_000_000_000_000i64..1_700_000_600_000_000,
        1 => Just(0),
        1 => Just(4_102_444_800_000_000),
        1 => -5_000_000_000i64..0,
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX)],
    ]
}

fn any_value() -> impl Strategy<Value = OwnedValue> {
    prop_oneof![
        any::<bool>().prop_map(OwnedValue::Bool),
        any::<i64>().prop_map(OwnedValue::Int),
        (-9i64..9).prop_map(OwnedValue::Int),
        any::<f64>().prop_map(OwnedValue::Float),
        "[a-z\"\\\\é ]{0,20}".prop_map(OwnedValue::Str),
        any_time().prop_map(OwnedValue::Time),
    ]
}

fn any_row() -> impl Strategy<Value = Row> {
    let names = prop::sample::select(vec!["a", "http.status", "Message", "message", "", "é", "select"]);
    let message = prop_oneof![
        "[a-c]{1,2}( [a-c]{1,3}){0,4}".prop_map(String::into_bytes),
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..30),
    ];
    let flags = prop::sample::select(vec![
        LineFlags::default(),
        LineFlags::SPLIT,
        LineFlags::SPLIT.with(LineFlags::HEAD_LOST),
    ]);
    let level = prop::option::of(prop::sample::select(Level::ALL.to_vec()));
    let source = prop::sample::select(vec!["one", "two", "a source with a long name"]);
    let fields = prop::collection::btree_map(names, any_value(), 0..4);
    (any_time(), source, "[a-d]|peer-[0-9]{9,12}", level, message, flags, fields).prop_map(
        |(time, source, peer, level, message, flags, fields)| {
            let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Row { position: 0, time, source, peer, level, message, flags, fields }
        },
    )
}

/// Rows with positions that are all different, and not in their order.
fn any_rows(count: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(any_row(), count).prop_map(|mut rows| {
        let count = rows.len() as u64;
        for (nth, row) in rows.iter_mut().enumerate() {
            row.position = (nth as u64 * 7919) % (count.next_power_of_two() * 8192) + nth as u64 * 100_000;
        }
        rows
    })
}
