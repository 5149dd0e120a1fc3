//! Values as JSON text (RFC 8259), for whoever writes or keeps some.

use std::fmt::Write as _;

/// Adds a number. One that JSON does not know is `null`.
pub fn write_float(out: &mut String, value: f64) {
    if value.is_finite() {
        let _ = write!(out, "{value:?}");
    } else {
        out.push_str("null");
    }
}

/// Adds a string with its quotes.
pub fn write_str(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}
