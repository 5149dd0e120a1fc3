//! Tests of a field's value, and what its value is as a number, as a time and as text.
//!
//! A value is tested as its text would be, so that it makes no difference whether a store keeps a field as numbers, or
//! as text because another record has text in it.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::civil::DateTime;
use record::Value;

use crate::pattern::Pattern;

/// What a value must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ValueTest {
    /// Anything.
    Exists,
    /// In this relation to the operand.
    Is(Relation, Operand),
    /// A text that begins so.
    Begins(String),
    /// A text that the pattern finds something in.
    Like(Pattern),
}

/// How a value compares to an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    AtMost,
    AtLeast,
    More,
}

/// What a value is compared to: as a number if it is one, as a time if it is one, or as text. Equality holds as text too.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Operand {
    pub(crate) text: String,
    pub(crate) number: Option<Number>,
    /// In microseconds since 1970.
    pub(crate) time: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl ValueTest {
    pub(crate) fn holds_for(&self, value: Value<'_>) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(relation, operand) => operand.compares(*relation, value),
            Self::Begins(prefix) => text_of(value).starts_with(prefix.as_str()),
            Self::Like(pattern) => pattern.is_in(&text_of(value)),
        }
    }

    /// The same for what is only ever text.
    pub(crate) fn holds_for_text(&self, text: &str) -> bool {
        match self {
            Self::Exists => true,
            Self::Is(relation, operand) => relation.accepts(text.cmp(&operand.text)),
            Self::Begins(prefix) => text.starts_with(prefix.as_str()),
            Self::Like(pattern) => pattern.is_in(text),
        }
    }
}

impl Relation {
    pub(crate) fn accepts(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::AtMost => ordering.is_le(),
            Self::AtLeast => ordering.is_ge(),
            Self::More => ordering.is_gt(),
        }
    }

    /// As SQL writes it, and the search language, which writes nothing for equality.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::AtLeast => ">=",
            Self::More => ">",
        }
    }
}

impl Operand {
    pub(crate) fn new(text: String) -> Self {
        Self { number: Number::new(&text), time: time(&text), text }
    }

    fn compares(&self, relation: Relation, value: Value<'_>) -> bool {
        if let Some(wanted) = self.number
            && number_of(value).is_some_and(|number| relation.accepts(number.compare(wanted)))
        {
            return true;
        }
        if let Some(wanted) = self.time
            && time_of(value).is_some_and(|time| relation.accepts(time.cmp(&wanted)))
        {
            return true;
        }
        // The text of a number is equal only to that of the same number.
        let number =
            matches!(value, Value::Int(_)) || matches!(value, Value::Float(float) if float.is_finite());
        if number && relation == Relation::Equal {
            return false;
        }
        self.compares_text(relation) && relation.accepts(text_of(value).as_ref().cmp(&self.text))
    }

    /// True if the text of a value counts in this relation.
    pub(crate) fn compares_text(&self, relation: Relation) -> bool {
        relation == Relation::Equal || (self.number.is_none() && self.time.is_none())
    }
}

impl Number {
    /// A finite number in decimal notation.
    fn new(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse() {
            return Some(Self::Int(number));
        }
        // The words that Rust reads as numbers are words here.
        let number = text.parse::<f64>().ok().filter(|_| !text.contains(['n', 'N', 'y', 'Y']))?;
        number.is_finite().then_some(Self::Float(number))
    }

    /// Floats are in IEEE's total order, as in Arrow.
    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (a, b) => a.float().total_cmp(&b.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

fn number_of(value: Value<'_>) -> Option<Number> {
    match value {
        Value::Int(number) => Some(Number::Int(number)),
        Value::Float(number) => Some(Number::Float(number)),
        Value::Str(text) => text.trim_ascii().parse().ok().map(Number::Float),
        Value::Bool(_) | Value::Time(_) => None,
    }
}

fn time_of(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Time(micros) => Some(micros),
        Value::Str(text) => time(text),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => None,
    }
}

/// The time that a text is, in microseconds since 1970: RFC 3339, or a date with or without a time, which is UTC then.
/// Digits after the sixth decimal do not count.
pub(crate) fn time(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[0].is_ascii_digit();
    if !dated || text.contains('[') {
        return None;
    }
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let time = text.parse::<DateTime>().ok()?;
        time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    let micros = i64::try_from(time.as_nanosecond().div_euclid(1000)).ok()?;
    (micros >= YEAR_0).then_some(micros)
}

/// 0000-01-01T00:00:00Z: what RFC 3339 can write begins here.
const YEAR_0: i64 = -62_167_219_200_000_000;

/// A time as RFC 3339 in UTC, with no more decimals than it has, in threes. `None` beyond the years 0 to 9999.
pub(crate) fn time_text(micros: i64) -> Option<String> {
    let time = Timestamp::from_microsecond(micros).ok()?;
    let text = match micros.rem_euclid(1_000_000) {
        0 => format!("{time:.0}"),
        part if part % 1000 == 0 => format!("{time:.3}"),
        _ => format!("{time:.6}"),
    };
    text.starts_with(|c: char| c.is_ascii_digit()).then_some(text)
}

/// The text of a value: times as RFC 3339, numbers as JSON writes them.
fn text_of(value: Value<'_>) -> Cow<'_, str> {
    Cow::Owned(match value {
        Value::Str(text) => return Cow::Borrowed(text),
        Value::Bool(value) => return Cow::Borrowed(if value { "true" } else { "false" }),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float_text(number),
        Value::Time(micros) => time_text(micros).unwrap_or_else(|| micros.to_string()),
    })
}

fn float_text(number: f64) -> String {
    match number.abs() {
        0.0 => format!("{number:?}"),
        1e-5..1e-4 => number.to_string(),
        1e-4..1e16 => format!("{number:?}"),
        _ if number.is_finite() => format!("{number:e}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use record::Value;

    use super::{Operand, Relation, ValueTest, text_of, time, time_text};

    #[test]
    fn values_as_text() {
        for (value, text) in [
            (Value::Bool(true), "true"),
            (Value::Int(-7), "-7"),
            (Value::Float(1.0), "1.0"),
            (Value::Float(-0.0), "-0.0"),
            (Value::Float(0.1), "0.1"),
            (Value::Float(0.000_012_34), "0.00001234"),
            (Value::Float(0.000_001_2), "1.2e-6"),
            (Value::Float(1e15), "1000000000000000.0"),
            (Value::Float(1e16), "1e16"),
            (Value::Float(-1.5e300), "-1.5e300"),
            (Value::Float(f64::NAN), "NaN"),
            (Value::Str("a\"b"), "a\"b"),
            (Value::Time(1_700_000_000_000_001), "2023-11-14T22:13:20.000001Z"),
            (Value::Time(1_700_000_000_500_000), "2023-11-14T22:13:20.500Z"),
            (Value::Time(-1), "1969-12-31T23:59:59.999999Z"),
            (Value::Time(0), "1970-01-01T00:00:00Z"),
            (Value::Time(i64::MAX), "9223372036854775807"),
        ] {
            assert_eq!(text_of(value), text);
        }
    }

    #[test]
    fn texts_as_time() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01T01:00:00.5+01:00", Some(500_000)),
            ("1970-01-02", Some(86_400_000_000)),
            ("1970-01-01 00:00:01", Some(1_000_000)),
            ("1969-12-31T23:59:59.9999999Z", Some(-1)),
            ("1970-01-01T00:00:00.0000009Z", Some(0)),
            ("1970-01-01T00:00:00Z[UTC]", None),
            ("1970-13-01", None),
            ("-001970-01-01", None),
            ("0000-01-01", Some(-62_167_219_200_000_000)),
            ("0000-01-01T00:00:00+01:00", None),
            ("19700101", None),
            ("", None),
            ("日日日日-", None),
        ] {
            assert_eq!(time(text), expected, "{text}");
        }
        for micros in [0, -1, 1, 1000, 1_000_000, 253_402_300_799_000_000] {
            if let Some(text) = time_text(micros) {
                assert_eq!(time(&text), Some(micros));
            }
        }
        assert_eq!(time_text(i64::MIN), None);
    }

    #[test]
    fn numbers_times_and_text_compare_as_such() {
        use Relation::{AtLeast, AtMost, Equal, Less, More};
        let second = Value::Time(1_000_000);
        for (value, relation, operand, expected) in [
            (Value::Int(500), AtLeast, "500", true),
            (Value::Int(500), More, "499.5", true),
            (Value::Int(9), Less, "10", true),
            (Value::Int(i64::MAX - 1), Equal, "9223372036854775807", false),
            (Value::Float(500.0), Equal, "500", true),
            (Value::Float(0.5), Equal, "5e-1", true),
            (Value::Float(f64::NAN), Equal, "NaN", true),
            (Value::Float(f64::INFINITY), More, "5", true),
            (Value::Str("9"), Less, "10", true),
            (Value::Str("9x"), Less, "10", false),
            (Value::Str("007"), Equal, "7", true),
            (Value::Str("b"), AtMost, "b", true),
            (Value::Str("b"), More, "aa", true),
            (Value::Str("b"), Equal, "B", false),
            (Value::Bool(true), Equal, "true", true),
            (Value::Bool(true), Equal, "1", false),
            (Value::Bool(true), AtLeast, "0", false),
            (second, Equal, "1970-01-01T00:00:01.000Z", true),
            (second, Less, "1970-01-01T00:00:01.000001Z", true),
            (second, AtLeast, "1970-01-02", false),
            (second, Less, "2", false),
            (Value::Str("1970-01-01T01:00:01+01:00"), Equal, "1970-01-01T00:00:01Z", true),
            (Value::Int(5), Less, "abc", true),
        ] {
            let test = ValueTest::Is(relation, Operand::new(operand.to_owned()));
            assert_eq!(test.holds_for(value), expected, "{value:?} {relation:?} {operand}");
        }
    }
}
