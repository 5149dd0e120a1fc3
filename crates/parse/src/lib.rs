//! From the text of a line to its level, time, message and typed fields.
//!
//! A [`Parser`] goes over the records of a batch. A format reads one line into what it says (`found.rs`); only when all of it was
//! read is that given to the record, so a line is taken apart or kept as it is, never half of both.
//!
//! # Level
//!
//! A word (`ERROR`, `[warn]`, `level=…`, `"severity":…`), a number (syslog's, pino's and bunyan's 10 to 60 in JSON, Python's
//! `levelno`, OpenTelemetry's), or a letter (klog, Android, tornado, the marks of Redis); never a word in the middle of prose.
//!
//! # Time
//!
//! What the line says counts more than when it was received, if it can be true: from 1970 to a day after it was received. A time
//! without a year is of the last year in which it can be true, one without a zone of the zone that is configured, or of UTC.
//!
//! # Types
//!
//! A text that is a value is one of its type: `true`, whole numbers of 64 bits, decimal numbers. What would not come back as the same
//! number stays text: leading zeros, a plus, too many digits.
//!
//! # Limits
//!
//! A line has at most 1024 fields, with names of 1 to 255 bytes; JSON is at most 128 levels deep. A grok pattern goes back at most
//! 100,000 times on a line, of at most 64 KiB; a regular expression takes time linear in it.
#![forbid(unsafe_code)]

mod access;
mod auto;
mod cri;
mod format;
mod found;
mod grok;
mod head;
mod json;
mod klog;
mod level;
mod pairs;
mod parser;
mod pattern;
mod recent;
mod scan;
mod syslog;
#[cfg(test)]
mod tests;
mod time;
mod timestamp;
mod unescape;
mod value;

pub use self::grok::Grok;
pub use format::{BadParse, Format, Parse};
pub use parser::Parser;
pub use timestamp::TimestampFormat;
pub use value::typed_value;
