use std::ops::Range;

use net::Fanout;
use pipeline::{Format, Output, OutputError};
use record::{Batch, Position};

use super::TEXT_BYTES;
use crate::config::LineFormat;

/// Gives the records of a pipeline to a fan-out, as lines.
///
/// What it owns: text that is not in the ring yet, which [`TEXT_BYTES`] and one record bound. It waits for no receiver and cannot fail. It keeps no
/// place, for it is live: what was in the journal before the start is not sent, and what is on its way at the stop or at a crash is not sent either.
/// It stops with its pipeline.
pub(crate) struct FanoutOutput {
    name: String,
    format: Format,
    /// The source whose peers are the receivers: their own lines are not for them.
    source: Option<String>,
    fanout: Fanout,
    text: String,
    /// Up to here everything was sent, or is not to be.
    reached: Position,
}

impl FanoutOutput {
    pub(super) fn new(
        name: &str,
        format: LineFormat,
        source: Option<String>,
        fanout: Fanout,
        before: Position,
    ) -> Self {
        let format = match format {
            LineFormat::Text => Format::Text,
            LineFormat::Message => Format::Message,
            LineFormat::Json => Format::Json,
        };
        Self { name: name.to_owned(), format, source, fanout, text: String::new(), reached: before }
    }
}

/// Publishes the lines that are in the text.
fn publish(fanout: &Fanout, text: &mut String, lines: &mut Vec<(Range<usize>, Option<&str>)>) {
    fanout.publish(lines.drain(..).map(|(line, sender)| (sender, &text.as_bytes()[line])));
    text.clear();
}

impl Output for FanoutOutput {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume_from(&self) -> Position {
        Position(0)
    }

    /// Records that came in before are passed over: the pipeline may read again for another output.
    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        let Self { source, fanout, text, reached, format, .. } = self;
        let mut lines = Vec::new();
        for record in records.iter().filter(|record| record.position() > *reached) {
            let from = text.len();
            format.write(text, record);
            let is_theirs = source.as_deref() == Some(record.source());
            lines.push((from..text.len() - 1, is_theirs.then(|| record.peer())));
            if text.len() >= TEXT_BYTES {
                publish(fanout, text, &mut lines);
            }
        }
        if !lines.is_empty() {
            publish(fanout, text, &mut lines);
        }
        *reached = upto.max(*reached);
        Ok(())
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        Ok(self.reached)
    }
}
