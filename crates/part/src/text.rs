//! Values as text: in columns whose types differ, and in `extra`.

use std::fmt::Write as _;

use record::Value;

/// Writes a value as the text of a column: text as it is, numbers as JSON writes them, times as RFC 3339 in UTC
/// with six decimals (years 0 to 9999; others as the number of microseconds).
pub(crate) fn write_plain(out: &mut String, value: Value<'_>) {
    let _ = match value {
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) => return write_float(out, value),
        Value::Str(value) => return out.push_str(value),
        Value::Time(value) => match jiff::Timestamp::from_microsecond(value) {
            Ok(time) => write!(out, "{time:.6}"),
            Err(_) => write!(out, "{value}"),
        },
    };
}

/// Writes a value as JSON. What JSON has no form for is a string.
pub(crate) fn write_json(out: &mut String, value: Value<'_>) {
    match value {
        Value::Str(text) => write_json_string(out, text),
        Value::Bool(_) | Value::Int(_) => write_plain(out, value),
        Value::Float(number) if number.is_finite() => write_plain(out, value),
        Value::Float(_) | Value::Time(_) => {
            out.push('"');
            write_plain(out, value);
            out.push('"');
        }
    }
}

/// Adds a member to the JSON object in `out`, which is empty or the whole object so far.
pub(crate) fn add_member(out: &mut String, name: &str, value: Value<'_>) {
    match out.pop() {
        None => out.push('{'),
        Some(_) if out == "{" => {}
        Some(_) => out.push(','),
    }
    write_json_string(out, name);
    out.push(':');
    write_json(out, value);
    out.push('}');
}

fn write_json_string(out: &mut String, text: &str) {
    // Text never fails to be a JSON string.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn write_float(out: &mut String, value: f64) {
    match serde_json::Number::from_f64(value) {
        Some(number) => {
            let _ = write!(out, "{number}");
        }
        None if value.is_nan() => out.push_str("NaN"),
        None => out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

#[cfg(test)]
mod tests {
    use record::Value;

    use super::{add_member, write_plain};

    #[test]
    fn values_as_text() {
        for (value, text) in [
            (Value::Bool(true), "true"),
            (Value::Int(-7), "-7"),
            (Value::Float(1.0), "1.0"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(f64::NEG_INFINITY), "-Infinity"),
            (Value::Float(f64::NAN), "NaN"),
            (Value::Str("a\"b"), "a\"b"),
            (Value::Time(1_700_000_000_000_001), "2023-11-14T22:13:20.000001Z"),
            (Value::Time(-1), "1969-12-31T23:59:59.999999Z"),
            (Value::Time(i64::MAX), "9223372036854775807"),
        ] {
            let mut out = String::new();
            write_plain(&mut out, value);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn members_make_one_json_object() {
        let mut out = String::new();
        for (name, value) in [
            ("a\n", Value::Str("\"\u{1}")),
            ("b", Value::Float(f64::INFINITY)),
            ("c", Value::Int(1)),
            ("d", Value::Time(0)),
        ] {
            add_member(&mut out, name, value);
        }
        assert_eq!(out, r#"{"a\n":"\"\u0001","b":"Infinity","c":1,"d":"1970-01-01T00:00:00.000000Z"}"#);
    }
}
