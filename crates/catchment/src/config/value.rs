//! What a single value may be. Each function makes a reader: from a TOML value to the value that is meant.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipeline::{BadScript, Diagnostics};
use toml::de::DeValue;

use crate::units::{Bytes, Period};

/// What is wrong with a value, and what to do.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) hint: String,
    /// What the compiler says of the script in the value.
    pub(super) script: Option<Box<Diagnostics>>,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into(), script: None }
    }

    /// A script that cannot be compiled.
    pub(super) fn script(bad: &BadScript) -> Self {
        let diagnostics = bad.diagnostics();
        Self { script: Some(Box::new(diagnostics.clone())), ..Self::new(diagnostics.summary(), "") }
    }
}

/// A text that `parse` makes something of.
pub(super) fn text<T>(
    expected: &str,
    parse: impl Fn(&str) -> Result<T, Wrong>,
) -> impl Fn(&DeValue<'_>) -> Result<T, Wrong> {
    move |value| parse(value.as_str().ok_or_else(|| mismatch(expected, value))?)
}

/// A path, taken from `base` when it is relative.
pub(super) fn path(base: &Path) -> impl Fn(&DeValue<'_>) -> Result<PathBuf, Wrong> {
    text("a path", move |path| path_below(base, path))
}

/// What [`path`] makes of a text.
pub(super) fn path_below(base: &Path, path: &str) -> Result<PathBuf, Wrong> {
    match path {
        "" => Err(Wrong::new("the path is empty", "write a path, relative to the directory of this file")),
        path if path.contains('\0') => Err(Wrong::new(format!("{} holds a zero byte", quoted(path)), "")),
        path => Ok(base.join(path)),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&DeValue<'_>) -> Result<T, Wrong> {
    let names: Vec<String> = choices.iter().map(|(name, _)| format!("`\"{name}\"`")).collect();
    let expected = format!("one of {}", names.join(", "));
    move |value| {
        let text = value.as_str().ok_or_else(|| mismatch(&expected, value))?;
        let known = choices.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, choice)| *choice)
            .ok_or_else(|| Wrong::new(format!("expected {expected}, found {}", quoted(text)), ""))
    }
}

/// `true` or `false`.
pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| mismatch("`true` or `false`", value))
}

/// A whole number in a range.
pub(super) fn count(range: RangeInclusive<usize>) -> impl Fn(&DeValue<'_>) -> Result<usize, Wrong> {
    move |value| {
        let digits = integer(value).ok_or_else(|| mismatch("a whole number", value))?;
        let number = digits.ok().and_then(|number| usize::try_from(number).ok());
        in_range(number, &range, value, |number| *number)
    }
}

/// A number of bytes in a range, as a whole number or with a unit.
pub(super) fn bytes(range: RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Result<u64, Wrong> {
    move |value| {
        let bytes = match (integer(value), value.as_str()) {
            (Some(number), _) => number.ok().and_then(|number| u64::try_from(number).ok()),
            (_, Some(text)) => {
                let parsed = text.parse::<Bytes>();
                Some(parsed.map_err(|error| Wrong::new(format!("{} is {error}", quoted(text)), ""))?.0)
            }
            _ => return Err(mismatch("a size such as `\"64 MiB\"`", value)),
        };
        in_range(bytes, &range, value, |bytes| Bytes(*bytes))
    }
}

/// A number of bytes that fits in memory, in a range, as [`bytes()`] reads it.
pub(super) fn memory(range: RangeInclusive<usize>) -> impl Fn(&DeValue<'_>) -> Result<usize, Wrong> {
    let read = bytes(*range.start() as u64..=*range.end() as u64);
    move |value| read(value).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// A duration in a range.
pub(super) fn period(range: RangeInclusive<Duration>) -> impl Fn(&DeValue<'_>) -> Result<Duration, Wrong> {
    move |value| {
        let text = value.as_str().ok_or_else(|| mismatch("a duration such as `\"10s\"`", value))?;
        let parsed = text.parse::<Period>();
        let period = parsed.map_err(|error| Wrong::new(format!("{} is {error}", quoted(text)), ""))?;
        in_range(Some(period.0), &range, value, |period| Period(*period))
    }
}

/// What `read` reads, or `false` for none of it.
pub(super) fn or_false<T>(
    read: impl Fn(&DeValue<'_>) -> Result<T, Wrong>,
) -> impl Fn(&DeValue<'_>) -> Result<Option<T>, Wrong> {
    move |value| match value.as_bool() {
        Some(false) => Ok(None),
        Some(true) => Err(Wrong::new(
            "`true` does not say which",
            "write a value, or leave the key out for the default",
        )),
        None => read(value).map(Some),
    }
}

/// Says that a value is of another type.
pub(super) fn mismatch(expected: &str, value: &DeValue<'_>) -> Wrong {
    let found = match value.type_str() {
        kind @ ("integer" | "array") => format!("an {kind}"),
        kind => format!("a {kind}"),
    };
    Wrong::new(format!("expected {expected}, found {found}"), "")
}

/// A text as a message quotes it: not longer than a line.
pub(super) fn quoted(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// The integer, if it is one; an error when it is beyond all bounds.
fn integer(value: &DeValue<'_>) -> Option<Result<i128, std::num::ParseIntError>> {
    value.as_integer().map(|integer| i128::from_str_radix(integer.as_str(), integer.radix()))
}

fn in_range<T: PartialOrd, S: Display>(
    number: Option<T>,
    range: &RangeInclusive<T>,
    value: &DeValue<'_>,
    show: impl Fn(&T) -> S,
) -> Result<T, Wrong> {
    match number.filter(|number| range.contains(number)) {
        Some(number) => Ok(number),
        None => {
            let written = value.as_integer().map(ToString::to_string);
            let written = quoted(written.as_deref().or(value.as_str()).unwrap_or_default());
            let (low, high) = (show(range.start()), show(range.end()));
            Err(Wrong::new(format!("{written} is out of range"), format!("write {low} to {high}")))
        }
    }
}
