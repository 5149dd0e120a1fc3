use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::problem::{Place, Report, Reported};
use super::read::{At, Read, Table, both};
use super::value::{self, Wrong, boolean, count, quoted};

/// A source whose peers dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// Where they dial to.
    pub(crate) address: Address,
    /// How many may be connected at once: 1 to 1,000,000. One more is refused.
    pub(crate) peers_max: usize,
}

/// Where a source listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Address {
    /// A TCP port; with port 0 the system chooses a free one.
    Tcp(SocketAddr),
    /// A Unix socket: 1 to 107 bytes of path, 103 on other systems than Linux.
    Unix(PathBuf),
}

/// The keys of such a source as they are written.
pub(super) struct Written {
    /// The source's table, to report what is missing.
    place: Place,
    pub(super) address: Result<Option<At<Address>>, Reported>,
    peers_max: Read<usize>,
    public: Read<bool>,
}

/// What `sockaddr_un` has room for, beside the zero at the end.
const UNIX_PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

impl Written {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        let address =
            value::text("an address such as `\"127.0.0.1:5140\"`", |text| Address::read(text, base));
        Self {
            place: table.place().clone(),
            address: table.get("address", address),
            peers_max: table.get_or("peers_max", 10_000, count(1..=1_000_000)),
            public: table.get_or("public", false, boolean),
        }
    }

    pub(super) fn is_unix(&self) -> bool {
        matches!(&self.address, Ok(Some(address)) if matches!(address.value, Address::Unix(_)))
    }

    pub(super) fn check(self, report: &Report) -> Result<Listen, Reported> {
        let address = self.address?.ok_or_else(|| {
            let hint =
                "write `address = \"127.0.0.1:5140\"`, or a path such as `\"unix:/run/catchment.sock\"`";
            report.add(&self.place.below("address"), "missing", hint)
        });
        if let Some((address, public)) = both(&address, &self.public)
            && address.value.is_public()
            && !public.value
        {
            let message =
                format!("{} can be reached from other machines", quoted(&address.value.to_string()));
            report.add(
                &address.place,
                message,
                "write `public = true` if that is meant, or listen on `127.0.0.1`",
            );
        }
        Ok(Listen { address: address?.value, peers_max: self.peers_max?.value })
    }
}

impl Address {
    fn read(text: &str, base: &Path) -> Result<Self, Wrong> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = value::path_below(base, path)?;
            let bytes = path.as_os_str().len();
            if bytes > UNIX_PATH_BYTES_MAX {
                let message = format!("the path of the socket is {bytes} bytes long, with its directories");
                return Err(Wrong::new(message, format!("the system takes {UNIX_PATH_BYTES_MAX}")));
            }
            return Ok(Self::Unix(path));
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            let hint = "write an IP address and a port, as in `127.0.0.1:5140` or `[::1]:5140`, or `unix:` and a path";
            Wrong::new(format!("{} is not an address to listen on", quoted(text)), hint)
        })
    }

    fn is_public(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }

    /// True when only one of the two can be listened on.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tcp(one), Self::Tcp(other)) => {
                let any = |address: &SocketAddr| address.ip().is_unspecified();
                let same = one.ip() == other.ip() || any(one) || any(other);
                same && one.is_ipv4() == other.is_ipv4() && one.port() == other.port() && one.port() != 0
            }
            (one, other) => one == other,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Address, Listen};
    use crate::config::source::Kind;
    use crate::config::testing::{config_of, problems_of};

    const SOURCE: &str = "[[source]]\nname = 's'\nkind = 'listen'\n";

    fn listen(keys: &str) -> Listen {
        match config_of(&format!("{SOURCE}{keys}")).sources.remove(0).kind {
            Kind::Listen(listen) => listen,
            Kind::Connect(_) => panic!("not a source that connects"),
        }
    }

    #[test]
    fn addresses() {
        let tcp = |text: &str| Address::Tcp(text.parse().expect(text));
        for (keys, address) in [
            ("address = '127.0.0.1:5140'", tcp("127.0.0.1:5140")),
            ("address = '127.9.9.9:0'", tcp("127.9.9.9:0")),
            ("address = '[::1]:5140'", tcp("[::1]:5140")),
            ("address = '[::ffff:127.0.0.1]:5140'", tcp("[::ffff:127.0.0.1]:5140")),
            ("address = '0.0.0.0:5140'\npublic = true", tcp("0.0.0.0:5140")),
            ("address = 'unix:/run/s'", Address::Unix("/run/s".into())),
            ("address = 'unix:s'", Address::Unix("/base/s".into())),
        ] {
            assert_eq!(listen(keys), Listen { address, peers_max: 10_000 }, "{keys}");
        }
        assert_eq!(listen("address = '[::1]:1'\npeers_max = 3").peers_max, 3);
    }

    #[test]
    fn mistakes() {
        let how =
            "write an IP address and a port, as in `127.0.0.1:5140` or `[::1]:5140`, or `unix:` and a path";
        let public = "write `public = true` if that is meant, or listen on `127.0.0.1`";
        let long = "x".repeat(200);
        for (keys, expected) in [
            (
                "",
                "a:1: source[1].address: missing; write `address = \"127.0.0.1:5140\"`, \
                 or a path such as `\"unix:/run/catchment.sock\"`"
                    .to_owned(),
            ),
            (
                "address = 5140",
                "a:4: source[1].address: expected an address such as `\"127.0.0.1:5140\"`, found an integer".to_owned(),
            ),
            ("address = ':5140'", format!("a:4: source[1].address: `:5140` is not an address to listen on; {how}")),
            (
                "address = 'localhost:5140'",
                format!("a:4: source[1].address: `localhost:5140` is not an address to listen on; {how}"),
            ),
            (
                "address = '::1:5140'",
                format!("a:4: source[1].address: `::1:5140` is not an address to listen on; {how}"),
            ),
            (
                "address = '0.0.0.0:5140'",
                format!("a:4: source[1].address: `0.0.0.0:5140` can be reached from other machines; {public}"),
            ),
            (
                "address = '[::]:5140'\npublic = false",
                format!("a:4: source[1].address: `[::]:5140` can be reached from other machines; {public}"),
            ),
            (
                "address = '[::1]:1'\npublic = 'yes'",
                "a:5: source[1].public: expected `true` or `false`, found a string".to_owned(),
            ),
            (
                "address = '[::1]:1'\npeers_max = 0",
                "a:5: source[1].peers_max: `0` is out of range; write 1 to 1000000".to_owned(),
            ),
            (
                "address = 'unix:'",
                "a:4: source[1].address: the path is empty; write a path, relative to the directory of this file"
                    .to_owned(),
            ),
            (
                &format!("address = 'unix:/{long}'"),
                "a:4: source[1].address: the path of the socket is 201 bytes long, with its directories; \
                 the system takes 107"
                    .to_owned(),
            ),
        ] {
            assert_eq!(problems_of(&format!("{SOURCE}{keys}")), expected, "{keys}");
        }
    }

    #[test]
    fn overlaps() {
        let address = |text: &str| Address::read(text, Path::new("/base")).expect(text);
        for (one, other, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("127.0.0.1:1", "0.0.0.0:1", true),
            ("[::]:1", "[::1]:1", true),
            ("[::1]:1", "127.0.0.1:1", false),
            ("unix:a", "unix:/base/./a", true),
            ("unix:a", "unix:b", false),
            ("unix:a", "127.0.0.1:1", false),
        ] {
            assert_eq!(address(one).overlaps(&address(other)), expected, "{one} {other}");
            assert_eq!(address(other).overlaps(&address(one)), expected, "{other} {one}");
        }
    }
}
