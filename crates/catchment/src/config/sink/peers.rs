//! `kind = "peers"`: lines go to the peers of a source, each to all but the one that sent it.

use serde::{Deserialize, Serialize};

use super::Fanout;
use crate::config::output::{Sink, Written};
use crate::config::problem::Report;
use crate::config::read::{At, Read, Table};
use crate::config::source;
use crate::config::value::{quoted, text};

/// The keys of such an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Peers {
    /// The source whose peers they are. No other output has the same.
    pub(crate) source: String,
    pub(crate) fanout: Fanout,
}

impl Peers {
    pub(in crate::config) fn read(table: &Table<'_>) -> Read<Sink> {
        let name = text("the name of a source", |name| Ok(name.to_owned()));
        let source = table.require("source", "write the source whose peers get the lines", name);
        let fanout = Fanout::read(table);
        let At { value: source, place, written } = source?;
        Ok(At { value: Sink::Peers(Self { source, fanout: fanout? }), place, written })
    }

    /// Reports outputs for a source that is not there, or whose peers get the lines of another output already.
    pub(in crate::config) fn check(outputs: &[&Written], sources: &[&source::Written], report: &Report) {
        let mut seen: Vec<(&str, usize)> = Vec::new();
        for (peers, place) in outputs.iter().filter_map(|output| match output.sink.as_ref().ok()? {
            At { value: Sink::Peers(peers), place, .. } => Some((peers, place)),
            _ => None,
        }) {
            let name = quoted(&peers.source);
            // A name that is wrong may have been meant.
            let names = sources.iter().map(|source| Some(source.name.as_ref().ok()?.value.as_str()));
            if let Some(named) = names.collect::<Option<Vec<&str>>>()
                && !named.contains(&peers.source.as_str())
            {
                let there: Vec<String> = named.iter().map(|name| format!("`{name}`")).collect();
                let hint = format!("there are {}", there.join(", "));
                report.add(place, format!("{name} is no source"), hint);
            }
            if let Some((_, line)) = seen.iter().find(|(source, _)| *source == peers.source) {
                let message =
                    format!("the peers of {name} get the lines of the output in line {line} already");
                report.add(place, message, "let one output lead to them");
            }
            seen.push((&peers.source, place.line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fanout, Peers};
    use crate::config::sink::LineFormat;
    use crate::config::testing::{config, problems};
    use crate::config::{Named, Output, Sink};

    fn text(name: &str, keys: &str) -> String {
        format!("[[output]]\nname = '{name}'\nkind = 'peers'\n{keys}\n")
    }

    fn to(names: &str) -> String {
        format!("[[pipeline]]\nname = 'main'\nto = [{names}]")
    }

    #[test]
    fn keys() {
        let default = Fanout { format: LineFormat::Text, ring_bytes: 4 << 20, close_behind: false };
        for (keys, fanout) in [
            ("", default),
            ("format = 'message'", Fanout { format: LineFormat::Message, ..default }),
            (
                "format = 'json'\nring_bytes = '64 KiB'\nbehind = 'close'",
                Fanout { format: LineFormat::Json, ring_bytes: 64 << 10, close_behind: true },
            ),
        ] {
            let text = format!("{}{}", text("room", &format!("source = 's'\n{keys}")), to("'room'"));
            let sink = Sink::Peers(Peers { source: "s".to_owned(), fanout });
            let named = Named { name: "room".to_owned(), sink };
            assert_eq!(config(&text).pipelines[0].to, [Output::Named(named)], "{keys}");
        }
    }

    #[test]
    fn mistakes() {
        for (outputs, expected) in [
            (
                text("room", ""),
                "a:1: output[1].source: missing; write the source whose peers get the lines".to_owned(),
            ),
            (
                text("room", "source = 't'"),
                "a:4: output[1].source: `t` is no source; there are `s`".to_owned(),
            ),
            (
                text("room", "source = 's'\nformat = 'xml'\nring_bytes = '1 KiB'\nbehind = 'wait'"),
                "a:5: output[1].format: expected one of `\"text\"`, `\"message\"`, `\"json\"`, found `xml`\n\
                 a:6: output[1].ring_bytes: `1 KiB` is out of range; write 64 KiB to 1 GiB\n\
                 a:7: output[1].behind: expected one of `\"skip\"`, `\"close\"`, found `wait`"
                    .to_owned(),
            ),
            (
                text("room", "source = 's'\npath = 'p'"),
                "a:5: output[1].path: an output with `kind = \"peers\"` has no such key".to_owned(),
            ),
        ] {
            assert_eq!(problems(&format!("{outputs}{}", to("'room'"))), expected, "{outputs}");
        }
        let two = format!("{}{}{}", text("a", "source = 's'"), text("b", "source = 's'"), to("'a', 'b'"));
        assert_eq!(
            problems(&two),
            "a:8: output[2].source: the peers of `s` get the lines of the output in line 4 already; \
             let one output lead to them"
        );
    }
}
