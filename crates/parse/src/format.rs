use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::TimestampFormat;

/// How lines are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Each line for itself: whichever of the other named ones it is beyond doubt, else plain. It never fails. The message of a syslog
    /// or container line is looked at in the same way.
    Auto,
    /// An object of JSON, or none of its fields.
    ///
    /// Names of nested objects are joined with dots; an array, and an object below 16 others, is kept as JSON text; `null` is left out.
    Json,
    /// `time=… level=info msg="a b"`; a name alone is a field that is true.
    Logfmt,
    /// RFC 5424, RFC 3164 and their kin, with or without a priority.
    Syslog,
    /// Common and Combined Log Format of web servers.
    Access,
    /// Headers of glog and klog: `E1122 10:11:12.123456 1 file.go:12] message`.
    Klog,
    /// Whatever pairs there are: `temp=21.5, hum: 40; unit=C`.
    Kv,
    /// Container logs of Kubernetes: `2026-11-22T10:11:12.123456789Z stdout F message`.
    Cri,
    /// Text, with perhaps a time and a level at its head. It never fails.
    Plain,
    /// A regular expression (of the crate `regex`) with named groups.
    Regex(String),
    /// Sets the time by a field that an earlier stage found.
    Timestamp(TimestampFormat),
}

/// What a parse stage is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parse {
    /// How lines are written.
    pub format: Format,
    /// The time zone, as the IANA names it, of times that name none; UTC without.
    pub zone: Option<String>,
}

/// Why a parse stage cannot do what it is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParse {
    /// No regular expression, or without names.
    #[error("the regular expression: {0}")]
    Regex(String),
    /// No field, or no format.
    #[error("the timestamp: {0}")]
    Timestamp(String),
    /// Not in the time zone database.
    #[error("`{0}` is no time zone: use a name such as `Europe/Berlin`, or `UTC`")]
    Zone(String),
}

impl Format {
    /// Its name in the configuration, and in `error.stage`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Json => "json",
            Self::Logfmt => "logfmt",
            Self::Syslog => "syslog",
            Self::Access => "access",
            Self::Klog => "klog",
            Self::Kv => "kv",
            Self::Cri => "cri",
            Self::Plain => "plain",
            Self::Regex(_) => "regex",
            Self::Timestamp(_) => "timestamp",
        }
    }

    /// The format of that name; `None` for those that need more than a name, and for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Auto,
            Self::Json,
            Self::Logfmt,
            Self::Syslog,
            Self::Access,
            Self::Klog,
            Self::Kv,
            Self::Cri,
            Self::Plain,
        ]
        .into_iter()
        .find(|format| format.name() == name)
    }
}

impl From<Format> for Parse {
    fn from(format: Format) -> Self {
        Self { format, zone: None }
    }
}

impl Parse {
    pub(crate) fn time_zone(&self) -> Result<TimeZone, BadParse> {
        match self.zone.as_deref() {
            None | Some("UTC") => Ok(TimeZone::UTC),
            Some(name) => TimeZone::get(name).map_err(|_| BadParse::Zone(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BadParse, Format, Parse};

    #[test]
    fn names_are_read_back() {
        for name in ["auto", "json", "logfmt", "syslog", "access", "klog", "kv", "cri", "plain"] {
            assert_eq!(Format::from_name(name).unwrap().name(), name);
        }
        assert_eq!(Format::from_name("regex"), None);
    }

    #[test]
    fn a_zone_must_be_one() {
        let zone = |name: &str| Parse { format: Format::Auto, zone: Some(name.to_owned()) }.time_zone();
        assert!(zone("Europe/Berlin").is_ok() && zone("UTC").is_ok());
        assert_eq!(zone("Mars/Olympus"), Err(BadParse::Zone("Mars/Olympus".to_owned())));
    }
}
