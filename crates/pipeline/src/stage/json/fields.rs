use std::ops::Range;

use record::Value;

/// More fields than this make a line too much to be parsed: they are looked for one by one.
pub(super) const FIELDS_MAX: usize = 1024;
/// The longest name of a field, in bytes, dots included.
pub(super) const NAME_BYTES_MAX: usize = 255;

/// The fields of one line, in one piece of memory. They are set only when all of the line was read.
#[derive(Debug, Default)]
pub(super) struct Fields {
    text: String,
    list: Vec<(Range<usize>, Stored)>,
    /// The name of the value that is being read.
    pub(super) path: String,
}

#[derive(Debug)]
enum Stored {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Range<usize>),
    Json(Range<usize>),
}

/// A value as the line has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Parsed<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
    /// The text of an array or object.
    Json(&'a str),
}

impl<'a> Parsed<'a> {
    pub(super) fn get(self) -> Value<'a> {
        match self {
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Text(text) | Self::Json(text) => Value::Str(text),
        }
    }
}

impl Fields {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.list.clear();
        self.path.clear();
    }

    pub(super) fn is_full(&self) -> bool {
        self.list.len() >= FIELDS_MAX
    }

    /// Adds the value of the field `path`.
    pub(super) fn add(&mut self, value: Parsed<'_>) {
        let name = add_text(&mut self.text, &self.path);
        let value = match value {
            Parsed::Bool(value) => Stored::Bool(value),
            Parsed::Int(value) => Stored::Int(value),
            Parsed::Float(value) => Stored::Float(value),
            Parsed::Text(text) => Stored::Text(add_text(&mut self.text, text)),
            Parsed::Json(text) => Stored::Json(add_text(&mut self.text, text)),
        };
        self.list.push((name, value));
    }

    /// Adds the JSON text that `write` writes as the value of the field `path`.
    pub(super) fn add_json<E>(&mut self, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let name = add_text(&mut self.text, &self.path);
        let from = self.text.len();
        write(&mut self.text)?;
        self.list.push((name, Stored::Json(from..self.text.len())));
        Ok(())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Parsed<'_>)> {
        self.list.iter().map(|(name, value)| {
            let value = match value {
                Stored::Bool(value) => Parsed::Bool(*value),
                Stored::Int(value) => Parsed::Int(*value),
                Stored::Float(value) => Parsed::Float(*value),
                Stored::Text(range) => Parsed::Text(&self.text[range.clone()]),
                Stored::Json(range) => Parsed::Json(&self.text[range.clone()]),
            };
            (&self.text[name.clone()], value)
        })
    }
}

fn add_text(arena: &mut String, text: &str) -> Range<usize> {
    let from = arena.len();
    arena.push_str(text);
    from..arena.len()
}
