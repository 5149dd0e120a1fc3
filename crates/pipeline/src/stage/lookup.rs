use std::fmt::Write as _;
use std::net::IpAddr;

use record::{Record, Value};
use serde::{Deserialize, Serialize};

/// What of a record is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Key {
    /// The name of its source.
    Source,
    /// Its peer: `host:port` as a whole if that is known, otherwise the host alone.
    Peer,
    /// This field.
    Field(String),
}

/// What becomes of a record whose key is missing, or known to nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Missing {
    /// It goes on as it is.
    #[default]
    Keep,
    /// It goes on with the reason.
    Mark,
}

impl Key {
    /// Its name in the configuration.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Source => "source",
            Self::Peer => "peer",
            Self::Field(name) => name,
        }
    }

    /// Writes the record's key to `out`, in the one way in which values of one meaning are written; false if it has none.
    pub(super) fn write(&self, record: Record<'_>, out: &mut String) -> bool {
        out.clear();
        let value = match self {
            Self::Source => Some(Value::Str(record.source())),
            Self::Peer => Some(Value::Str(record.peer())),
            Self::Field(name) => record.field(name),
        };
        value.map(|value| write_key(value, out)).is_some()
    }
}

/// `1.10` and `1.1` are one key, as are a number and its text.
pub(super) fn write_key(value: Value<'_>, out: &mut String) {
    let value = if let Value::Str(text) = value { parse::typed_value(text) } else { value };
    // Writing to a string cannot fail.
    let _ = match value {
        Value::Str(text) => return out.push_str(text),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Int(value) | Value::Time(value) => write!(out, "{value}"),
        Value::Float(value) => write!(out, "{value:?}"),
    };
}

/// The host of `host:port`, without the brackets around an IPv6 address; `None` without a port.
pub(super) fn host(peer: &str) -> Option<&str> {
    let (host, port) = peer.rsplit_once(':')?;
    let is_port = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        _ if !is_port => None,
        Some(host) => Some(host),
        None => Some(host).filter(|host| !host.contains(':')),
    }
}

/// The address that a text is, perhaps with a port; of IPv4 as such where it is written as one of IPv6.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok().or_else(|| host(text)?.parse().ok());
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use record::Value;

    use super::{address, host, write_key};

    #[test]
    fn the_host_of_a_peer() {
        for (peer, expected) in [
            ("gw-1:514", Some("gw-1")),
            ("10.0.0.7:5140", Some("10.0.0.7")),
            ("[2001:db8::7]:514", Some("2001:db8::7")),
            ("2001:db8::7", None),
            ("unix", None),
            ("a:b", None),
            ("a:", None),
        ] {
            assert_eq!(host(peer), expected, "{peer}");
        }
        for (text, expected) in [
            ("10.0.0.7", Some("10.0.0.7")),
            ("10.0.0.7:1", Some("10.0.0.7")),
            ("[::1]:1", Some("::1")),
            ("::ffff:10.0.0.7", Some("10.0.0.7")),
            ("gw-1", None),
            ("", None),
        ] {
            assert_eq!(address(text), expected.map(|address| address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn one_key_for_one_meaning() {
        for (value, expected) in [
            (Value::Str("1.10"), "1.1"),
            (Value::Float(1.1), "1.1"),
            (Value::Str("7"), "7"),
            (Value::Int(7), "7"),
            (Value::Str("007"), "007"),
            (Value::Bool(true), "true"),
            (Value::Str("ann b"), "ann b"),
        ] {
            let mut out = String::new();
            write_key(value, &mut out);
            assert_eq!(out, expected);
        }
    }
}
