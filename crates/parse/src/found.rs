//! What one line says.

use std::borrow::Cow;
use std::ops::Range;

use jiff::tz::TimeZone;
use record::{Batch, Level, Value};

use crate::head::Head;
use crate::level;
use crate::time::{self, Clock, Stamp};
use crate::value::Parsed;

/// More fields than this make a line too much to be parsed: they are looked for one by one.
const FIELDS_MAX: usize = 1024;
/// The longest name of a field, in bytes, dots included.
const NAME_BYTES_MAX: usize = 255;

/// Why a line cannot be taken apart.
pub(crate) type Reason = Cow<'static, str>;

/// What one line says: its time, level, message and fields, in one piece of memory that is used again. They are set only when
/// all of the line was read.
#[derive(Debug)]
pub(crate) struct Found {
    clock: Clock,
    text: String,
    fields: Vec<(Range<usize>, Stored)>,
    message: Option<Range<usize>>,
    time: Option<i64>,
    level: Option<Level>,
    /// The name of the JSON value that is being read.
    pub(crate) path: String,
}

#[derive(Debug)]
enum Stored {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Range<usize>),
}

/// What was found outside of the text within a line.
#[derive(Debug)]
pub(crate) struct Outer {
    level: Option<Level>,
    time: Option<i64>,
    fields: usize,
    text: usize,
}

/// Which of a record's own a field would set.
enum Own {
    Message,
    Level,
    Time,
}

impl Found {
    /// For lines whose times have no zone of their own to be in `zone`.
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self {
            clock: Clock { received: 0, zone },
            text: String::new(),
            fields: Vec::new(),
            message: None,
            time: None,
            level: None,
            path: String::new(),
        }
    }

    /// What times are held against.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Begins a line that was received then.
    pub(crate) fn begin(&mut self, received: i64) {
        self.clock.received = received;
        self.clear();
    }

    /// Forgets all of the line.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.fields.clear();
        self.path.clear();
        (self.message, self.time, self.level) = (None, None, None);
    }

    /// Adds a field.
    ///
    /// # Errors
    /// When it has no name or too long a one, or there are too many.
    #[inline]
    pub(crate) fn add(&mut self, name: &str, value: Parsed<'_>) -> Result<(), &'static str> {
        if !(1..=NAME_BYTES_MAX).contains(&name.len()) {
            return Err("a field has no name, or one of more than 255 bytes");
        }
        if self.fields.len() >= FIELDS_MAX {
            return Err("more than 1024 fields");
        }
        let name = add_text(&mut self.text, name);
        let value = match value {
            Parsed::Bool(value) => Stored::Bool(value),
            Parsed::Int(value) => Stored::Int(value),
            Parsed::Float(value) => Stored::Float(value),
            Parsed::Text(text) => Stored::Text(add_text(&mut self.text, text)),
        };
        self.fields.push((name, value));
        Ok(())
    }

    /// Adds a field, or sets the record's own if the name is that of a message, level or time, the value is understood, and no
    /// field before it did.
    ///
    /// # Errors
    /// As [`Found::add`].
    #[inline]
    pub(crate) fn offer(&mut self, name: &str, value: Parsed<'_>) -> Result<(), &'static str> {
        let is_taken = match own(name) {
            None => false,
            Some(Own::Message) => self.message.is_none() && self.offer_message(name, value),
            Some(Own::Level) => self.level.is_none() && self.set_level(level::from_value(name, value)),
            Some(Own::Time) => self.time.is_none() && self.set_time(time::from_value(value, &self.clock)),
        };
        if is_taken { Ok(()) } else { self.add(name, value) }
    }

    /// Offers the value of the field `path`, which was checked, while there is room for it.
    pub(crate) fn offer_at_path(&mut self, value: Parsed<'_>) {
        let path = std::mem::take(&mut self.path);
        let _ = self.offer(&path, value);
        self.path = path;
    }

    /// Adds the JSON text that `write` writes as the value of the field `path`.
    pub(crate) fn add_json<E>(&mut self, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let name = add_text(&mut self.text, &self.path);
        let from = self.text.len();
        write(&mut self.text)?;
        self.fields.push((name, Stored::Text(from..self.text.len())));
        Ok(())
    }

    /// True when there is no room for another field.
    pub(crate) fn is_full(&self) -> bool {
        self.fields.len() >= FIELDS_MAX
    }

    /// True when a field's name may be so long.
    pub(crate) fn is_name_len(len: usize) -> bool {
        (1..=NAME_BYTES_MAX).contains(&len)
    }

    pub(crate) fn set_message(&mut self, text: &str) {
        self.message = Some(add_text(&mut self.text, text));
    }

    /// The message, if the line has one of its own.
    pub(crate) fn message(&self) -> Option<&str> {
        self.message.clone().map(|range| &self.text[range])
    }

    pub(crate) fn has_level(&self) -> bool {
        self.level.is_some()
    }

    pub(crate) fn has_time(&self) -> bool {
        self.time.is_some()
    }

    /// Sets the level if there is one, and says whether.
    pub(crate) fn set_level(&mut self, level: Option<Level>) -> bool {
        self.level = level.or(self.level);
        level.is_some()
    }

    /// Sets the time if there is one and it can be true, and says whether.
    pub(crate) fn set_time(&mut self, time: Option<i64>) -> bool {
        let time = time.filter(|time| self.clock.is_sane(*time));
        self.time = time.or(self.time);
        time.is_some()
    }

    /// As [`Found::set_time`].
    pub(crate) fn set_stamp(&mut self, stamp: Stamp) -> bool {
        let time = stamp.resolve(&self.clock);
        self.set_time(time)
    }

    /// Sets what the head of a text says.
    pub(crate) fn set_head(&mut self, head: &Head) {
        self.set_level(head.level);
        if let Some(stamp) = head.stamp {
            self.set_stamp(stamp);
        }
    }

    /// Begins the text that stands within the line: level, message and time are open again until [`Found::end_inner`].
    pub(crate) fn begin_inner(&mut self) -> Outer {
        let outer =
            Outer { level: self.level, time: self.time, fields: self.fields.len(), text: self.text.len() };
        (self.level, self.time, self.message) = (None, None, None);
        outer
    }

    /// Forgets what was found since then.
    pub(crate) fn undo(&mut self, outer: &Outer) {
        self.fields.truncate(outer.fields);
        self.text.truncate(outer.text);
        self.path.clear();
        (self.level, self.time, self.message) = (None, None, None);
    }

    /// Ends it: a level from within counts more than the one outside, a time less, and the message is `text` if it has none.
    pub(crate) fn end_inner(&mut self, outer: &Outer, text: &str) {
        self.level = self.level.or(outer.level);
        self.time = outer.time.or(self.time);
        if self.message.is_none() {
            self.set_message(text);
        }
    }

    /// Gives all of it to the record.
    pub(crate) fn give(&self, batch: &mut Batch, index: usize) {
        if let Some(time) = self.time {
            batch.set_time(index, time);
        }
        if self.level.is_some() {
            batch.set_level(index, self.level);
        }
        if let Some(message) = self.message() {
            batch.set_message(index, message);
        }
        for (name, value) in &self.fields {
            let value = match value {
                Stored::Bool(value) => Value::Bool(*value),
                Stored::Int(value) => Value::Int(*value),
                Stored::Float(value) => Value::Float(*value),
                Stored::Text(range) => Value::Str(&self.text[range.clone()]),
            };
            batch.set_field(index, &self.text[name.clone()], value);
        }
    }

    fn offer_message(&mut self, name: &str, value: Parsed<'_>) -> bool {
        let Parsed::Text(mut text) = value else { return false };
        if name == "log" {
            // Docker ends what it calls `log` with a newline; for others it is the name of a file or a channel.
            let Some(line) = text.strip_suffix('\n') else { return false };
            text = line;
        }
        self.set_message(text);
        true
    }
}

/// The names that programs and their libraries give to what each record has.
fn own(name: &str) -> Option<Own> {
    match name {
        "message" | "msg" | "fields.message" | "@m" | "MESSAGE" | "short_message" | "textPayload" | "log" => {
            Some(Own::Message)
        }
        "level" | "severity" | "lvl" | "log.level" | "levelname" | "levelno" | "loglevel" | "@l"
        | "PRIORITY" | "s" | "severityText" | "severity_text" | "severityNumber" | "severity_number" => {
            Some(Own::Level)
        }
        "time"
        | "timestamp"
        | "ts"
        | "@timestamp"
        | "t"
        | "@t"
        | "t.$date"
        | "asctime"
        | "datetime"
        | "__REALTIME_TIMESTAMP" => Some(Own::Time),
        _ => None,
    }
}

fn add_text(arena: &mut String, text: &str) -> Range<usize> {
    let from = arena.len();
    arena.push_str(text);
    from..arena.len()
}
