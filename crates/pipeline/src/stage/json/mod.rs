//! Lines that are JSON objects.

mod fields;
mod text;
mod time;
mod visit;

use record::{Batch, Level, Value};

use fields::{Fields, Parsed};

/// Owns the text of the line it is at and its fields, and uses that memory again. One pass over the text, and no tree of it.
#[derive(Debug, Default)]
pub(super) struct ParseJson {
    line: String,
    fields: Fields,
}

impl ParseJson {
    pub(super) fn apply(&mut self, batch: &mut Batch) {
        for index in 0..batch.len() {
            // The batch grows while the line is looked at.
            self.line.clear();
            self.line.push_str(batch.get(index).message());
            match visit::read(&self.line, &mut self.fields) {
                Ok(()) => set_all(&self.fields, batch, index),
                Err(reason) => {
                    batch.set_field(index, "error.stage", Value::Str("json"));
                    batch.set_field(index, "error.reason", Value::Str(&reason));
                }
            }
        }
    }
}

/// Which of a record's own a field would set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Message,
    Level,
    Time,
}

fn own(name: &str) -> Option<Own> {
    match name {
        "message" | "msg" => Some(Own::Message),
        "level" | "severity" | "lvl" => Some(Own::Level),
        "time" | "timestamp" | "ts" | "@timestamp" => Some(Own::Time),
        _ => None,
    }
}

fn set_all(fields: &Fields, batch: &mut Batch, index: usize) {
    let (mut message, mut level, mut time) = (false, false, false);
    for (name, value) in fields.iter() {
        let taken = match own(name) {
            None => false,
            Some(Own::Message) => {
                !message && set_message(batch, index, value).inspect(|()| message = true).is_some()
            }
            Some(Own::Level) => !level && set_level(batch, index, value).inspect(|()| level = true).is_some(),
            Some(Own::Time) => !time && set_time(batch, index, value).inspect(|()| time = true).is_some(),
        };
        if !taken {
            batch.set_field(index, name, value.get());
        }
    }
}

fn set_message(batch: &mut Batch, index: usize, value: Parsed<'_>) -> Option<()> {
    let Parsed::Text(text) = value else { return None };
    batch.set_message(index, text);
    Some(())
}

fn set_level(batch: &mut Batch, index: usize, value: Parsed<'_>) -> Option<()> {
    let Parsed::Text(word) = value else { return None };
    let level = Level::from_word(word)?;
    batch.set_level(index, Some(level));
    Some(())
}

fn set_time(batch: &mut Batch, index: usize, value: Parsed<'_>) -> Option<()> {
    let micros = match value {
        Parsed::Text(text) => time::from_text(text),
        Parsed::Int(number) => time::from_int(number),
        Parsed::Float(number) => time::from_float(number),
        Parsed::Bool(_) | Parsed::Json(_) => None,
    }?;
    batch.set_time(index, micros);
    Some(())
}

#[cfg(test)]
mod tests;
