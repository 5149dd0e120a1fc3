use pipeline::{Stage, Where};
use toml::de::DeValue;

use super::{Kind, vrl};
use crate::config::inline::{Inline, texts};
use crate::config::value::Wrong;

pub(super) const KIND: Kind = Kind {
    name: "where",
    options: &["environment"],
    example: "`{ where = { source = \"gateways\", peer = [\"gw-1*\", \"gw-2*\"] } }` or `{ where = '.level == \"error\"' }`",
    read: |table, _| {
        if table.is_text("where") {
            return vrl::read(table, "where").map(Stage::WhereTrue);
        }
        table.allow(&["where"])?;
        table.require("where", origin).map(Stage::Where)
    },
};

/// Where a record is to come from.
pub(super) fn origin(value: &DeValue<'_>) -> Result<Where, Wrong> {
    let table = Inline::of(
        value,
        "an expression that is true or false, or a condition such as `{ source = \"gateways\", peer = [\"gw-1*\", \"gw-2*\"] }`",
    )?;
    table.allow(&["source", "peer"])?;
    let names = |key| table.get(key, texts("a name")).map(Option::unwrap_or_default);
    let (source, peer) = (names("source")?, names("peer")?);
    if source.is_empty() && peer.is_empty() {
        return Err(table.wrong("there is no condition"));
    }
    Ok(Where { source, peer })
}
