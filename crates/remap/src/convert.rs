//! Values of records, and those of scripts.

use std::time::{Duration, UNIX_EPOCH};

use record::Value as Field;
use vrl::prelude::NotNan;
use vrl::value::Value;

/// Later and earlier times than this, in microseconds, are none for scripts.
const TIME_MAX: i64 = 8_000_000_000_000_000_000;

/// The value as scripts have it. There is none for a number that is none.
pub(crate) fn to_script(value: Field<'_>) -> Option<Value> {
    Some(match value {
        Field::Bool(value) => Value::Boolean(value),
        Field::Int(value) => Value::Integer(value),
        Field::Float(value) => Value::Float(NotNan::new(value).ok()?),
        Field::Str(text) => Value::from(text),
        Field::Time(micros) => time(micros),
    })
}

pub(crate) fn time(micros: i64) -> Value {
    let micros = micros.clamp(-TIME_MAX, TIME_MAX);
    let away = Duration::from_micros(micros.unsigned_abs());
    Value::Timestamp(if micros < 0 { UNIX_EPOCH - away } else { UNIX_EPOCH + away }.into())
}

/// True when the script has left it as it was.
pub(crate) fn is_same(value: &Value, field: Field<'_>) -> bool {
    match (value, field) {
        (Value::Boolean(value), Field::Bool(field)) => *value == field,
        (Value::Integer(value), Field::Int(field)) => *value == field,
        (Value::Float(value), Field::Float(field)) => value.to_bits() == field.to_bits(),
        (Value::Bytes(value), Field::Str(field)) => **value == *field.as_bytes(),
        (Value::String(value), Field::Str(field)) => **value == *field,
        (Value::Timestamp(value), Field::Time(field)) => {
            value.timestamp_micros() == field.clamp(-TIME_MAX, TIME_MAX)
        }
        _ => false,
    }
}

/// The value as records have it. `None` for what is text only when it is written as such: bytes that are not UTF-8, arrays, objects.
pub(crate) fn to_record(value: &Value) -> Option<Field<'_>> {
    Some(match value {
        Value::Boolean(value) => Field::Bool(*value),
        Value::Integer(value) => Field::Int(*value),
        Value::Float(value) => Field::Float(value.into_inner()),
        Value::Timestamp(value) => Field::Time(value.timestamp_micros()),
        Value::Bytes(_) | Value::String(_) | Value::Regex(_) => Field::Str(text(value)?),
        Value::Object(_) | Value::Array(_) | Value::Null => return None,
    })
}

/// The text that the value is, if it is one.
pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        Value::Regex(regex) => Some(regex.as_str()),
        _ => None,
    }
}
