use record::Level;
use serde_json::Value;

use crate::top::text::safe;

/// So much of a line is kept, in characters: more than the largest screen shows of it.
const TEXT_CHARS_MAX: usize = 4096;

/// So much of what stands before it.
const HEAD_CHARS_MAX: usize = 64;

/// A record as it is shown; every text in it is safe for a terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) position: u64,
    pub(crate) time: String,
    pub(crate) level: String,
    pub(crate) text: String,
}

impl Line {
    /// A record as the tail and the store give it; what is none is shown as it came.
    pub(crate) fn of(event: &str) -> Self {
        let Ok(Value::Object(mut record)) = serde_json::from_str(event) else {
            return Self { text: safe(event, TEXT_CHARS_MAX), ..Self::default() };
        };
        let mut take = |key: &str, chars_max| match record.remove(key) {
            Some(Value::String(text)) => safe(&text, chars_max),
            _ => String::new(),
        };
        let (time, level, mut text) =
            (take("time", HEAD_CHARS_MAX), take("level", HEAD_CHARS_MAX), take("message", TEXT_CHARS_MAX));
        let position = record.get("position").and_then(Value::as_u64).unwrap_or(0);
        for (name, value) in record {
            if text.len() > TEXT_CHARS_MAX {
                break;
            }
            if ["position", "received", "source", "peer"].contains(&name.as_str()) {
                continue;
            }
            let value = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let field = format!("  {}={}", safe(&name, HEAD_CHARS_MAX), safe(&value, TEXT_CHARS_MAX));
            text.push_str(&field);
        }
        Self { position, time, level, text }
    }

    /// How serious it is, if it says so.
    pub(crate) fn level(&self) -> Option<Level> {
        Level::from_word(&self.level)
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.time.len() + self.level.len() + self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, TEXT_CHARS_MAX};

    #[test]
    fn a_record_is_shown_and_never_obeyed() {
        let line = Line::of(
            r#"{"position":7,"time":"T","received":"R","source":"s","peer":"p","level":"warn","message":"a\u001b[2J\u202eb\tc","status":5,"who":"x\u0007"}"#,
        );
        assert_eq!((line.position, &*line.time, &*line.level), (7, "T", "warn"));
        assert_eq!(line.text, "a\\u{1b}[2J\\u{202e}b c  status=5  who=x\\u{7}");
        assert_eq!(line.level(), Some(record::Level::Warn));
        assert_eq!(Line::of("no\u{1b}json").text, "no\\u{1b}json");
    }

    #[test]
    fn a_line_of_any_length_takes_little() {
        let event = serde_json::json!({ "message": "x".repeat(1 << 20), "field": "y".repeat(1 << 20) });
        assert!(Line::of(&event.to_string()).bytes() < 3 * TEXT_CHARS_MAX);
    }
}
