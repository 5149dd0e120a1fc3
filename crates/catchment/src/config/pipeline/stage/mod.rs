//! One step of a pipeline. Each kind of stage has a file, which says how it is written.

mod dedupe;
mod parse;
mod rate_limit;
mod redact;
mod sample;
mod select;
mod set;
#[cfg(test)]
mod tests;

use std::path::Path;

use pipeline::{Stage, Stages};
use toml::de::DeValue;

use crate::config::inline::Inline;
use crate::config::value::{Wrong, quoted};

/// One kind of stage, as it is written: a table with the key `name`, and perhaps some of `options` beside it.
struct Kind {
    name: &'static str,
    options: &'static [&'static str],
    /// A whole one, for messages.
    example: &'static str,
    /// Reads it. Paths are relative to the directory of the file.
    read: fn(&Inline<'_>, &Path) -> Result<Stage, Wrong>,
}

const KINDS: [&Kind; 7] =
    [&parse::KIND, &select::KIND, &set::KIND, &sample::KIND, &dedupe::KIND, &rate_limit::KIND, &redact::KIND];

pub(super) fn read(value: &DeValue<'_>, base: &Path) -> Result<Stage, Wrong> {
    let expected = format!("a stage such as {} or {}", parse::KIND.example, select::KIND.example);
    let table = Inline::of(value, &expected)?;
    let kinds: Vec<_> = KINDS.into_iter().filter(|kind| table.has(kind.name)).collect();
    let kind = match kinds[..] {
        [kind] => kind,
        [] => return Err(none(&table)),
        [one, other, ..] => {
            let message = format!("`{}` and `{}` are two stages", one.name, other.name);
            return Err(Wrong::new(message, "write each as a table of its own"));
        }
    };
    let expected = format!("a stage such as {}", kind.example);
    let table = Inline::of(value, &expected)?;
    table.allow(&[&[kind.name], kind.options].concat())?;
    let stage = (kind.read)(&table, base)?;
    match Stages::new(std::slice::from_ref(&stage)) {
        Ok(_) => Ok(stage),
        Err((_, bad)) => Err(Wrong::new(bad.to_string(), "")),
    }
}

fn none(table: &Inline<'_>) -> Wrong {
    let names: Vec<_> = KINDS.iter().map(|kind| format!("`{}`", kind.name)).collect();
    match table.rows().next() {
        Some((key, _)) => {
            Wrong::new(format!("{} is no stage", quoted(key)), format!("there are {}", names.join(", ")))
        }
        None => table.wrong("this stage says nothing"),
    }
}
