//! Lines that match a pattern of the user's own.

use regex::{CaptureLocations, Regex};

use crate::found::{Found, Reason};
use crate::value::{Parsed, typed};

/// A pattern with named groups. Matching takes time linear in the line.
#[derive(Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// The groups that have names.
    names: Vec<(usize, String)>,
    places: CaptureLocations,
}

impl Pattern {
    /// # Errors
    /// What is wrong with the pattern.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let regex = Regex::new(pattern).map_err(|error| error.to_string())?;
        let names: Vec<(usize, String)> = regex
            .capture_names()
            .enumerate()
            .filter_map(|(group, name)| Some((group, name?.to_owned())))
            .collect();
        if names.is_empty() {
            return Err("it has no named group: write one as `(?P<name>…)`".to_owned());
        }
        let places = regex.capture_locations();
        Ok(Self { regex, names, places })
    }

    /// Each group that takes part in the match is a field.
    ///
    /// # Errors
    /// When the line does not match.
    pub(crate) fn read(&mut self, line: &str, found: &mut Found) -> Result<(), Reason> {
        self.regex.captures_read(&mut self.places, line).ok_or("the line does not match")?;
        for (group, name) in &self.names {
            if let Some((from, to)) = self.places.get(*group) {
                offer(found, name, &line[from..to])?;
            }
        }
        Ok(())
    }
}

/// Adds a field by its name, typed by its text.
pub(crate) fn offer(found: &mut Found, name: &str, text: &str) -> Result<(), Reason> {
    let value = match typed(text) {
        // Whoever calls something `level` means it; a syslog severity is told by its digit.
        Parsed::Int(0..=7) if matches!(name, "level" | "severity") => Parsed::Text(text),
        value => value,
    };
    Ok(found.offer(name, value)?)
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::tests::{fields, one};
    use crate::{Format, Parse};
    use record::{Level, Value};

    #[test]
    fn named_groups_are_fields() {
        let pattern = r"^(?P<level>\w+) (?P<time>\S+) user=(?P<user>\w+)(?: id=(?P<id>\d+))?(?: n=(?P<n>[\d.]+))?: (?P<message>.*)$";
        let parse = Parse::from(Format::Regex(pattern.to_owned()));
        let batch = one(&parse, "WARN 2026-11-22T10:11:12Z user=ann n=1.5: low on disk");
        let record = batch.get(0);
        assert_eq!((record.level(), record.message()), (Some(Level::Warn), "low on disk"));
        assert_eq!(record.time(), 1_795_342_272_000_000);
        assert_eq!(fields(record), [("user", Value::Str("ann")), ("n", Value::Float(1.5))]);
        let batch = one(&parse, "something else");
        assert_eq!(batch.get(0).message(), "something else");
        assert_eq!(
            fields(batch.get(0)),
            [("error.stage", Value::Str("regex")), ("error.reason", Value::Str("the line does not match"))]
        );
    }

    #[test]
    fn a_pattern_without_names_or_sense_is_refused() {
        assert!(Pattern::new("(a").unwrap_err().contains("unclosed group"));
        assert!(Pattern::new("(a)").unwrap_err().contains("named group"));
    }
}
