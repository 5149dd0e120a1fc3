use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use toml::de::DeValue;
use web::Tls;

use super::inline::Inline;
use super::keys;
use super::problem::{Report, Reported};
use super::read::{Read, Table, both};
use super::value::{self, Wrong, boolean, count, or_false, path, quoted};

/// `[web]`: the page and the HTTP API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// Where they are served; none for nowhere. Other machines reach it only with a token.
    pub(crate) address: Option<SocketAddr>,
    /// Somebody chose the address: then it has to be free.
    pub(crate) chosen: bool,
    /// Where the token is that lets clients in; none for all.
    pub(crate) token_file: Option<PathBuf>,
    /// The certificate and its key; none for no TLS.
    pub(crate) tls: Option<Tls>,
    /// Further names under which it is known, without ports.
    pub(crate) hosts: Vec<String>,
    /// How many may follow the tail at once: 1 to 100,000.
    pub(crate) tails_max: usize,
}

/// Where the page is when nobody says otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:8514";

/// `[web]` as it is written.
pub(super) struct Written {
    address: Read<Option<SocketAddr>>,
    public: Read<bool>,
    token_file: Read<Option<PathBuf>>,
    tls: Read<Option<Tls>>,
    hosts: Vec<Read<String>>,
    tails_max: Read<usize>,
}

impl Written {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        table.refuse_unknown(&keys::WEB);
        let expected = "an address such as `\"127.0.0.1:8514\"`, or `false`";
        Self {
            address: table.get_or(
                "address",
                DEFAULT_ADDRESS.parse().ok(),
                or_false(value::text(expected, address)),
            ),
            public: table.get_or("public", false, boolean),
            token_file: table.get_or("token_file", None, or_false(path(base))),
            tls: table.get_or("tls", None, or_false(tls(base))),
            hosts: table.list(
                "hosts",
                "a list of names such as `[\"logs.example\"]`",
                value::text("a name", host),
            ),
            tails_max: table.get_or("tails_max", 128, count(1..=100_000)),
        }
    }

    pub(super) fn check(self, report: &Report) -> Result<Web, Reported> {
        if let Some((address, public)) = both(&self.address, &self.public)
            && let Some(reached) = address.value.filter(|address| !address.ip().to_canonical().is_loopback())
        {
            let message = format!("{} can be reached from other machines", quoted(&reached.to_string()));
            if !public.value {
                let hint = "write `public = true` if that is meant, or serve on `127.0.0.1`";
                report.add(&address.place, message, hint);
            } else if self.token_file.as_ref().is_ok_and(|file| file.value.is_none()) {
                let hint = "write `token_file = \"web.token\"`; `catchment token new` makes what is in it";
                report.add(&address.place, format!("{message}, so a token is needed"), hint);
            }
        }
        let hosts =
            self.hosts.into_iter().map(|host| host.map(|host| host.value)).collect::<Result<_, _>>()?;
        let address = self.address?;
        Ok(Web {
            chosen: address.written,
            address: address.value,
            token_file: self.token_file?.value,
            tls: self.tls?.value,
            hosts,
            tails_max: self.tails_max?.value,
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| {
        let hint = "write an IP address and a port, as in `127.0.0.1:8514` or `[::1]:8514`";
        Wrong::new(format!("{} is not an address to serve on", quoted(text)), hint)
    })
}

fn host(text: &str) -> Result<String, Wrong> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if !text.is_empty() && text.chars().all(fits) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Wrong::new(format!("{} is not a name", quoted(text)), "write it without scheme, port and path"))
}

/// `{ certificate = "cert.pem", key = "key.pem" }`.
fn tls(base: &Path) -> impl Fn(&DeValue<'_>) -> Result<Tls, Wrong> {
    move |value| {
        let expected = "a table such as `{ certificate = \"cert.pem\", key = \"key.pem\" }`";
        let table = Inline::of(value, expected)?;
        table.allow(&["certificate", "key"])?;
        Ok(Tls {
            certificate: table.require("certificate", path(base))?,
            key: table.require("key", path(base))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use web::Tls;

    use super::Web;
    use crate::config::testing::{config, problems};

    #[test]
    fn values() {
        let default = Web {
            address: "127.0.0.1:8514".parse().ok(),
            chosen: false,
            token_file: None,
            tls: None,
            hosts: Vec::new(),
            tails_max: 128,
        };
        let chosen = |address: &str| Web { address: address.parse().ok(), chosen: true, ..default.clone() };
        let tls = Tls { certificate: "/base/c.pem".into(), key: "/k.pem".into() };
        for (text, expected) in [
            ("", default.clone()),
            ("address = false", chosen("")),
            ("address = '127.0.0.1:8514'", chosen("127.0.0.1:8514")),
            ("address = '[::1]:1'", chosen("[::1]:1")),
            (
                "address = '0.0.0.0:1'\npublic = true\ntoken_file = 't'",
                Web { token_file: Some("/base/t".into()), ..chosen("0.0.0.0:1") },
            ),
            ("tls = { certificate = 'c.pem', key = '/k.pem' }", Web { tls: Some(tls), ..default.clone() }),
            ("hosts = ['Logs.example']", Web { hosts: vec!["logs.example".to_owned()], ..default.clone() }),
            ("tails_max = 1", Web { tails_max: 1, ..default.clone() }),
        ] {
            assert_eq!(config(&format!("[web]\n{text}")).web, expected, "{text}");
        }
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            (
                "address = '0.0.0.0:80'",
                "a:2: web.address: `0.0.0.0:80` can be reached from other machines; write `public = true` if that is meant, or serve on `127.0.0.1`",
            ),
            (
                "address = '0.0.0.0:80'\npublic = true",
                "a:2: web.address: `0.0.0.0:80` can be reached from other machines, so a token is needed; write `token_file = \"web.token\"`; `catchment token new` makes what is in it",
            ),
            (
                "address = 'localhost'",
                "a:2: web.address: `localhost` is not an address to serve on; write an IP address and a port, as in `127.0.0.1:8514` or `[::1]:8514`",
            ),
            (
                "hosts = ['http://x']",
                "a:2: web.hosts[1]: `http://x` is not a name; write it without scheme, port and path",
            ),
            (
                "tls = { key = 'k' }",
                "a:2: web.tls: `certificate` is missing; write a table such as `{ certificate = \"cert.pem\", key = \"key.pem\" }`",
            ),
            (
                "tls = { keys = 'k' }",
                "a:2: web.tls: unknown key `keys`; write a table such as `{ certificate = \"cert.pem\", key = \"key.pem\" }`",
            ),
            ("port = 1", "a:2: web.port: unknown key; `catchment config default` prints every key"),
        ] {
            assert_eq!(problems(&format!("[web]\n{text}")), expected, "{text}");
        }
    }
}
