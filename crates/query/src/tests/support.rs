use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{Array, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use part::{Builder, Part, WriteOptions};
use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};
use store::Snapshot;
use tempfile::TempDir;

use crate::{Engine, Limits, QueryError, Rows};

/// One record, as a test writes it down.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) position: u64,
    pub(super) time: i64,
    pub(super) source: &'static str,
    pub(super) peer: &'static str,
    pub(super) level: Option<Level>,
    pub(super) message: String,
    pub(super) fields: Vec<(&'static str, Field)>,
}

#[derive(Clone, Debug)]
pub(super) enum Field {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'static str),
    Time(i64),
}

pub(super) fn row(position: u64, time: i64, message: &str) -> Row {
    Row { position, time, source: "app", peer: "10.0.0.1:7", message: message.to_owned(), ..Row::default() }
}

impl Row {
    pub(super) fn from(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    pub(super) fn level(self, level: Level) -> Self {
        Self { level: Some(level), ..self }
    }

    pub(super) fn with(mut self, name: &'static str, value: Field) -> Self {
        self.fields.push((name, value));
        self
    }
}

/// The rows as records.
pub(super) fn records(rows: &[Row]) -> Batch {
    let mut batch = Batch::new();
    for (index, row) in rows.iter().enumerate() {
        batch.push(&Line {
            position: Position(row.position),
            received: Micros(1_000_000 + row.position),
            source: row.source,
            peer: row.peer,
            bytes: row.message.as_bytes(),
            flags: LineFlags::default(),
        });
        batch.set_time(index, row.time);
        batch.set_level(index, row.level);
        for (name, value) in &row.fields {
            let value = match value {
                Field::Bool(value) => Value::Bool(*value),
                Field::Int(value) => Value::Int(*value),
                Field::Float(value) => Value::Float(*value),
                Field::Str(value) => Value::Str(value),
                Field::Time(value) => Value::Time(*value),
            };
            batch.set_field(index, name, value);
        }
    }
    batch
}

/// The rows as they lie in memory.
pub(super) fn held(rows: &[Row]) -> RecordBatch {
    let mut builder = Builder::new();
    records(rows).iter().for_each(|record| builder.append(record));
    builder.finish()
}

/// A part with these rows and small pages.
pub(super) fn part(dir: &Path, name: &str, rows: &[Row]) -> Arc<Part> {
    part_of(dir, name, rows, &WriteOptions { row_group_rows: 512, page_rows: 64, zstd_level: 1 })
}

pub(super) fn part_of(dir: &Path, name: &str, rows: &[Row], options: &WriteOptions) -> Arc<Part> {
    let batch = held(rows);
    let schema = batch.schema();
    let path = dir.join(format!("{name}.parquet"));
    let sorted = part::sort(&[batch], &schema).expect("rows of one schema");
    let summary = part::write(&path, sorted, schema, options).expect("a directory to write to");
    Arc::new(Part::open(path, summary))
}

pub(super) fn snapshot(memory: Vec<RecordBatch>, mut parts: Vec<Arc<Part>>) -> Arc<Snapshot> {
    parts.sort_by_key(|part| std::cmp::Reverse(part.summary().time.1));
    Arc::new(Snapshot { memory, parts, ..Snapshot::default() })
}

pub(super) fn engine() -> Engine {
    Engine::new(Limits { memory_bytes: 64 << 20, time: Duration::from_secs(60), threads: 2 })
        .expect("threads")
}

pub(super) fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// All rows, each as its values with bars between them; null is `-`.
pub(super) fn shown(rows: Rows) -> Result<Vec<String>, QueryError> {
    let mut lines = Vec::new();
    for batch in rows {
        lines.extend(lines_of(&batch?));
    }
    Ok(lines)
}

pub(super) fn lines_of(batch: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::default().with_null("-");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).expect("a type"))
        .collect();
    let line = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|");
    (0..batch.num_rows()).map(line).collect()
}

/// The positions of all rows.
pub(super) fn positions(rows: Rows) -> Result<Vec<u64>, QueryError> {
    let mut found = Vec::new();
    for batch in rows {
        let batch = batch?;
        let column = batch.column_by_name("position").expect("the column").as_any();
        let column = column.downcast_ref::<arrow_array::UInt64Array>().expect("its type");
        found.extend(column.values().iter().copied());
    }
    Ok(found)
}
