//! Times that a field has in the user's own format.

use jiff::Timestamp;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::Offset;
use record::{Batch, Value};
use serde::{Deserialize, Serialize};

use crate::found::{Found, Reason};
use crate::time::{self, Civil, Clock};
use crate::value::Parsed;

/// Where the time is and how it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimestampFormat {
    /// The field; `message` for the line's text.
    pub field: String,
    /// Formats of strftime(3), tried in turn; the first that fits all of the text counts. None for the usual ones: RFC 3339 and its
    /// kin, and numbers since 1970.
    pub formats: Vec<String>,
}

/// A [`TimestampFormat`] that was checked.
#[derive(Debug)]
pub(crate) struct Timestamps {
    format: TimestampFormat,
}

impl Timestamps {
    /// # Errors
    /// What is wrong with a format.
    pub(crate) fn new(format: &TimestampFormat) -> Result<Self, String> {
        if format.field.is_empty() {
            return Err("it names no field".to_owned());
        }
        for pattern in &format.formats {
            // What can be written can be read.
            let now = Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
            let written = strtime::format(pattern, &now).map_err(|error| format!("`{pattern}`: {error}"))?;
            BrokenDownTime::parse(pattern, &written).map_err(|error| format!("`{pattern}`: {error}"))?;
        }
        Ok(Self { format: format.clone() })
    }

    /// Sets the record's time by its field, which stays.
    ///
    /// # Errors
    /// When there is no such field, or it is no time, or none that can be true.
    pub(crate) fn read(&self, batch: &Batch, index: usize, found: &mut Found) -> Result<(), Reason> {
        let record = batch.get(index);
        let name = self.format.field.as_str();
        let value = if name == "message" { Some(Value::Str(record.message())) } else { record.field(name) };
        let value = match value.ok_or_else(|| format!("the record has no field `{name}`"))? {
            Value::Str(text) => Parsed::Text(text),
            Value::Int(number) => Parsed::Int(number),
            Value::Float(number) => Parsed::Float(number),
            Value::Bool(value) => Parsed::Bool(value),
            Value::Time(micros) => {
                found.set_time(Some(micros));
                return Ok(());
            }
        };
        let micros = match value {
            Parsed::Text(text) if !self.format.formats.is_empty() => self.by_format(text, found.clock()),
            value => time::from_value(value, found.clock()),
        };
        let micros = micros.ok_or_else(|| format!("`{name}` has no such time"))?;
        if found.set_time(Some(micros)) {
            Ok(())
        } else {
            Err(format!("`{name}` is before 1970 or in the future").into())
        }
    }

    fn by_format(&self, text: &str, clock: &Clock) -> Option<i64> {
        let text = text.trim();
        self.format
            .formats
            .iter()
            .find_map(|format| micros(&BrokenDownTime::parse(format, text).ok()?, clock))
    }
}

fn micros(parts: &BrokenDownTime, clock: &Clock) -> Option<i64> {
    if let Ok(timestamp) = parts.to_timestamp() {
        return Some(timestamp.as_microsecond());
    }
    let time = parts.to_time().unwrap_or_default();
    let offset = parts.offset().map(Offset::seconds);
    let (year, month, day) = match parts.to_date() {
        Ok(date) => (Some(date.year()), date.month(), date.day()),
        Err(_) => (parts.year(), parts.month()?, parts.day()?),
    };
    let (hour, minute, second, nanos) = (time.hour(), time.minute(), time.second(), time.subsec_nanosecond());
    Civil { year, month, day, hour, minute, second, nanos, offset }.resolve(clock)
}

#[cfg(test)]
mod tests {
    use super::{TimestampFormat, Timestamps};
    use crate::tests::{fields, lines, one};
    use crate::{Format, Parse, Parser};
    use record::Value;

    fn format(field: &str, formats: &[&str]) -> Parse {
        let formats = formats.iter().map(|format| (*format).to_owned()).collect();
        Format::Timestamp(TimestampFormat { field: field.to_owned(), formats }).into()
    }

    #[test]
    fn the_first_format_that_fits_counts_and_the_zone_where_it_has_none() {
        let mut parse = format("message", &["%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S %z", "%d.%m.%y"]);
        parse.zone = Some("Europe/Berlin".to_owned());
        for (text, micros) in [
            ("22/11/2026 11:11:12", 1_795_342_272_000_000),
            ("2026-11-22 10:11:12 +0000", 1_795_342_272_000_000),
            ("22.11.26", 1_795_302_000_000_000),
        ] {
            assert_eq!(one(&parse, text).get(0).time(), micros, "{text}");
        }
    }

    #[test]
    fn a_field_of_an_earlier_stage_is_read() {
        let mut batch = lines(&[
            r#"{"when":"1795342272.5","n":1}"#,
            r#"{"x":1}"#,
            r#"{"when":"soon"}"#,
            r#"{"when":-5}"#,
        ]);
        Parser::new(&Format::Json.into()).unwrap().apply(&mut batch);
        let received = batch.get(1).time();
        Parser::new(&format("when", &[])).unwrap().apply(&mut batch);
        assert_eq!(batch.get(0).time(), 1_795_342_272_500_000);
        assert_eq!(batch.get(0).field("when"), Some(Value::Str("1795342272.5")));
        for (index, reason) in [
            (1, "the record has no field `when`"),
            (2, "`when` has no such time"),
            (3, "`when` has no such time"),
        ] {
            assert_eq!(batch.get(index).time(), received);
            assert_eq!(
                batch.get(index).field("error.reason"),
                Some(Value::Str(reason)),
                "{:?}",
                fields(batch.get(index))
            );
        }
    }

    #[test]
    fn a_format_that_is_none_is_refused() {
        for (field, formats) in [("", vec![]), ("a", vec!["%Q%".to_owned()]), ("a", vec!["%".to_owned()])] {
            let format = TimestampFormat { field: field.to_owned(), formats };
            assert!(Timestamps::new(&format).is_err(), "{format:?}");
        }
    }
}
