use std::borrow::Cow;
use std::io::{self, Write};

use arrow_array::cast::AsArray as _;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch, StringViewArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use record::{Level, escape_controls};

use super::paint::{Ink, Paint};

/// What every record has; whatever else it has is shown behind its message.
const CORE: [&str; 10] =
    ["position", "time", "received", "source", "peer", "level", "message", "flags", "raw", "extra"];

/// Writes records for people: a line for each, `time level source peer message field=value …`.
pub(crate) struct Records {
    paint: Paint,
}

impl Records {
    pub(crate) fn new(paint: Paint) -> Self {
        Self { paint }
    }

    pub(crate) fn rows(&self, out: &mut impl Write, batch: &RecordBatch) -> io::Result<()> {
        let options = FormatOptions::default().with_types_info(false);
        let schema = batch.schema();
        let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_view_opt());
        let time = batch
            .column_by_name("time")
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        let fields: Result<Vec<_>, _> = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .filter(|(field, _)| !CORE.contains(&field.name().as_str()))
            .map(|(field, column)| {
                ArrayFormatter::try_new(column, &options).map(|shown| (field.name(), column, shown))
            })
            .collect();
        let fields = fields.map_err(io::Error::other)?;
        let (level, source, peer) = (text("level"), text("source"), text("peer"));
        let (message, extra) = (text("message"), text("extra"));
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            if let Some(time) = time {
                self.paint.put(&mut line, Ink::Faint, &shown_time(time.value(row)));
            }
            let level = cell(level, row);
            let word = level.as_deref().unwrap_or("");
            line.push_str("  ");
            self.paint.put(
                &mut line,
                Level::from_word(word).map_or(Ink::Plain, Ink::Of),
                &format!("{word:<6}"),
            );
            for column in [source, peer] {
                line.push_str("  ");
                self.paint.put(&mut line, Ink::Faint, &cell(column, row).unwrap_or_default());
            }
            line.push_str("  ");
            line.push_str(&cell(message, row).unwrap_or_default());
            for (name, column, shown) in &fields {
                if column.is_valid(row) {
                    let pair = format!(
                        "  {}={}",
                        escape_controls(name),
                        escape_controls(&shown.value(row).to_string())
                    );
                    self.paint.put(&mut line, Ink::Faint, &pair);
                }
            }
            if let Some(extra) = cell(extra, row) {
                self.paint.put(&mut line, Ink::Faint, &format!("  {extra}"));
            }
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }
}

/// A text that is safe to show, if there is one.
fn cell(column: Option<&StringViewArray>, row: usize) -> Option<Cow<'_, str>> {
    column.filter(|column| column.is_valid(row)).map(|column| escape_controls(column.value(row)))
}

/// RFC 3339 in UTC, to the millisecond.
pub(crate) fn shown_time(micros: i64) -> String {
    let time = Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    });
    DateTimePrinter::new().precision(Some(3)).timestamp_to_string(&time)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};

    use super::{Paint, Records};

    fn batch() -> RecordBatch {
        let text = |values: Vec<Option<&str>>| Arc::new(StringViewArray::from(values)) as ArrayRef;
        let time: ArrayRef =
            Arc::new(TimestampMicrosecondArray::from(vec![1_000_000, -1]).with_timezone("UTC"));
        RecordBatch::try_from_iter_with_nullable([
            ("time", time, false),
            ("source", text(vec![Some("s"), Some("s")]), false),
            ("peer", text(vec![Some("h:1"), Some("h:2")]), false),
            ("level", text(vec![Some("error"), None]), true),
            ("message", text(vec![Some("no\x07 disk"), Some("fine")]), false),
            ("status", Arc::new(Int64Array::from(vec![Some(500), None])) as ArrayRef, true),
        ])
        .unwrap()
    }

    #[test]
    fn a_line_for_each_record() {
        let mut out = Vec::new();
        Records::new(Paint::never()).rows(&mut out, &batch()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "1970-01-01T00:00:01.000Z  error   s  h:1  no\\u{7} disk  status=500\n\
             1969-12-31T23:59:59.999Z          s  h:2  fine\n"
        );
    }

    #[test]
    fn levels_have_colours_on_a_terminal() {
        let mut out = Vec::new();
        Records::new(Paint::always()).rows(&mut out, &batch()).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("\x1b[31merror \x1b[0m"));
    }
}
