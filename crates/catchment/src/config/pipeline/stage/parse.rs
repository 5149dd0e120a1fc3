use parse::{Format, Parse, TimestampFormat};
use pipeline::Stage;
use toml::de::DeValue;

use super::Kind;
use crate::config::inline::{Inline, texts};
use crate::config::value::{Wrong, mismatch, quoted, text};

pub(super) const KIND: Kind = Kind {
    name: "parse",
    options: &["zone"],
    example: "`{ parse = \"auto\" }`",
    read: |table, _| {
        let format = table.require("parse", format)?;
        let zone = table.get("zone", text("the name of a time zone", |name| Ok(name.to_owned())))?;
        Ok(Stage::Parse(Parse { format, zone }))
    },
};

const EXPECTED: &str = "one of `\"auto\"`, `\"json\"`, `\"logfmt\"`, `\"syslog\"`, `\"access\"`, `\"klog\"`, `\"kv\"`, `\"cri\"`, `\"plain\"`, \
                        `{ regex = '(?P<user>\\w+)' }` or `{ timestamp = { field = \"at\", formats = [\"%Y-%m-%d\"] } }`";

fn format(value: &DeValue<'_>) -> Result<Format, Wrong> {
    if let Some(name) = value.as_str() {
        let unknown = || Wrong::new(format!("{} is no format", quoted(name)), format!("write {EXPECTED}"));
        return Format::from_name(name).ok_or_else(unknown);
    }
    let table = Inline::of(value, EXPECTED)?;
    table.allow(&["regex", "timestamp"])?;
    let regex = table.get("regex", text("a regular expression", |regex| Ok(regex.to_owned())))?;
    let timestamp = table.get("timestamp", timestamp)?;
    match (regex, timestamp) {
        (Some(regex), None) => Ok(Format::Regex(regex)),
        (None, Some(timestamp)) => Ok(Format::Timestamp(timestamp)),
        _ => Err(mismatch(EXPECTED, value)),
    }
}

fn timestamp(value: &DeValue<'_>) -> Result<TimestampFormat, Wrong> {
    let table = Inline::of(
        value,
        "a field and how its times are written, such as `{ field = \"at\", formats = [\"%Y-%m-%d %H:%M\"] }`",
    )?;
    table.allow(&["field", "formats"])?;
    let field = table.require("field", text("the name of a field", |name| Ok(name.to_owned())))?;
    let formats = table.get("formats", texts("a format of strftime(3)"))?.unwrap_or_default();
    Ok(TimestampFormat { field, formats })
}
