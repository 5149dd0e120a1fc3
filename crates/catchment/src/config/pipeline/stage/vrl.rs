use pipeline::{Stage, Vrl};

use super::Kind;
use crate::config::inline::Inline;
use crate::config::value::{Wrong, boolean, text};

pub(super) const KIND: Kind = Kind {
    name: "vrl",
    options: &["environment"],
    example: "`{ vrl = '.host = downcase!(.host)' }`",
    read: |table, _| read(table, "vrl").map(Stage::Vrl),
};

/// The script that is the value of `key`.
pub(super) fn read(table: &Inline<'_>, key: &str) -> Result<Vrl, Wrong> {
    let text = table.require(key, text("a script", |script| Ok(script.to_owned())))?;
    let environment = table.get("environment", boolean)?.unwrap_or_default();
    Ok(Vrl { text, environment })
}
