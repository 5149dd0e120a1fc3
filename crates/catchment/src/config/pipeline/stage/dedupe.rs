use std::time::Duration;

use pipeline::{Dedupe, Stage};
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::Inline;
use crate::config::value::{Wrong, boolean, count, period};

pub(super) const KIND: Kind = Kind {
    name: "dedupe",
    options: &[],
    example: "`{ dedupe = { within = \"10s\" } }`",
    read: |table, _| table.require("dedupe", dedupe).map(Stage::Dedupe),
};

const LINES: usize = 10_000;
const WITHIN_MAX: Duration = Duration::from_secs(366 * 86_400);

fn dedupe(value: &DeValue<'_>) -> Result<Dedupe, Wrong> {
    let table = Inline::of(
        value,
        "what counts as said before, such as `{ lines = 10000, within = \"10s\", across_peers = true }`",
    )?;
    table.allow(&["lines", "within", "across_peers"])?;
    Ok(Dedupe {
        lines: table.get("lines", count(1..=1_000_000))?.unwrap_or(LINES),
        within: table.get("within", period(Duration::from_millis(1)..=WITHIN_MAX))?,
        across_peers: table.get("across_peers", boolean)?.unwrap_or(false),
    })
}
