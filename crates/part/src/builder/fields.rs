use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringViewBuilder, TimestampMicrosecondBuilder,
};
use record::{Record, Value};

use super::outside;
use crate::FieldType;
use crate::columns::{FIELDS_MAX, NTH, UTC, is_core};
use crate::text::{add_member, write_plain};
use crate::typed::Typed;

/// The columns of the fields.
#[derive(Debug, Default)]
pub(super) struct Fields {
    columns: Vec<Column>,
    places: HashMap<String, usize>,
    text: String,
}

/// One field's column. It has rows up to the last one that has the field; those after it are null.
#[derive(Debug)]
struct Column {
    name: String,
    rows: usize,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Str(StringViewBuilder),
    Time(TimestampMicrosecondBuilder),
}

impl Fields {
    /// Adds the fields of the record in `row`, and to `extra` those that have no column. Says how many bytes they take.
    pub(super) fn append(&mut self, row: usize, record: Record<'_>, extra: &mut String) -> usize {
        let mut bytes = 0;
        for (nth, (name, value)) in record.fields().enumerate() {
            let place = if name == NTH { None } else { self.place(nth, name, value) };
            match place {
                Some(place) => bytes += self.columns[place].append(row, value, &mut self.text),
                None => add_member(extra, name, value),
            }
        }
        if record.nth() > 0 {
            bytes += self.append_nth(row, record.nth(), extra);
        }
        bytes
    }

    fn append_nth(&mut self, row: usize, nth: u32, extra: &mut String) -> usize {
        let value = Value::Int(nth.into());
        match self.place(usize::MAX, NTH, value) {
            Some(place) => self.columns[place].append(row, value, &mut self.text),
            None => {
                add_member(extra, NTH, value);
                0
            }
        }
    }

    /// All columns, each with this many rows. None are left.
    pub(super) fn finish(&mut self, rows: usize) -> Vec<(String, FieldType, ArrayRef)> {
        self.places.clear();
        self.columns.drain(..).map(|column| column.finish(rows)).collect()
    }

    /// The place of a name's column. Neighbours mostly have the same fields in the same order, so the nth field's
    /// is tried first.
    fn place(&mut self, nth: usize, name: &str, value: Value<'_>) -> Option<usize> {
        if self.columns.get(nth).is_some_and(|column| column.name == name) {
            return Some(nth);
        }
        if let Some(place) = self.places.get(name) {
            return Some(*place);
        }
        if self.columns.len() == FIELDS_MAX || name.is_empty() || is_core(name) {
            return None;
        }
        let place = self.columns.len();
        self.places.insert(name.to_owned(), place);
        self.columns.push(Column { name: name.to_owned(), rows: 0, values: Values::new(kind_of(value)) });
        Some(place)
    }
}

impl Column {
    fn append(&mut self, row: usize, value: Value<'_>, text: &mut String) -> usize {
        let kind = self.values.kind();
        let wider = kind.widen(kind_of(value));
        if wider != kind {
            self.values.widen(wider);
        }
        self.values.append_nulls(row - self.rows);
        let bytes = self.values.append(value, text) + self.values.width() * (row - self.rows + 1);
        self.rows = row + 1;
        bytes
    }

    fn finish(mut self, rows: usize) -> (String, FieldType, ArrayRef) {
        self.values.append_nulls(rows - self.rows);
        (self.name, self.values.kind(), self.values.finish())
    }
}

impl Values {
    fn new(kind: FieldType) -> Self {
        match kind {
            FieldType::Bool => Self::Bool(BooleanBuilder::new()),
            FieldType::Int => Self::Int(Int64Builder::new()),
            FieldType::Float => Self::Float(Float64Builder::new()),
            FieldType::String => Self::Str(StringViewBuilder::new()),
            FieldType::Time => Self::Time(TimestampMicrosecondBuilder::new().with_timezone(UTC)),
        }
    }

    fn kind(&self) -> FieldType {
        match self {
            Self::Bool(_) => FieldType::Bool,
            Self::Int(_) => FieldType::Int,
            Self::Float(_) => FieldType::Float,
            Self::Str(_) => FieldType::String,
            Self::Time(_) => FieldType::Time,
        }
    }

    /// Bytes of a row, without text.
    fn width(&self) -> usize {
        match self {
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Float(_) | Self::Time(_) => 8,
            Self::Str(_) => 16,
        }
    }

    /// Adds a value that this type can hold. Says how many bytes of text that took.
    fn append(&mut self, value: Value<'_>, text: &mut String) -> usize {
        match (self, value) {
            (Self::Bool(to), Value::Bool(value)) => to.append_value(value),
            (Self::Int(to), Value::Int(value)) => to.append_value(value),
            (Self::Float(to), Value::Float(value)) => to.append_value(value),
            (Self::Float(to), Value::Int(value)) => to.append_value(value as f64),
            (Self::Time(to), Value::Time(value)) => to.append_value(value),
            (Self::Str(to), Value::Str(value)) => {
                to.append_value(value);
                return outside(value);
            }
            (Self::Str(to), value) => {
                text.clear();
                write_plain(text, value);
                to.append_value(&*text);
                return outside(text);
            }
            (other, _) => other.append_nulls(1),
        }
        0
    }

    fn append_nulls(&mut self, rows: usize) {
        match self {
            Self::Bool(to) => to.append_nulls(rows),
            Self::Int(to) => to.append_nulls(rows),
            Self::Float(to) => to.append_nulls(rows),
            Self::Time(to) => to.append_nulls(rows),
            Self::Str(to) => (0..rows).for_each(|_| to.append_null()),
        }
    }

    /// Turns what is there into values of a wider type.
    fn widen(&mut self, to: FieldType) {
        let before = self.finish();
        *self = Self::new(to);
        let Some(typed) = Typed::of(&before) else { return };
        let mut text = String::new();
        for row in 0..before.len() {
            match typed.get(row) {
                Some(value) => {
                    self.append(value, &mut text);
                }
                None => self.append_nulls(1),
            }
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Bool(all) => Arc::new(all.finish()),
            Self::Int(all) => Arc::new(all.finish()),
            Self::Float(all) => Arc::new(all.finish()),
            Self::Str(all) => Arc::new(all.finish()),
            Self::Time(all) => Arc::new(all.finish()),
        }
    }
}

fn kind_of(value: Value<'_>) -> FieldType {
    match value {
        Value::Bool(_) => FieldType::Bool,
        Value::Int(_) => FieldType::Int,
        Value::Float(_) => FieldType::Float,
        Value::Str(_) => FieldType::String,
        Value::Time(_) => FieldType::Time,
    }
}
