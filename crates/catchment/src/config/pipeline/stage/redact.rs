use pipeline::{Redact, Stage};
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::Inline;
use crate::config::value::{Wrong, mismatch, quoted};

pub(super) const KIND: Kind = Kind {
    name: "redact",
    options: &[],
    example: "`{ redact = [\"cards\", \"emails\", \"tokens\", { customer = 'C-\\d{6}' }] }`",
    read: |table, _| table.require("redact", redact).map(Stage::Redact),
};

const EXPECTED: &str =
    "a list of `\"cards\"`, `\"emails\"`, `\"tokens\"` and patterns such as `{ customer = 'C-\\d{6}' }`";

fn redact(value: &DeValue<'_>) -> Result<Redact, Wrong> {
    let list = value.as_array().filter(|list| !list.is_empty()).ok_or_else(|| mismatch(EXPECTED, value))?;
    let mut redact = Redact::default();
    for what in list.iter() {
        let what = what.get_ref();
        match what.as_str() {
            Some("cards") => redact.cards = true,
            Some("emails") => redact.emails = true,
            Some("tokens") => redact.tokens = true,
            Some(other) => {
                return Err(Wrong::new(
                    format!("{} is not known", quoted(other)),
                    format!("write {EXPECTED}"),
                ));
            }
            None => {
                for (name, pattern) in Inline::of(what, EXPECTED)?.rows() {
                    let pattern =
                        pattern.as_str().ok_or_else(|| mismatch("a regular expression", pattern))?;
                    redact.patterns.push((name.to_owned(), pattern.to_owned()));
                }
            }
        }
    }
    Ok(redact)
}
