//! `kind = "subscribers"`: lines go to whoever connects to an address.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Fanout;
use crate::config::listen::{self, Address, Listen};
use crate::config::output::Sink;
use crate::config::read::{At, Read, Table};

/// The keys of such an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Subscribers {
    /// Where they connect. Nobody else has the same.
    pub(crate) address: Address,
    /// How many may be connected at once: 1 to 1,000,000. One more is refused.
    pub(crate) peers_max: usize,
    pub(crate) fanout: Fanout,
}

impl Subscribers {
    pub(in crate::config) fn read(table: &Table<'_>, base: &Path) -> Read<Sink> {
        let listen = listen::Written::read(table, base);
        let place = listen.address.as_ref().ok().and_then(|address| Some(address.as_ref()?.place.clone()));
        let (listen, fanout) = (listen.check(table.report()), Fanout::read(table));
        let Listen { address, peers_max } = listen?;
        let place = place.unwrap_or_else(|| table.place().clone());
        Ok(At {
            value: Sink::Subscribers(Self { address, peers_max, fanout: fanout? }),
            place,
            written: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Fanout, Subscribers};
    use crate::config::listen::Address;
    use crate::config::sink::LineFormat;
    use crate::config::testing::{config, problems_of};
    use crate::config::{Named, Output, Sink};

    const SOURCE: &str = "[[source]]\nname = 's'\nkind = 'listen'\naddress = '127.0.0.1:5140'\n";
    const TO: &str = "[[pipeline]]\nname = 'main'\nto = ['feed']\n";

    fn text(keys: &str) -> String {
        format!("{TO}[[output]]\nname = 'feed'\nkind = 'subscribers'\n{keys}\n")
    }

    #[test]
    fn keys() {
        let fanout = Fanout { format: LineFormat::Text, ring_bytes: 4 << 20, close_behind: false };
        let address = Address::Tcp("127.0.0.1:7000".parse().expect("an address"));
        let sink = Sink::Subscribers(Subscribers { address, peers_max: 10_000, fanout });
        let named = Output::Named(Named { name: "feed".to_owned(), sink });
        assert_eq!(config(&text("address = '127.0.0.1:7000'")).pipelines[0].to, [named]);
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            (
                "",
                "a:4: output[1].address: missing; write `address = \"127.0.0.1:5140\"`, \
                 or a path such as `\"unix:/run/catchment.sock\"`",
            ),
            (
                "address = '0.0.0.0:7000'",
                "a:7: output[1].address: `0.0.0.0:7000` can be reached from other machines; \
                 write `public = true` if that is meant, or listen on `127.0.0.1`",
            ),
            (
                "address = '0.0.0.0:5140'\npublic = true",
                "a:7: output[1].address: `0.0.0.0:5140` is in use by `127.0.0.1:5140` in line 12; choose another port or path",
            ),
            (
                "address = '127.0.0.1:7000'\npeers_max = 0\nsource = 's'",
                "a:8: output[1].peers_max: `0` is out of range; write 1 to 1000000\n\
                 a:9: output[1].source: an output with `kind = \"subscribers\"` has no such key",
            ),
        ] {
            assert_eq!(problems_of(&format!("{}{SOURCE}", text(keys))), expected, "{keys}");
        }
    }
}
