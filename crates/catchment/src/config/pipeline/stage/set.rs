use pipeline::{OwnedValue, Stage};
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::{Inline, within};
use crate::config::value::{Wrong, mismatch};

pub(super) const KIND: Kind = Kind {
    name: "set",
    options: &[],
    example: "`{ set = { site = \"north\", rack = 7 } }`",
    read: |table, _| table.require("set", fields).map(Stage::Set),
};

fn fields(value: &DeValue<'_>) -> Result<Vec<(String, OwnedValue)>, Wrong> {
    let table = Inline::of(value, "fields with their values, such as `{ site = \"north\", rack = 7 }`")?;
    table.rows().map(|(name, value)| Ok((name.to_owned(), within(name, scalar(value))?))).collect()
}

fn scalar(value: &DeValue<'_>) -> Result<OwnedValue, Wrong> {
    let integer =
        value.as_integer().and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
    let float = value.as_float().and_then(|float| float.as_str().parse().ok());
    None.or(value.as_bool().map(OwnedValue::Bool))
        .or(integer.map(OwnedValue::Int))
        .or(float.map(OwnedValue::Float))
        .or(value.as_str().map(|text| OwnedValue::Str(text.to_owned())))
        .ok_or_else(|| mismatch("a text, a number, `true` or `false`", value))
}
