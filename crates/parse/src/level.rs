//! Levels as programs write them.

use record::Level;

use crate::value::Parsed;

/// The level that the field `name` with this value means.
pub(crate) fn from_value(name: &str, value: Parsed<'_>) -> Option<Level> {
    match (name, value) {
        // MongoDB's severity; more than a letter is something else's.
        ("s", Parsed::Text(text)) => mongodb(text),
        (_, Parsed::Text(text)) => from_text(text),
        ("PRIORITY" | "severity", Parsed::Int(number)) => u8::try_from(number).ok().and_then(from_syslog),
        ("levelno", Parsed::Int(number)) => from_python(number),
        ("severityNumber" | "severity_number", Parsed::Int(number)) => from_otel(number),
        ("level", Parsed::Int(number)) => from_pino(number),
        _ => None,
    }
}

/// A word, a letter, or a syslog severity in text.
pub(crate) fn from_text(text: &str) -> Option<Level> {
    match text.as_bytes() {
        [digit @ b'0'..=b'7'] => from_syslog(digit - b'0'),
        [letter] => from_letter(*letter),
        _ => Level::from_word(text),
    }
}

/// RFC 5424, section 6.2.1. What is worse than an error is fatal here.
pub(crate) fn from_syslog(severity: u8) -> Option<Level> {
    Some(match severity {
        0..=2 => Level::Fatal,
        3 => Level::Error,
        4 => Level::Warn,
        5 => Level::Notice,
        6 => Level::Info,
        7 => Level::Debug,
        _ => return None,
    })
}

/// The first letter of a level, as glog, Android, tornado and serilog have it.
pub(crate) fn from_letter(letter: u8) -> Option<Level> {
    Some(match letter {
        b'T' | b'V' => Level::Trace,
        b'D' => Level::Debug,
        b'I' => Level::Info,
        b'N' => Level::Notice,
        b'W' => Level::Warn,
        b'E' => Level::Error,
        b'F' | b'C' => Level::Fatal,
        _ => return None,
    })
}

/// pino and bunyan.
fn from_pino(number: i64) -> Option<Level> {
    Some(match number {
        10 => Level::Trace,
        20 => Level::Debug,
        30 => Level::Info,
        40 => Level::Warn,
        50 => Level::Error,
        60 => Level::Fatal,
        _ => return None,
    })
}

/// The levels of Python's `logging`; those between belong to the one below.
fn from_python(number: i64) -> Option<Level> {
    Some(match number {
        1..=9 => Level::Trace,
        10..=19 => Level::Debug,
        20..=29 => Level::Info,
        30..=39 => Level::Warn,
        40..=49 => Level::Error,
        50..=59 => Level::Fatal,
        _ => return None,
    })
}

/// OpenTelemetry's log data model: four numbers for each level.
fn from_otel(number: i64) -> Option<Level> {
    let names = [Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Fatal];
    usize::try_from(number - 1).ok().and_then(|index| names.get(index / 4).copied())
}

fn mongodb(text: &str) -> Option<Level> {
    match text.as_bytes() {
        [b'D', b'1'..=b'5'] => Some(Level::Debug),
        [letter @ (b'F' | b'E' | b'W' | b'I' | b'D')] => from_letter(*letter),
        _ => None,
    }
}
