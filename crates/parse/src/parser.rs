use record::{Batch, Position, Value};

use crate::auto::Auto;
use crate::found::{Found, Reason};
use crate::grok::Groks;
use crate::pairs::{self, Style};
use crate::pattern::Pattern;
use crate::timestamp::Timestamps;
use crate::{BadParse, Format, Parse, access, cri, head, json, klog, syslog};

/// Takes the message of each record apart: level, time, message and fields become the record's.
///
/// Owns the text of the line it is at and its fields, and uses that memory again; [`Format::Auto`] also a table of 32 KiB. Needs no
/// stop. A line that it cannot take apart stays as it is, and gets the fields `error.stage` and `error.reason`.
#[derive(Debug)]
pub struct Parser {
    name: &'static str,
    reader: Reader,
    line: String,
    found: Found,
    failed: u64,
    last_failure: Option<(Position, String)>,
}

#[derive(Debug)]
enum Reader {
    Auto(Box<Auto>),
    Json,
    Pairs(Style),
    Syslog,
    Access,
    Klog,
    Cri,
    Plain,
    Regex(Box<Pattern>),
    Grok(Box<Groks>),
    Timestamp(Timestamps),
}

impl Parser {
    /// # Errors
    /// When a pattern, a format or the zone is none.
    pub fn new(parse: &Parse) -> Result<Self, BadParse> {
        let zone = parse.time_zone()?;
        let reader = match &parse.format {
            Format::Auto => Reader::Auto(Box::default()),
            Format::Json => Reader::Json,
            Format::Logfmt => Reader::Pairs(Style::Logfmt),
            Format::Kv => Reader::Pairs(Style::Loose),
            Format::Syslog => Reader::Syslog,
            Format::Access => Reader::Access,
            Format::Klog => Reader::Klog,
            Format::Cri => Reader::Cri,
            Format::Plain => Reader::Plain,
            Format::Regex(pattern) => {
                Reader::Regex(Box::new(Pattern::new(pattern).map_err(BadParse::Regex)?))
            }
            Format::Grok(grok) => Reader::Grok(Box::new(Groks::new(grok).map_err(BadParse::Grok)?)),
            Format::Timestamp(format) => {
                Reader::Timestamp(Timestamps::new(format).map_err(BadParse::Timestamp)?)
            }
        };
        Ok(Self {
            name: parse.format.name(),
            reader,
            line: String::new(),
            found: Found::new(zone),
            failed: 0,
            last_failure: None,
        })
    }

    /// Takes all messages of the batch apart.
    pub fn apply(&mut self, batch: &mut Batch) {
        for index in 0..batch.len() {
            let record = batch.get(index);
            self.found.begin(record.received());
            // The batch grows while the line is looked at.
            self.line.clear();
            self.line.push_str(record.message());
            match self.reader.read(&self.line, batch, index, &mut self.found) {
                Ok(()) => self.found.give(batch, index),
                Err(reason) => {
                    self.count_failure(batch.get(index).position(), &reason);
                    batch.set_field(index, "error.stage", Value::Str(self.name));
                    batch.set_field(index, "error.reason", Value::Str(&reason));
                }
            }
        }
    }

    /// How many lines it could not take apart.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// The last line that it could not take apart, and why.
    pub fn last_failure(&self) -> Option<(Position, &str)> {
        self.last_failure.as_ref().map(|(position, reason)| (*position, reason.as_str()))
    }

    fn count_failure(&mut self, position: Position, reason: &str) {
        self.failed += 1;
        let (last, text) = self.last_failure.get_or_insert_default();
        *last = position;
        reason.clone_into(text);
    }
}

impl Reader {
    fn read(&mut self, line: &str, batch: &Batch, index: usize, found: &mut Found) -> Result<(), Reason> {
        match self {
            Self::Auto(auto) => auto.read(line, batch.get(index).peer(), found),
            Self::Json => return json::read(line, found),
            Self::Pairs(style) => pairs::read(line, *style, found)?,
            Self::Access => access::read(line, found)?,
            Self::Klog => klog::read(line, found)?,
            Self::Plain => found.set_head(&head::read(line)),
            Self::Syslog => {
                let message = syslog::read(line, found)?;
                found.set_message(message);
                found.set_level(head::read(message).level);
            }
            Self::Cri => {
                let message = cri::read(line, found)?;
                found.set_message(message);
                found.set_level(head::read(message).level);
            }
            Self::Regex(pattern) => pattern.read(line, found)?,
            Self::Grok(grok) => grok.read(line, found)?,
            Self::Timestamp(format) => format.read(batch, index, found)?,
        }
        Ok(())
    }
}
