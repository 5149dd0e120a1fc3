//! Records that travel together, in memory that is used again and again.

mod names;
#[cfg(test)]
mod tests;

use self::names::Names;
use crate::{Level, Line, LineFlags, Position, decode};

/// A field's value. Times are microseconds since 1970-01-01T00:00:00Z, negative before.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Value<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    Time(i64),
}

/// A processed line, borrowed from its batch.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    batch: &'a Batch,
    row: &'a Row,
}

/// Records that travel together, in the order of their positions.
///
/// What it owns: one arena of text, one of fields, and a row for each record. What bounds it: whoever fills it asks
/// [`Batch::bytes`]; at most 4 GiB of text. It is emptied with [`Batch::clear`] and keeps its memory then.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    raw: Vec<u8>,
    fields: Vec<Field>,
    rows: Vec<Row>,
    names: Names,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    position: Position,
    nth: u32,
    time: i64,
    received: i64,
    source: Span,
    peer: Span,
    message: Span,
    raw: Span,
    fields: Span,
    level: Option<Level>,
    flags: LineFlags,
    inexact: bool,
    routes: u32,
}

/// A part of an arena.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    from: u32,
    len: u32,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    name: u32,
    value: Stored,
}

#[derive(Clone, Copy, Debug)]
enum Stored {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Span),
    Time(i64),
}

impl Stored {
    #[inline]
    fn of(self, text: &str) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Str(span) => Value::Str(span.of(text)),
            Self::Time(value) => Value::Time(value),
        }
    }
}

impl Span {
    #[inline]
    fn of(self, text: &str) -> &str {
        &text[self.from as usize..(self.from + self.len) as usize]
    }

    fn range(self) -> std::ops::Range<usize> {
        self.from as usize..(self.from + self.len) as usize
    }

    /// The same in an arena that so much lies in front of.
    fn behind(self, before: u32) -> Self {
        Self { from: self.from + before, ..self }
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without any record.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The memory its records take, in bytes.
    pub fn bytes(&self) -> usize {
        self.text.len()
            + self.raw.len()
            + self.fields.len() * size_of::<Field>()
            + self.rows.len() * size_of::<Row>()
    }

    /// Removes all records.
    pub fn clear(&mut self) {
        self.text.clear();
        self.raw.clear();
        self.fields.clear();
        self.rows.clear();
        self.names.trim();
    }

    /// Adds the record of a line as it came: its text is the message, its time when it was received. Bytes that are
    /// not UTF-8 become U+FFFD in the message, and are kept beside it.
    pub fn push(&mut self, line: &Line<'_>) {
        let decoded = decode(line.bytes);
        let message = self.add_text(&decoded.text);
        let raw = if decoded.invalid_utf8 { self.add_raw(line.bytes) } else { Span::default() };
        let (source, peer) = self.origin(line.source, line.peer);
        let received = i64::try_from(line.received.0).unwrap_or(i64::MAX);
        self.rows.push(Row {
            position: line.position,
            nth: 0,
            time: received,
            received,
            source,
            peer,
            message,
            raw,
            fields: Span::default(),
            level: None,
            flags: line.flags,
            inexact: decoded.invalid_utf8,
            routes: 0,
        });
    }

    /// The record at `index`.
    ///
    /// # Panics
    /// When there are not so many.
    #[inline]
    pub fn get(&self, index: usize) -> Record<'_> {
        Record { batch: self, row: &self.rows[index] }
    }

    /// All records, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        self.rows.iter().map(|row| Record { batch: self, row })
    }

    /// The place of the last record.
    pub fn last_position(&self) -> Option<Position> {
        self.rows.last().map(|row| row.position)
    }

    /// Keeps the records for which `keep` is true.
    pub fn retain(&mut self, mut keep: impl FnMut(Record<'_>) -> bool) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.retain(|row| keep(Record { batch: self, row }));
        self.rows = rows;
    }

    /// How many lines its records are of.
    pub fn lines(&self) -> usize {
        self.rows.chunk_by(|one, other| one.position == other.position).count()
    }

    /// Makes these its records, in this order. Each number is that of one it has; the same one may come again, as a copy. Then the
    /// records of each line are counted anew.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn select(&mut self, indices: impl IntoIterator<Item = usize>) {
        let rows = std::mem::take(&mut self.rows);
        let (mut taken, mut copies) = (vec![false; rows.len()], false);
        for index in indices {
            let mut row = rows[index];
            if std::mem::replace(&mut taken[index], true) {
                copies = true;
                // Each has fields of its own, so that one can be changed without the other.
                let from = self.fields.len() as u32;
                self.fields.extend_from_within(row.fields.range());
                row.fields.from = from;
            }
            self.rows.push(row);
        }
        if copies {
            for line in self.rows.chunk_by_mut(|one, other| one.position == other.position) {
                (0..).zip(line).for_each(|(nth, row)| row.nth = nth);
            }
        }
    }

    /// Says which of its line's records the one at `index` is.
    pub fn set_nth(&mut self, index: usize, nth: u32) {
        self.rows[index].nth = nth;
    }

    /// Calls `with` with the batch as if it had only the records for which `keep` is true. Then it has all of them again.
    pub fn only<T>(&mut self, mut keep: impl FnMut(Record<'_>) -> bool, with: impl FnOnce(&Self) -> T) -> T {
        let rows = std::mem::take(&mut self.rows);
        self.rows = rows.iter().filter(|&row| keep(Record { batch: self, row })).copied().collect();
        let result = with(self);
        self.rows = rows;
        result
    }

    /// Marks the record at `index` as one for some outputs, a bit for each, beside those it is marked for.
    pub fn add_routes(&mut self, index: usize, routes: u32) {
        self.rows[index].routes |= routes;
    }

    /// Adds all records of another batch, as they are. Costs little more than copying its memory.
    pub fn append(&mut self, other: &Self) {
        let [text, raw, fields] = [self.text.len(), self.raw.len(), self.fields.len()].map(|len| len as u32);
        self.text.push_str(&other.text);
        self.raw.extend_from_slice(&other.raw);
        let mut numbers = vec![None; other.names.len()];
        let names = &mut self.names;
        self.fields.extend(other.fields.iter().map(|field| {
            let number = &mut numbers[field.name as usize];
            let name = *number.get_or_insert_with(|| names.number(other.names.name(field.name)));
            let value = match field.value {
                Stored::Str(span) => Stored::Str(span.behind(text)),
                value => value,
            };
            Field { name, value }
        }));
        self.rows.extend(other.rows.iter().map(|row| Row {
            source: row.source.behind(text),
            peer: row.peer.behind(text),
            message: row.message.behind(text),
            raw: row.raw.behind(raw),
            fields: row.fields.behind(fields),
            ..*row
        }));
    }

    /// Adds some records of another batch, and nothing that they no longer need.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn append_part(&mut self, other: &Self, rows: std::ops::Range<usize>) {
        for row in &other.rows[rows] {
            let record = Record { batch: other, row };
            let (source, peer) = self.origin(record.source(), record.peer());
            let message = self.add_text(record.message());
            let raw = record.raw().map_or_else(Span::default, |raw| self.add_raw(raw));
            let fields = Span { from: self.fields.len() as u32, len: row.fields.len };
            for (name, value) in record.fields() {
                let field = Field { name: self.names.number(name), value: self.store(value) };
                self.fields.push(field);
            }
            self.rows.push(Row { source, peer, message, raw, fields, ..*row });
        }
    }

    /// Sets the time of the record at `index`, in microseconds since 1970.
    pub fn set_time(&mut self, index: usize, time: i64) {
        self.rows[index].time = time;
    }

    /// Sets how serious the record at `index` is.
    pub fn set_level(&mut self, index: usize, level: Option<Level>) {
        self.rows[index].level = level;
    }

    /// Replaces the message of the record at `index`. The bytes as they were sent go when the message no longer is
    /// their text.
    pub fn set_message(&mut self, index: usize, message: &str) {
        let span = self.add_text(message);
        let row = &mut self.rows[index];
        (row.message, row.raw, row.inexact) = (span, Span::default(), false);
    }

    /// Gives the record at `index` a field, or another value for one that it has.
    pub fn set_field(&mut self, index: usize, name: &str, value: Value<'_>) {
        let name = self.names.number(name);
        let value = self.store(value);
        let span = self.rows[index].fields;
        if let Some(field) = self.fields[span.range()].iter_mut().find(|field| field.name == name) {
            field.value = value;
            return;
        }
        // The fields of a record lie together. If others' lie behind them, they move to the end.
        if span.range().end != self.fields.len() {
            let from = self.fields.len() as u32;
            self.fields.extend_from_within(span.range());
            self.rows[index].fields = Span { from, len: span.len };
        }
        self.fields.push(Field { name, value });
        self.rows[index].fields.len += 1;
    }

    /// Keeps those fields of the record at `index` for which `keep` is true.
    pub fn retain_fields(&mut self, index: usize, mut keep: impl FnMut(&str, Value<'_>) -> bool) {
        let range = self.rows[index].fields.range();
        let mut to = range.start;
        for from in range.clone() {
            let Field { name, value } = self.fields[from];
            if keep(self.names.name(name), value.of(&self.text)) {
                self.fields[to] = self.fields[from];
                to += 1;
            }
        }
        self.rows[index].fields.len = (to - range.start) as u32;
    }

    fn store(&mut self, value: Value<'_>) -> Stored {
        match value {
            Value::Bool(value) => Stored::Bool(value),
            Value::Int(value) => Stored::Int(value),
            Value::Float(value) => Stored::Float(value),
            Value::Str(value) => Stored::Str(self.add_text(value)),
            Value::Time(value) => Stored::Time(value),
        }
    }

    /// The names of a line's origin. Neighbours mostly have the same.
    fn origin(&mut self, source: &str, peer: &str) -> (Span, Span) {
        let last = self.rows.last().map(|row| (row.source, row.peer));
        let (source_was, peer_was) = last.unwrap_or_default();
        let source = self.text_like(source_was, source);
        (source, self.text_like(peer_was, peer))
    }

    fn text_like(&mut self, before: Span, text: &str) -> Span {
        if before.of(&self.text) == text { before } else { self.add_text(text) }
    }

    fn add_text(&mut self, text: &str) -> Span {
        let span = Span { from: self.text.len() as u32, len: text.len() as u32 };
        self.text.push_str(text);
        span
    }

    fn add_raw(&mut self, bytes: &[u8]) -> Span {
        let span = Span { from: self.raw.len() as u32, len: bytes.len() as u32 };
        self.raw.extend_from_slice(bytes);
        span
    }
}

impl<'a> Record<'a> {
    /// Its line's place in the journal. With [`Record::nth`] it is the record's id.
    #[inline]
    pub fn position(self) -> Position {
        self.row.position
    }

    /// Which of its line's records it is. Most lines are one record, number 0.
    pub fn nth(self) -> u32 {
        self.row.nth
    }

    /// When it happened, in microseconds since 1970: what the line says if a stage found that, or when it was received.
    #[inline]
    pub fn time(self) -> i64 {
        self.row.time
    }

    /// When it was received, in microseconds since 1970.
    pub fn received(self) -> i64 {
        self.row.received
    }

    /// The source it came through.
    pub fn source(self) -> &'a str {
        self.row.source.of(&self.batch.text)
    }

    /// The peer it came from.
    #[inline]
    pub fn peer(self) -> &'a str {
        self.row.peer.of(&self.batch.text)
    }

    /// How serious it is, if a stage found that.
    #[inline]
    pub fn level(self) -> Option<Level> {
        self.row.level
    }

    /// Its text.
    #[inline]
    pub fn message(self) -> &'a str {
        self.row.message.of(&self.batch.text)
    }

    /// The line's bytes as they were sent, where the message could not keep them.
    pub fn raw(self) -> Option<&'a [u8]> {
        self.row.inexact.then(|| &self.batch.raw[self.row.raw.range()])
    }

    /// What else is to be known about the line.
    pub fn flags(self) -> LineFlags {
        self.row.flags
    }

    /// The outputs that it is marked for, a bit for each.
    pub fn routes(self) -> u32 {
        self.row.routes
    }

    /// Its fields, in the order they were set.
    #[inline]
    pub fn fields(self) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> {
        let batch = self.batch;
        batch.fields[self.row.fields.range()]
            .iter()
            .map(|field| (batch.names.name(field.name), field.value.of(&batch.text)))
    }

    /// The value of one field.
    #[inline]
    pub fn field(self, name: &str) -> Option<Value<'a>> {
        self.fields().find(|(other, _)| *other == name).map(|(_, value)| value)
    }
}
