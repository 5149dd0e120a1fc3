//! From what a script left back to the record.

use std::borrow::Cow;

use record::{Batch, Level, Record, Value as Field};
use vrl::value::{ObjectMap, Value};

use crate::compile::cannot_be_set;
use crate::convert::{is_same, text, to_record};
use crate::event::{FIXED, LEVELS, NAME_BYTES_MAX, is_shown, own};
use crate::json;
use crate::touched::Touched;

/// A record has at most so many fields: they are looked for one by one.
const FIELDS_MAX: usize = 1024;

pub(crate) type Reason = Cow<'static, str>;

/// Brings what scripts left into their records. Owns memory that it uses again: a name, and the longest JSON text.
#[derive(Debug, Default)]
pub(crate) struct Change {
    path: String,
    text: String,
}

/// What becomes of a level.
#[derive(Clone, Copy, PartialEq)]
enum NewLevel {
    Same,
    Set(Option<Level>),
}

impl Change {
    /// Makes the record what the script left of it, or nothing at all of it.
    ///
    /// # Errors
    /// Why that can be no record.
    pub(crate) fn apply(
        &mut self,
        event: &Value,
        touched: &Touched,
        batch: &mut Batch,
        index: usize,
    ) -> Result<(), Reason> {
        let map = match event {
            Value::Object(map) => map,
            Value::Array(_) => return Err("`.` is an array: a script makes one record of one".into()),
            _ => return Err("`.` is no object".into()),
        };
        let record = batch.get(index);
        self.check(map, record)?;
        let level = new_level(map, record, touched)?;
        let has_level = record.level().is_some();
        batch.retain_fields(index, |name, value| {
            let is_left = || is_left(map, name) && (name != "level" || level == NewLevel::Same);
            !touched.has(name) || !is_shown(name, value, has_level) || is_left()
        });
        if let NewLevel::Set(level) = level {
            batch.set_level(index, level);
        }
        if let Some(value @ Value::Timestamp(time)) = map.get("time")
            && !is_same(value, Field::Time(batch.get(index).time()))
        {
            batch.set_time(index, time.timestamp_micros());
        }
        if let Some(message) = map.get("message")
            && !is_same(message, Field::Str(batch.get(index).message()))
        {
            match (text(message), message) {
                (Some(text), _) => batch.set_message(index, text),
                (None, Value::Bytes(bytes)) => batch.set_message(index, &String::from_utf8_lossy(bytes)),
                // No message: it stays.
                _ => {}
            }
        }
        for (name, value) in map.iter().filter(|(name, value)| !is_own(name, value)) {
            self.path.clear();
            self.path.push_str(name);
            self.set(value, 1, batch, index);
        }
        Ok(())
    }

    fn check(&mut self, map: &ObjectMap, record: Record<'_>) -> Result<(), Reason> {
        let mut count = 0;
        for (name, value) in map {
            match name.as_str() {
                "message" if !matches!(value, Value::Null | Value::Bytes(_) | Value::String(_)) => {
                    return Err("`.message` is to be a string".into());
                }
                "time" if !matches!(value, Value::Null | Value::Timestamp(_)) => {
                    return Err("`.time` is to be a timestamp, as `parse_timestamp` makes one".into());
                }
                name if FIXED.contains(&name) => {
                    if !value.is_null() && own(record, name).as_ref() != Some(value) {
                        return Err(cannot_be_set(name).into());
                    }
                }
                name if is_own(name, value) => {}
                name => {
                    self.path.clear();
                    self.path.push_str(name);
                    self.check_field(value, 1, &mut count)?;
                }
            }
        }
        Ok(())
    }

    fn check_field(&mut self, value: &Value, level: usize, count: &mut usize) -> Result<(), Reason> {
        match value {
            Value::Null => return Ok(()),
            Value::Object(members) if level < LEVELS => {
                let above = self.path.len();
                for (name, member) in members {
                    self.path.push('.');
                    self.path.push_str(name);
                    self.check_field(member, level + 1, count)?;
                    self.path.truncate(above);
                }
                return Ok(());
            }
            Value::Object(_) | Value::Array(_) => {
                self.text.clear();
                json::write(&mut self.text, value)?;
            }
            _ => {}
        }
        *count += 1;
        if !(1..=NAME_BYTES_MAX).contains(&self.path.len()) {
            return Err("a field has no name, or one of more than 255 bytes".into());
        }
        if *count > FIELDS_MAX {
            return Err("more than 1024 fields".into());
        }
        Ok(())
    }

    /// Sets the fields that a value is. It was checked.
    fn set(&mut self, value: &Value, level: usize, batch: &mut Batch, index: usize) {
        match value {
            Value::Null => {}
            Value::Object(members) if level < LEVELS => {
                let above = self.path.len();
                for (name, member) in members {
                    self.path.push('.');
                    self.path.push_str(name);
                    self.set(member, level + 1, batch, index);
                    self.path.truncate(above);
                }
            }
            value => {
                let field = batch.get(index).field(&self.path);
                if field.is_some_and(|field| is_same(value, field)) {
                    return;
                }
                if let Some(value) = to_record(value) {
                    batch.set_field(index, &self.path, value);
                    return;
                }
                self.text.clear();
                match value {
                    Value::Bytes(bytes) => self.text.push_str(&String::from_utf8_lossy(bytes)),
                    value => _ = json::write(&mut self.text, value),
                }
                if field != Some(Field::Str(&self.text)) {
                    batch.set_field(index, &self.path, Field::Str(&self.text));
                }
            }
        }
    }
}

fn new_level(map: &ObjectMap, record: Record<'_>, touched: &Touched) -> Result<NewLevel, Reason> {
    if !touched.has("level") {
        return Ok(NewLevel::Same);
    }
    let now = record.level().map(|level| Field::Str(level.name())).or_else(|| record.field("level"));
    match (map.get("level"), now) {
        (None | Some(Value::Null), _) => Ok(NewLevel::Set(None)),
        (Some(Value::Object(_)), _) if record.level().is_some() => Ok(NewLevel::Set(None)),
        (Some(Value::Object(_)), _) => Ok(NewLevel::Same),
        (Some(value), Some(now)) if is_same(value, now) => Ok(NewLevel::Same),
        (Some(value), _) => match text(value).and_then(Level::from_word) {
            Some(level) => Ok(NewLevel::Set(Some(level))),
            None => Err("`.level` is to be one of trace, debug, info, notice, warn, error, fatal".into()),
        },
    }
}

fn is_own(name: &str, value: &Value) -> bool {
    // A level that is an object is no level, but one in the name of a field: `level.code`.
    matches!(name, "message" | "time") || FIXED.contains(&name) || (name == "level" && !value.is_object())
}

/// True when a field of this name comes of it.
fn is_left(map: &ObjectMap, name: &str) -> bool {
    let is_field = |value: &Value| !value.is_null() && !value.is_object();
    if map.get(name).is_some_and(is_field) {
        return true;
    }
    let (mut map, mut rest) = (map, name);
    while let Some((head, tail)) = rest.split_once('.') {
        let Some(Value::Object(below)) = map.get(head) else { return false };
        (map, rest) = (below, tail);
    }
    map.get(rest).is_some_and(is_field)
}
