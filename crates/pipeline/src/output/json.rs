//! A record as one JSON object.
//!
//! The keys are `position`, `nth` if it is not the first record of its line, `time`, `received`, `source`, `peer`, `level` if it has
//! one, `message`, `flags` if it has any (their names, with commas), then its fields. A field that is called like one of these, or `raw` or `extra`, is in an object `extra`,
//! as it is in the table. Times are RFC 3339 with microseconds, in UTC.

use std::fmt::Write as _;

use jiff::Timestamp;
use record::json::write_float;
pub use record::json::write_str;
use record::{Record, Value};

/// Names that no field has at the top.
const RESERVED: [&str; 11] =
    ["position", "nth", "time", "received", "source", "peer", "level", "message", "flags", "raw", "extra"];

/// Adds the record to `out`, without a newline.
pub fn write_record(out: &mut String, record: Record<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{{\"position\":{}", record.position());
    if record.nth() > 0 {
        let _ = write!(out, ",\"nth\":{}", record.nth());
    }
    out.push_str(",\"time\":");
    let time_at = out.len();
    write_time(out, record.time());
    out.push_str(",\"received\":");
    if record.received() == record.time() {
        out.extend_from_within(time_at..out.len() - ",\"received\":".len());
    } else {
        write_time(out, record.received());
    }
    out.push_str(",\"source\":");
    write_str(out, record.source());
    out.push_str(",\"peer\":");
    write_str(out, record.peer());
    if let Some(level) = record.level() {
        let _ = write!(out, ",\"level\":\"{level}\"");
    }
    out.push_str(",\"message\":");
    write_str(out, record.message());
    let mut before = ",\"flags\":\"";
    for name in record.flags().names() {
        out.push_str(before);
        out.push_str(name);
        before = ",";
    }
    if !record.flags().is_empty() {
        out.push('"');
    }
    write_fields(out, record);
    out.push('}');
}

fn write_fields(out: &mut String, record: Record<'_>) {
    let mut extra = false;
    for (name, value) in record.fields() {
        if RESERVED.contains(&name) {
            extra = true;
        } else {
            out.push(',');
            write_field(out, name, value);
        }
    }
    if extra {
        let mut before = ",\"extra\":{";
        for (name, value) in record.fields().filter(|(name, _)| RESERVED.contains(name)) {
            out.push_str(before);
            write_field(out, name, value);
            before = ",";
        }
        out.push('}');
    }
}

fn write_field(out: &mut String, name: &str, value: Value<'_>) {
    write_str(out, name);
    out.push(':');
    write_value(out, value);
}

/// Adds a field's value. A number that JSON does not know is `null`.
pub fn write_value(out: &mut String, value: Value<'_>) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) => return write_float(out, value),
        Value::Str(value) => return write_str(out, value),
        Value::Time(value) => return write_time(out, value),
    };
}

fn write_time(out: &mut String, micros: i64) {
    // A time that no calendar has is shown as the nearest one that it has.
    let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let time = Timestamp::from_microsecond(micros).unwrap_or(nearest);
    let _ = write!(out, "\"{time:.6}\"");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};

    use super::{write_record, write_str, write_value};

    fn batch(bytes: &[u8], flags: LineFlags) -> Batch {
        let mut batch = Batch::new();
        let (position, received) = (Position(7), Micros(1));
        batch.push(&Line { position, received, source: "s", peer: "h:1", bytes, flags });
        batch
    }

    fn json(batch: &Batch) -> String {
        let mut out = String::new();
        write_record(&mut out, batch.get(0));
        out
    }

    #[test]
    fn what_a_record_has_and_nothing_else() {
        let mut plain = batch(b"a\"\xff", LineFlags::default());
        assert_eq!(
            json(&plain),
            "{\"position\":7,\"time\":\"1970-01-01T00:00:00.000001Z\",\"received\":\"1970-01-01T00:00:00.000001Z\",\
             \"source\":\"s\",\"peer\":\"h:1\",\"message\":\"a\\\"\u{fffd}\"}"
        );
        plain.set_time(0, -1);
        assert!(json(&plain).contains("\"time\":\"1969-12-31T23:59:59.999999Z\",\"received\":\"1970"));
        plain.set_time(0, i64::MAX);
        assert!(json(&plain).contains("\"time\":\"9999-12-30"));
    }

    #[test]
    fn level_flags_fields_and_names_that_are_taken() {
        let mut all = batch(b"m", LineFlags::SPLIT.with(LineFlags::UNTERMINATED));
        all.set_level(0, Some(Level::Warn));
        for (name, value) in [
            ("a.b", Value::Int(-5)),
            ("source", Value::Str("theirs")),
            ("ok", Value::Bool(true)),
            ("x", Value::Float(1.0)),
            ("nan", Value::Float(f64::NAN)),
            ("raw", Value::Float(1e300)),
            ("at", Value::Time(0)),
        ] {
            all.set_field(0, name, value);
        }
        assert!(json(&all).ends_with(
            "\"peer\":\"h:1\",\"level\":\"warn\",\"message\":\"m\",\"flags\":\"unterminated,split\",\
             \"a.b\":-5,\"ok\":true,\"x\":1.0,\"nan\":null,\"at\":\"1970-01-01T00:00:00.000000Z\",\
             \"extra\":{\"source\":\"theirs\",\"raw\":1e300}}"
        ));
    }

    proptest! {
        #[test]
        fn any_text_and_number_is_read_back(text in any::<String>(), number in any::<f64>(), whole in any::<i64>()) {
            let mut out = String::new();
            write_str(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
            out.clear();
            write_value(&mut out, Value::Int(whole));
            prop_assert_eq!(serde_json::from_str::<i64>(&out).unwrap(), whole);
            out.clear();
            write_value(&mut out, Value::Float(number));
            if number.is_finite() {
                let read: f64 = serde_json::from_str(&out).unwrap();
                prop_assert!((read - number).abs() <= number.abs() * 1e-15);
            } else {
                prop_assert_eq!(out, "null");
            }
        }
    }
}
