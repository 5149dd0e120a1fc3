use pipeline::{Stage, Where};
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::{Inline, texts};
use crate::config::value::Wrong;

pub(super) const KIND: Kind = Kind {
    name: "where",
    options: &[],
    example: "`{ where = { source = \"gateways\", peer = [\"gw-1*\", \"gw-2*\"] } }`",
    read: |table, _| table.require("where", origin).map(Stage::Where),
};

fn origin(value: &DeValue<'_>) -> Result<Where, Wrong> {
    let table =
        Inline::of(value, "a condition such as `{ source = \"gateways\", peer = [\"gw-1*\", \"gw-2*\"] }`")?;
    table.allow(&["source", "peer"])?;
    let names = |key| table.get(key, texts("a name")).map(Option::unwrap_or_default);
    let (source, peer) = (names("source")?, names("peer")?);
    if source.is_empty() && peer.is_empty() {
        return Err(table.wrong("there is no condition"));
    }
    Ok(Where { source, peer })
}
