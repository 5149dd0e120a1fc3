//! Columns by what they hold.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, DataType};
use record::Value;

use crate::FieldType;
use crate::text::write_plain;

/// A field's column.
#[derive(Clone, Copy)]
pub(crate) enum Typed<'a> {
    Bool(&'a BooleanArray),
    Int(&'a Int64Array),
    Float(&'a Float64Array),
    Str(&'a StringViewArray),
    Time(&'a TimestampMicrosecondArray),
}

impl<'a> Typed<'a> {
    /// The column as what it holds; `None` for a type that no field has.
    pub(crate) fn of(array: &'a dyn Array) -> Option<Self> {
        Some(match array.data_type() {
            DataType::Boolean => Self::Bool(array.as_boolean()),
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>()),
            DataType::Float64 => Self::Float(array.as_primitive::<Float64Type>()),
            DataType::Utf8View => Self::Str(array.as_string_view()),
            DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, _) => {
                Self::Time(array.as_primitive::<TimestampMicrosecondType>())
            }
            _ => return None,
        })
    }

    /// The value in a row; `None` for null.
    pub(crate) fn get(self, row: usize) -> Option<Value<'a>> {
        let array: &dyn Array = match self {
            Self::Bool(array) => array,
            Self::Int(array) => array,
            Self::Float(array) => array,
            Self::Str(array) => array,
            Self::Time(array) => array,
        };
        if array.is_null(row) {
            return None;
        }
        Some(match self {
            Self::Bool(array) => Value::Bool(array.value(row)),
            Self::Int(array) => Value::Int(array.value(row)),
            Self::Float(array) => Value::Float(array.value(row)),
            Self::Str(array) => Value::Str(array.value(row)),
            Self::Time(array) => Value::Time(array.value(row)),
        })
    }
}

/// The column with another type. Whatever is there has a form as text; what has none in a narrower type is null.
pub(crate) fn cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    match (Typed::of(array), FieldType::of(to)) {
        (Some(typed), Some(FieldType::String)) if *to == DataType::Utf8View => {
            Ok(Arc::new(to_text(typed, array.len())))
        }
        _ => arrow_cast::cast(array, to),
    }
}

fn to_text(column: Typed<'_>, rows: usize) -> StringViewArray {
    let mut all = StringViewBuilder::with_capacity(rows);
    let mut text = String::new();
    for row in 0..rows {
        text.clear();
        match column.get(row) {
            Some(value) => {
                write_plain(&mut text, value);
                all.append_value(&text);
            }
            None => all.append_null(),
        }
    }
    all.finish()
}
