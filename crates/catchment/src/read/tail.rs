use std::io::Write as _;

use record::{Level, escape_controls};
use serde_json::{Map, Value};

use super::access::AccessError;
use super::pager::Screen;
use super::paint::{Ink, Paint};
use super::{ReadError, finish};
use crate::cli::{self, TailFormat};
use crate::control::client::ask;
use crate::control::request::Request;
use crate::exit::{Exit, complain};

/// `catchment tail`.
pub(crate) fn tail(options: &cli::Tail) -> Exit {
    finish(run(options))
}

fn run(options: &cli::Tail) -> Result<(), ReadError> {
    let words = options.words.join(" ");
    ::search::Query::parse(&words).map_err(AccessError::from)?;
    let request = Request::Tail { words, from: options.from };
    let mut answer = ask(&options.data.data_dir, &request).map_err(AccessError::from)?;
    let (mut out, paint, mut left) =
        (Screen::plain(), Paint::for_stdout(), options.limit.unwrap_or(u64::MAX));
    let mut line = String::new();
    while left > 0 {
        let Some(event) = answer.event().map_err(AccessError::Answer)? else { break };
        if let Some(skipped) = skipped(event) {
            out.flush()?;
            complain(format_args!(
                "skipped {skipped}: this terminal was too slow, or they are no longer there"
            ));
            continue;
        }
        line.clear();
        match options.format {
            TailFormat::Json => line.push_str(event),
            TailFormat::Text => show(&mut line, event, paint),
        }
        line.push('\n');
        out.write_all(line.as_bytes())?;
        // A person waits for it; whoever reads from a pipe does, too.
        out.flush()?;
        left -= 1;
    }
    Ok(())
}

/// What was skipped, if that is what the event says. No record begins so.
pub(crate) fn skipped(event: &str) -> Option<String> {
    if !event.starts_with("{\"skipped") {
        return None;
    }
    let event: Value = serde_json::from_str(event).ok()?;
    let records = event.get("skipped").map(|records| format!("{records} records"));
    records.or_else(|| Some(format!("{} bytes of the journal", event.get("skipped_bytes")?)))
}

/// A record as a line for people.
fn show(line: &mut String, event: &str, paint: Paint) {
    let Ok(Value::Object(mut record)) = serde_json::from_str(event) else {
        return line.push_str(&escape_controls(event));
    };
    let mut take = |key: &str| match record.remove(key) {
        Some(Value::String(text)) => escape_controls(&text).into_owned(),
        _ => String::new(),
    };
    let (time, level, source, peer, message) =
        (take("time"), take("level"), take("source"), take("peer"), take("message"));
    paint.put(line, Ink::Faint, &time);
    line.push_str("  ");
    paint.put(line, Level::from_word(&level).map_or(Ink::Plain, Ink::Of), &format!("{level:<6}"));
    for text in [source, peer] {
        line.push_str("  ");
        paint.put(line, Ink::Faint, &text);
    }
    line.push_str("  ");
    line.push_str(&message);
    fields(line, record, paint);
}

fn fields(line: &mut String, record: Map<String, Value>, paint: Paint) {
    for (name, value) in record {
        if ["position", "received"].contains(&name.as_str()) {
            continue;
        }
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        paint.put(line, Ink::Faint, &format!("  {}={}", escape_controls(&name), escape_controls(&value)));
    }
}

#[cfg(test)]
mod tests {
    use super::{Paint, show, skipped};

    #[test]
    fn a_record_as_a_line() {
        let mut line = String::new();
        let event = r#"{"position":7,"time":"T","received":"R","source":"s","peer":"p","level":"warn","message":"a\u001bb","status":5,"who":"x"}"#;
        show(&mut line, event, Paint::never());
        assert_eq!(line, "T  warn    s  p  a\\u{1b}b  status=5  who=x");
    }

    #[test]
    fn what_was_skipped() {
        assert_eq!(skipped("{\"skipped\":12}").as_deref(), Some("12 records"));
        assert_eq!(skipped("{\"skipped_bytes\":7}").as_deref(), Some("7 bytes of the journal"));
        assert_eq!(skipped("{\"position\":1,\"skipped\":12}"), None);
    }
}
