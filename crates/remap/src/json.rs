use std::fmt::Write as _;

use record::json::{write_float, write_str};
use vrl::value::Value;

/// A value that is deeper than this is refused: nobody reads it, and a script can make one of any depth.
const LEVELS_MAX: usize = 128;

/// Adds the value as JSON text.
///
/// # Errors
/// When it is too deep.
pub(crate) fn write(out: &mut String, value: &Value) -> Result<(), &'static str> {
    write_below(out, value, LEVELS_MAX)
}

fn write_below(out: &mut String, value: &Value, levels: usize) -> Result<(), &'static str> {
    let below = || levels.checked_sub(1).ok_or("a value is more than 128 levels deep");
    match value {
        Value::Null => out.push_str("null"),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        // Writing to a string cannot fail.
        Value::Integer(value) => _ = write!(out, "{value}"),
        Value::Float(value) => write_float(out, value.into_inner()),
        Value::Bytes(bytes) => write_str(out, &String::from_utf8_lossy(bytes)),
        Value::String(text) => write_str(out, text),
        Value::Regex(_) | Value::Timestamp(_) => write_str(out, &value.to_string_lossy()),
        Value::Array(elements) => {
            let below = below()?;
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_below(out, element, below)?;
            }
            out.push(']');
        }
        Value::Object(members) => {
            let below = below()?;
            out.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_str(out, name);
                out.push(':');
                write_below(out, member, below)?;
            }
            out.push('}');
        }
    }
    Ok(())
}
