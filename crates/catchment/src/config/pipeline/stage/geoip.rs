use std::path::Path;

use pipeline::{Geoip, Stage};
use toml::de::DeValue;

use super::Kind;
use super::enrich::{key, missing, prefix};
use crate::config::inline::Inline;
use crate::config::value::{Wrong, memory, path};

pub(super) const KIND: Kind = Kind {
    name: "geoip",
    options: &[],
    example: "`{ geoip = { database = \"GeoLite2-City.mmdb\", key = \"client\" } }`",
    read: |table, base| table.require("geoip", |value| geoip(value, base)).map(Stage::Geoip),
};

const PREFIX: &str = "geo.";
const BYTES_MAX: usize = 128 << 20;

fn geoip(value: &DeValue<'_>, base: &Path) -> Result<Geoip, Wrong> {
    let table = Inline::of(
        value,
        "a database and where the address is, such as `{ database = \"GeoLite2-City.mmdb\", key = \"client\" }`",
    )?;
    table.allow(&["database", "key", "prefix", "missing", "bytes_max"])?;
    Ok(Geoip {
        database: table.require("database", path(base))?,
        key: table.require("key", key)?,
        prefix: table.get("prefix", prefix)?.unwrap_or_else(|| PREFIX.to_owned()),
        missing: table.get("missing", missing)?.unwrap_or_default(),
        bytes_max: table.get("bytes_max", memory(4 << 10..=1 << 30))?.unwrap_or(BYTES_MAX),
    })
}
