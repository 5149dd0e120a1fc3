use std::collections::HashMap;
use std::ops::Range;

use record::{Batch, Record, Value};
use serde::Deserialize;

/// What a handler is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum Gives {
    /// The message, as `str`.
    #[default]
    #[serde(rename = "str")]
    Text,
    /// The bytes as they were sent, if no stage replaced the message.
    #[serde(rename = "bytes")]
    Bytes,
    /// The whole record, as `dict`.
    #[serde(rename = "dict")]
    Record,
}

/// A record's own values have these names for a handler; fields of such a name are not given to it.
const OWN: [&str; 7] = ["position", "time", "received", "source", "peer", "level", "message"];

/// Writes the frame of a batch with these rows into `out`, which it empties first.
pub(crate) fn encode(out: &mut Vec<u8>, number: u64, batch: &Batch, rows: Range<usize>, gives: Gives) {
    out.clear();
    out.extend_from_slice(&[0, 0, 0, 0, b'B']);
    put(out, number.to_le_bytes());
    put(out, (rows.len() as u32).to_le_bytes());
    let columns_at = out.len();
    put(out, [0; 4]);
    let records = || rows.clone().map(|row| batch.get(row));
    let count = rows.len();
    numbers(out, b'u', "position", count, records().map(|record| record.position().0));
    let columns = match gives {
        Gives::Text => {
            text(out, b's', "line", records().map(Record::message));
            2
        }
        Gives::Bytes => {
            bytes(out, records().map(|record| record.raw().unwrap_or(record.message().as_bytes())));
            2
        }
        Gives::Record => {
            numbers(out, b't', "time", count, records().map(|record| record.time() as u64));
            numbers(out, b't', "received", count, records().map(|record| record.received() as u64));
            few(out, "source", records().map(Record::source));
            few(out, "peer", records().map(Record::peer));
            few(out, "level", records().map(|record| record.level().map_or("", record::Level::name)));
            text(out, b's', "message", records().map(Record::message));
            OWN.len() as u32 + fields(out, count, records())
        }
    };
    out[columns_at..columns_at + 4].copy_from_slice(&columns.to_le_bytes());
    let length = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&length.to_le_bytes());
}

/// One column for each name and kind of field. Returns how many.
fn fields<'a>(out: &mut Vec<u8>, count: usize, records: impl Iterator<Item = Record<'a>>) -> u32 {
    let mut columns: Vec<Gathered<'a>> = Vec::new();
    let mut known: HashMap<(&str, u8), usize> = HashMap::new();
    for (row, record) in records.enumerate() {
        for (name, value) in record.fields().filter(|(name, _)| !OWN.contains(name)) {
            let kind = kind(value);
            let index = *known.entry((name, kind)).or_insert_with(|| {
                columns.push(Gathered { name, kind, rows: Vec::new(), values: Vec::new() });
                columns.len() - 1
            });
            columns[index].rows.push(row as u32);
            columns[index].values.push(value);
        }
    }
    columns.iter().for_each(|column| column.write(out, count));
    columns.len() as u32
}

/// The values of one field.
struct Gathered<'a> {
    name: &'a str,
    kind: u8,
    rows: Vec<u32>,
    values: Vec<Value<'a>>,
}

impl Gathered<'_> {
    fn write(&self, out: &mut Vec<u8>, count: usize) {
        let dense = self.rows.len() == count;
        head(out, self.kind, dense, self.name, self.rows.len());
        if !dense {
            self.rows.iter().for_each(|row| put(out, row.to_le_bytes()));
        }
        if self.kind == b's' {
            return pieces(
                out,
                self.values.iter().map(|value| if let Value::Str(text) = value { text } else { "" }),
            );
        }
        for value in &self.values {
            match *value {
                Value::Bool(value) => out.push(value.into()),
                Value::Int(value) | Value::Time(value) => put(out, value.to_le_bytes()),
                Value::Float(value) => put(out, value.to_le_bytes()),
                Value::Str(_) => {}
            }
        }
    }
}

fn kind(value: Value<'_>) -> u8 {
    match value {
        Value::Bool(_) => b'b',
        Value::Int(_) => b'i',
        Value::Float(_) => b'f',
        Value::Str(_) => b's',
        Value::Time(_) => b't',
    }
}

fn numbers(out: &mut Vec<u8>, kind: u8, name: &str, count: usize, values: impl Iterator<Item = u64>) {
    head(out, kind, true, name, count);
    values.for_each(|value| put(out, value.to_le_bytes()));
}

fn text<'a>(out: &mut Vec<u8>, kind: u8, name: &str, values: impl Iterator<Item = &'a str> + Clone) {
    head(out, kind, true, name, values.clone().count());
    pieces(out, values);
}

fn pieces<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a str> + Clone) {
    let mut total = 0;
    for value in values.clone() {
        total += value.len() as u32;
        let characters = if value.is_ascii() { value.len() } else { value.chars().count() };
        put(out, (characters as u32).to_le_bytes());
    }
    put(out, total.to_le_bytes());
    values.for_each(|value| out.extend_from_slice(value.as_bytes()));
}

fn bytes<'a>(out: &mut Vec<u8>, values: impl Iterator<Item = &'a [u8]> + Clone) {
    head(out, b'y', true, "line", values.clone().count());
    let mut total = 0;
    for value in values.clone() {
        total += value.len() as u32;
        put(out, (value.len() as u32).to_le_bytes());
    }
    put(out, total.to_le_bytes());
    values.for_each(|value| out.extend_from_slice(value));
}

/// Text of which there are few: each is sent once. Neighbours are mostly the same.
fn few<'a>(out: &mut Vec<u8>, name: &str, values: impl Iterator<Item = &'a str>) {
    let mut names: Vec<&str> = Vec::new();
    let mut known: HashMap<&str, u32> = HashMap::new();
    let mut last = 0;
    let codes: Vec<u32> = values
        .map(|value| {
            if names.get(last as usize) != Some(&value) {
                last = *known.entry(value).or_insert_with(|| {
                    names.push(value);
                    names.len() as u32 - 1
                });
            }
            last
        })
        .collect();
    head(out, b'd', true, name, codes.len());
    put(out, (names.len() as u32).to_le_bytes());
    pieces(out, names.iter().copied());
    codes.iter().for_each(|code| put(out, code.to_le_bytes()));
}

fn head(out: &mut Vec<u8>, kind: u8, dense: bool, name: &str, values: usize) {
    // A name has at most 255 bytes by the rules of stages; longer ones are cut where a character begins.
    let name = &name[..name.floor_char_boundary(u16::MAX.into())];
    out.extend_from_slice(&[kind, dense.into()]);
    put(out, (name.len() as u16).to_le_bytes());
    put(out, (values as u32).to_le_bytes());
    out.extend_from_slice(name.as_bytes());
}

fn put<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(&bytes);
}
