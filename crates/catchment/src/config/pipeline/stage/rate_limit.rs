use pipeline::{RateKey, RateLimit, Stage};
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::Inline;
use crate::config::value::{Wrong, count, text};

pub(super) const KIND: Kind = Kind {
    name: "rate_limit",
    options: &[],
    example: "`{ rate_limit = { key = \"peer\", per_second = 100 } }`",
    read: |table, _| table.require("rate_limit", limit).map(Stage::RateLimit),
};

fn limit(value: &DeValue<'_>) -> Result<RateLimit, Wrong> {
    let table = Inline::of(
        value,
        "a limit such as `{ key = \"peer\", per_second = 100, burst = 1000 }`, where `key` is `\"all\"`, `\"source\"`, `\"peer\"` or a field",
    )?;
    table.allow(&["key", "per_second", "burst"])?;
    let number = count(1..=1_000_000_000);
    let number = |value: &DeValue<'_>| number(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let per_second = table.require("per_second", number)?;
    Ok(RateLimit {
        key: table.get("key", text("what has its own limit", key))?.unwrap_or(RateKey::All),
        per_second,
        burst: table.get("burst", number)?.unwrap_or(per_second),
    })
}

fn key(word: &str) -> Result<RateKey, Wrong> {
    Ok(match word {
        "" => return Err(Wrong::new("a field needs a name", "")),
        "all" => RateKey::All,
        "source" => RateKey::Source,
        "peer" => RateKey::Peer,
        field => RateKey::Field(field.to_owned()),
    })
}
