mod card;
mod secret;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use record::{Batch, Value};
use regex::Regex;

use super::{BadStage, Redact};

/// [`Redact`] at work. Owns the compiled patterns and the fields of the record it is at.
#[derive(Debug)]
pub(super) struct Redactor {
    told: Redact,
    email: Regex,
    secret: secret::Secrets,
    patterns: Vec<(String, Regex)>,
    changes: Vec<(String, String)>,
    changed: u64,
}

impl Redactor {
    pub(super) fn new(told: &Redact) -> Result<Self, BadStage> {
        let compile = |name: &str, pattern: &str| {
            let bad = |reason: String| BadStage::Pattern { name: name.to_owned(), reason };
            let regex = Regex::new(pattern).map_err(|error| bad(error.to_string()))?;
            if regex.is_match("") { Err(bad("it also finds nothing at all".to_owned())) } else { Ok(regex) }
        };
        let own =
            |(name, pattern): &(String, String)| compile(name, pattern).map(|regex| (name.clone(), regex));
        Ok(Self {
            told: told.clone(),
            email: compile("email", EMAIL)?,
            secret: secret::Secrets::new()?,
            patterns: told.patterns.iter().map(own).collect::<Result<_, _>>()?,
            changes: Vec::new(),
            changed: 0,
        })
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        for index in 0..batch.len() {
            let record = batch.get(index);
            let message = self.text(record.message());
            for (name, value) in record.fields() {
                if let Some(value) = self.value(name, value) {
                    self.changes.push((name.to_owned(), value));
                }
            }
            self.changed += u64::from(message.is_some() || !self.changes.is_empty());
            if let Some(message) = message {
                batch.set_message(index, &message);
            }
            for (name, value) in self.changes.drain(..) {
                batch.set_field(index, &name, Value::Str(&value));
            }
        }
    }

    /// Records in which something was found.
    pub(super) fn changed(&self) -> u64 {
        self.changed
    }

    /// What a field's value becomes; `None` when it stays.
    fn value(&self, name: &str, value: Value<'_>) -> Option<String> {
        if self.told.tokens && secret::is_name(name) && !matches!(value, Value::Bool(_) | Value::Str("")) {
            return Some(mark("token")).filter(|mark| value != Value::Str(mark));
        }
        match value {
            Value::Str(text) => self.text(text),
            // A number that was written without spaces is one for the parser.
            Value::Int(number) => self.text(&number.to_string()),
            Value::Bool(_) | Value::Float(_) | Value::Time(_) => None,
        }
    }

    /// What a text becomes; `None` when it stays.
    fn text(&self, text: &str) -> Option<String> {
        let mut now = Cow::Borrowed(text);
        if self.told.tokens {
            replace(&mut now, "token", |text| self.secret.find(text));
        }
        if self.told.emails {
            replace(&mut now, "email", |text| find_emails(&self.email, text));
        }
        if self.told.cards {
            replace(&mut now, "card", card::find);
        }
        for (name, pattern) in &self.patterns {
            replace(&mut now, name, |text| pattern.find_iter(text).map(|found| found.range()).collect());
        }
        match now {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        }
    }
}

const EMAIL: &str = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}";

fn find_emails(pattern: &Regex, text: &str) -> Vec<Range<usize>> {
    // Most lines have none.
    match memchr::memchr(b'@', text.as_bytes()) {
        Some(_) => pattern.find_iter(text).map(|found| found.range()).collect(),
        None => Vec::new(),
    }
}

fn mark(name: &str) -> String {
    format!("[redacted:{name}]")
}

/// Writes the mark of `name` in the place of what is found; the places are in order and apart.
fn replace(text: &mut Cow<'_, str>, name: &str, find: impl Fn(&str) -> Vec<Range<usize>>) {
    let found = find(text);
    if found.is_empty() {
        return;
    }
    let (mut written, mut from) = (String::with_capacity(text.len() + 16), 0);
    for place in found {
        written.push_str(&text[from..place.start]);
        written.push_str(&mark(name));
        from = place.end;
    }
    written.push_str(&text[from..]);
    *text = Cow::Owned(written);
}
