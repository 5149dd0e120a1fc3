//! Times as programs write them, in microseconds since 1970.

mod clock;
mod number;
mod read;

pub(crate) use clock::{Civil, Clock};
pub(crate) use number::{from_float, from_int};
pub(crate) use read::read;

use crate::value::Parsed;

/// A time as a line has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stamp {
    /// By the calendar.
    Civil(Civil),
    /// Microseconds since 1970.
    Epoch(i64),
}

impl Stamp {
    /// Microseconds since 1970, if there is such a time.
    pub(crate) fn resolve(self, clock: &Clock) -> Option<i64> {
        match self {
            Self::Civil(civil) => civil.resolve(clock),
            Self::Epoch(micros) => Some(micros),
        }
    }
}

/// The time that a field's value is: a number since 1970, told apart by its magnitude, or a text that is a time as a whole.
pub(crate) fn from_value(value: Parsed<'_>, clock: &Clock) -> Option<i64> {
    match value {
        Parsed::Text(text) => from_text(text, clock),
        Parsed::Int(number) => from_int(number),
        Parsed::Float(number) => from_float(number),
        Parsed::Bool(_) => None,
    }
}

/// The time that all of `text` is.
pub(crate) fn from_text(text: &str, clock: &Clock) -> Option<i64> {
    if let Some((stamp, len)) = read(text.as_bytes()) {
        return if len == text.len() { stamp.resolve(clock) } else { None };
    }
    text.parse().ok().and_then(from_int)
}

#[cfg(test)]
mod tests;
