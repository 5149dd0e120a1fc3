use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::value::quoted;

/// What a source dials: `host:port`, `1.2.3.4:port` or `[v6]:port`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// As it was written; the name of the peer wherever it is shown.
    pub(crate) text: String,
    /// A host name, or an IP address without brackets. At most 253 bytes.
    pub(crate) host: String,
    /// Never 0.
    pub(crate) port: u16,
}

/// Why a text is not a target.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum TargetError {
    /// There is no colon, nothing before it, or a space.
    #[error("{} is not a target: write `host:port`", quoted(.0))]
    Malformed(String),
    /// More than one colon outside of brackets.
    #[error("{} is not a target: write an IPv6 address in brackets, as in `[::1]:514`", quoted(.0))]
    Unbracketed(String),
    /// The part after the colon.
    #[error("{} is not a port: write a number from 1 to 65535", quoted(.0))]
    Port(String),
    /// The part in brackets.
    #[error("{} is not an IPv6 address", quoted(.0))]
    Ipv6(String),
    /// Ends like an IPv4 address.
    #[error("{} is not an IPv4 address", quoted(.0))]
    Ipv4(String),
    /// Not letters, digits, `-`, `_` and dots, or a part of the wrong length.
    #[error("{} is not a host name", quoted(.0))]
    Name(String),
}

const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || TargetError::Malformed(text.to_owned());
        let (host, port) = text.rsplit_once(':').ok_or_else(malformed)?;
        if host.is_empty() || text.contains(char::is_whitespace) {
            return Err(malformed());
        }
        let host = match host.strip_prefix('[') {
            Some(rest) => ipv6(rest.strip_suffix(']').ok_or_else(malformed)?)?,
            None if host.contains(':') => return Err(TargetError::Unbracketed(text.to_owned())),
            None => name(host)?,
        };
        Ok(Self { text: text.to_owned(), host: host.to_owned(), port: port_number(port)? })
    }
}

impl Target {
    /// The same for two targets that are one, however they are written: the letters of a name in one case, an
    /// address in its standard form.
    pub(super) fn identity(&self) -> (String, u16) {
        let address = self.host.parse::<IpAddr>().map(|address| address.to_canonical().to_string());
        (address.unwrap_or_else(|_| self.host.to_ascii_lowercase()), self.port)
    }
}

fn port_number(text: &str) -> Result<u16, TargetError> {
    // Rust's own parser takes `+514` as well.
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let port = digits.and_then(|digits| digits.parse().ok()).filter(|port| *port != 0);
    port.ok_or_else(|| TargetError::Port(text.to_owned()))
}

fn ipv6(text: &str) -> Result<&str, TargetError> {
    text.parse::<Ipv6Addr>().map(|_| text).map_err(|_| TargetError::Ipv6(text.to_owned()))
}

fn name(text: &str) -> Result<&str, TargetError> {
    // A name may end in the dot of the root.
    let labels = text.strip_suffix('.').unwrap_or(text);
    let fits = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if labels.len() > HOST_BYTES_MAX || !labels.split('.').all(fits) {
        return Err(TargetError::Name(text.to_owned()));
    }
    // No top-level domain is a number, so `10.0.0.300` and `10.1`, which resolvers take for 10.0.0.1, are
    // mistakes.
    let last = labels.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<Ipv4Addr>().is_err() {
        return Err(TargetError::Ipv4(text.to_owned()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn targets() {
        for (text, host, port) in [
            ("gw-1.example:514", "gw-1.example", 514),
            ("localhost:1", "localhost", 1),
            ("GW_1.example.:65535", "GW_1.example.", 65535),
            ("127.0.0.1:5140", "127.0.0.1", 5140),
            ("[::1]:514", "::1", 514),
            ("[2001:DB8::7]:514", "2001:DB8::7", 514),
            ("10-0-0-1.example:0514", "10-0-0-1.example", 514),
        ] {
            let expected = Target { text: text.to_owned(), host: host.to_owned(), port };
            assert_eq!(text.parse(), Ok(expected));
        }
    }

    #[test]
    fn what_is_not_a_target() {
        let long_label = format!("{}:1", "a".repeat(64));
        let long_name = format!("{}a:1", "a.".repeat(127));
        for (text, message) in [
            ("", "`` is not a target: write `host:port`"),
            ("gw-1", "`gw-1` is not a target: write `host:port`"),
            (":514", "`:514` is not a target: write `host:port`"),
            ("[::1:514", "`[::1:514` is not a target: write `host:port`"),
            ("[::1]", "`[::1]` is not a target: write `host:port`"),
            ("gw-1:", "`` is not a port: write a number from 1 to 65535"),
            ("gw-1:0", "`0` is not a port: write a number from 1 to 65535"),
            ("gw-1:65536", "`65536` is not a port: write a number from 1 to 65535"),
            ("gw-1:+514", "`+514` is not a port: write a number from 1 to 65535"),
            ("gw-1:syslog", "`syslog` is not a port: write a number from 1 to 65535"),
            ("::1:514", "`::1:514` is not a target: write an IPv6 address in brackets, as in `[::1]:514`"),
            ("[gw-1]:514", "`gw-1` is not an IPv6 address"),
            ("[1.2.3.4]:514", "`1.2.3.4` is not an IPv6 address"),
            ("10.0.0.300:514", "`10.0.0.300` is not an IPv4 address"),
            ("10.1:514", "`10.1` is not an IPv4 address"),
            ("514:514", "`514` is not an IPv4 address"),
            ("1.2.3.4.:514", "`1.2.3.4.` is not an IPv4 address"),
            ("gw 1:514", "`gw 1:514` is not a target: write `host:port`"),
            ("a:1 b:2", "`a:1 b:2` is not a target: write `host:port`"),
            ("a/b:514", "`a/b` is not a host name"),
            ("gw..example:514", "`gw..example` is not a host name"),
            ("-gw:514", "`-gw` is not a host name"),
            ("z\u{fc}rich:514", "`z\u{fc}rich` is not a host name"),
            (
                &long_label,
                "`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` is not a host name",
            ),
            (
                &long_name,
                "`a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.…` is not a host name",
            ),
        ] {
            let error = text.parse::<Target>().expect_err(text);
            assert_eq!(error.to_string(), message, "{text:?}");
        }
    }

    #[test]
    fn one_target_in_two_spellings() {
        let identity = |text: &str| text.parse::<Target>().expect(text).identity();
        for (one, other, same) in [
            ("GW-1.example:514", "gw-1.EXAMPLE:514", true),
            ("[::1]:514", "[0:0:0:0:0:0:0:1]:514", true),
            ("[2001:DB8::7]:514", "[2001:db8::7]:514", true),
            ("[::ffff:10.0.0.1]:514", "10.0.0.1:514", true),
            ("gw-1:514", "gw-1:0514", true),
            ("gw-1:514", "gw-1:515", false),
            ("gw-1:514", "gw-2:514", false),
            // The dot keeps the resolver from the search domains: another name, perhaps another host.
            ("gw-1:514", "gw-1.:514", false),
        ] {
            assert_eq!(identity(one) == identity(other), same, "{one} {other}");
        }
    }
}
