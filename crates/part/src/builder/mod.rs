//! Records become columns.

mod fields;

use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, StringViewBuilder, TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use record::{LineFlags, Record};

use self::fields::Fields;
use crate::columns::{UTC, schema_with};

/// Makes a [`RecordBatch`] of records.
///
/// What it owns: the columns so far. What bounds it: whoever fills it asks [`Builder::bytes`]. A field gets its
/// column, of the type of its first value, when it first comes; a value of another type widens the column; the
/// fields after the first [`FIELDS_MAX`](crate::columns::FIELDS_MAX), and those named like a column that every part
/// has, go to `extra`. Nothing fails.
#[derive(Debug)]
pub struct Builder {
    rows: usize,
    bytes: usize,
    position: UInt64Builder,
    time: TimestampMicrosecondBuilder,
    received: TimestampMicrosecondBuilder,
    source: StringViewBuilder,
    peer: StringViewBuilder,
    level: StringViewBuilder,
    message: StringViewBuilder,
    flags: StringViewBuilder,
    raw: BinaryViewBuilder,
    extra: StringViewBuilder,
    fields: Fields,
    scratch: String,
}

/// What a row takes in the columns that every part has, without its text.
const ROW_BYTES: usize = 3 * 8 + 7 * 16 + 1;

impl Builder {
    /// An empty one.
    pub fn new() -> Self {
        let time = || TimestampMicrosecondBuilder::new().with_timezone(UTC);
        Self {
            rows: 0,
            bytes: 0,
            position: UInt64Builder::new(),
            time: time(),
            received: time(),
            source: StringViewBuilder::new(),
            peer: StringViewBuilder::new(),
            level: StringViewBuilder::new(),
            message: StringViewBuilder::new(),
            flags: StringViewBuilder::new(),
            raw: BinaryViewBuilder::new(),
            extra: StringViewBuilder::new(),
            fields: Fields::default(),
            scratch: String::new(),
        }
    }

    /// Adds a record.
    pub fn append(&mut self, record: Record<'_>) {
        let (source, peer, message) = (record.source(), record.peer(), record.message());
        self.bytes += ROW_BYTES + outside(source) + outside(peer) + outside(message);
        self.position.append_value(record.position().0);
        self.time.append_value(record.time());
        self.received.append_value(record.received());
        self.source.append_value(source);
        self.peer.append_value(peer);
        self.message.append_value(message);
        self.level.append_option(record.level().map(record::Level::name));
        append_flags(&mut self.flags, &mut self.scratch, record.flags());
        let raw = record.raw();
        self.bytes += raw.map_or(0, <[u8]>::len);
        self.raw.append_option(raw);
        self.scratch.clear();
        self.bytes += self.fields.append(self.rows, record, &mut self.scratch);
        self.extra.append_option((!self.scratch.is_empty()).then_some(&self.scratch));
        self.bytes += outside(&self.scratch);
        self.rows += 1;
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// True without any row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The memory that the rows so far take, in bytes, roughly.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The rows so far, as one batch; the builder is empty then. The columns that every part has come first, then the
    /// fields in the order in which they first came.
    ///
    /// # Panics
    /// Never: the columns are made for the schema, and all have as many rows.
    pub fn finish(&mut self) -> RecordBatch {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(self.position.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.received.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.peer.finish()),
            Arc::new(self.level.finish()),
            Arc::new(self.message.finish()),
            Arc::new(self.flags.finish()),
            Arc::new(self.raw.finish()),
            Arc::new(self.extra.finish()),
        ];
        let fields = self.fields.finish(rows);
        let schema = schema_with(fields.iter().map(|(name, kind, _)| (name.as_str(), *kind)));
        columns.extend(fields.into_iter().map(|(_, _, column)| column));
        RecordBatch::try_new(schema, columns).expect("the columns are made for the schema")
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

/// The bytes that a text takes beside its view, which holds up to twelve itself.
fn outside(text: &str) -> usize {
    if text.len() > 12 { text.len() } else { 0 }
}

fn append_flags(to: &mut StringViewBuilder, scratch: &mut String, flags: LineFlags) {
    if flags.is_empty() {
        return to.append_null();
    }
    scratch.clear();
    for name in flags.names() {
        if !scratch.is_empty() {
            scratch.push(',');
        }
        scratch.push_str(name);
    }
    to.append_value(&scratch);
}
