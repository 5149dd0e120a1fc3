use std::path::Path;
use std::time::Duration;

use super::connect::{self, Connect};
use super::keys;
use super::listen::{self, Listen};
use super::problem::{Report, Reported};
use super::read::{At, Read, Table, both};
use super::store::{Retention, retention};
use super::value::{self, Wrong, boolean, choice, memory, or_false, period, quoted};
use crate::units::Bytes;

/// `[[source]]`: a group of peers with one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its name, unlike any other's: 1 to 64 of `A-Z a-z 0-9 _ . -`.
    pub(crate) name: String,
    /// The most that is read at once, and that is held of an unfinished line, in bytes: 16 to 65536.
    pub(crate) chunk_bytes: usize,
    /// A longer line is split, in bytes: `chunk_bytes` to 64 MiB.
    pub(crate) line_bytes_max: usize,
    /// The answer to each line: 1 to 16 bytes; none for peers that expect none.
    pub(crate) ack: Option<Vec<u8>>,
    /// How long a peer may be silent before it is dropped: 1 ms to 30 days; none for as long as it likes.
    pub(crate) idle_timeout: Option<Duration>,
    /// After how long a silence TCP asks whether the peer is still there: 1 s to 9 h; none for never. A Unix
    /// socket has none.
    pub(crate) keepalive: Option<Duration>,
    /// How long the store keeps its records, where `[store]` does not decide.
    pub(crate) retention: Option<Retention>,
    /// How connections come about.
    pub(crate) kind: Kind,
}

/// How connections come about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The program dials.
    Connect(Connect),
    /// Peers dial.
    Listen(Listen),
}

/// A source as it is written.
pub(super) struct Written {
    pub(super) name: Read<String>,
    pub(super) chunk_bytes: Read<usize>,
    line_bytes_max: Read<usize>,
    ack: Read<Option<Vec<u8>>>,
    idle_timeout: Read<Option<Duration>>,
    keepalive: Read<Option<Duration>>,
    retention: Result<Option<At<Retention>>, Reported>,
    pub(super) journal_only: Read<bool>,
    pub(super) kind: Result<WrittenKind, Reported>,
}

/// The keys that go with the kind.
#[expect(clippy::large_enum_variant, reason = "there are few, for as long as the file is read")]
pub(super) enum WrittenKind {
    Connect(connect::Written),
    Listen(listen::Written),
}

/// The value of `kind`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Connect,
    Listen,
}

const NAME_BYTES_MAX: usize = 64;
const ACK_BYTES_MAX: usize = 16;
const IDLE_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
/// The kernel counts these seconds in 15 bits.
const KEEPALIVE_MAX: Duration = Duration::from_secs(9 * 3600);

impl Written {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        table.refuse_unknown(&keys::SOURCE);
        let idle_timeout = or_false(period(Duration::from_millis(1)..=IDLE_MAX));
        let keepalive = or_false(period(Duration::from_secs(1)..=KEEPALIVE_MAX));
        let ack = or_false(value::text("a text such as `\"ACK\\n\"`, or `false`", check_ack));
        Self {
            name: table.require(
                "name",
                "every source has a name of its own",
                value::text("a name", check_name),
            ),
            chunk_bytes: table.get_or("chunk_bytes", 1024, memory(16..=64 << 10)),
            line_bytes_max: table.get_or("line_bytes_max", 1 << 20, memory(16..=64 << 20)),
            ack: table.get_or("ack", Some(b"ACK\n".to_vec()), ack),
            idle_timeout: table.get_or("idle_timeout", None, idle_timeout),
            keepalive: table.get_or("keepalive", Some(Duration::from_secs(60)), keepalive),
            retention: table.get("retention", retention),
            journal_only: table.get_or("journal_only", false, boolean),
            kind: WrittenKind::read(table, base),
        }
    }

    pub(super) fn check(self, report: &Report) -> Result<Source, Reported> {
        if let Some((line, chunk)) = both(&self.line_bytes_max, &self.chunk_bytes)
            && line.value < chunk.value
        {
            let [line_bytes, chunk_bytes] = [line.value, chunk.value].map(|bytes| Bytes(bytes as u64));
            let message =
                format!("`line_bytes_max`, {line_bytes}, is less than `chunk_bytes`, {chunk_bytes}");
            report.add(line.blame(chunk), message, "raise the first or lower the second");
        }
        let unix = matches!(&self.kind, Ok(WrittenKind::Listen(listen)) if listen.is_unix());
        if let Ok(keepalive) = self.keepalive.as_ref()
            && unix
            && keepalive.written
            && keepalive.value.is_some()
        {
            report.add(&keepalive.place, "a Unix socket has no keepalive", "leave the key out");
        }
        let kind = match self.kind {
            Ok(WrittenKind::Connect(connect)) => connect.check(report).map(Kind::Connect),
            Ok(WrittenKind::Listen(listen)) => listen.check(report).map(Kind::Listen),
            Err(reported) => Err(reported),
        };
        Ok(Source {
            name: self.name?.value,
            chunk_bytes: self.chunk_bytes?.value,
            line_bytes_max: self.line_bytes_max?.value,
            ack: self.ack?.value,
            idle_timeout: self.idle_timeout?.value,
            keepalive: self.keepalive?.value.filter(|_| !unix),
            // Whether pipelines take its lines was held against it.
            kind: self.journal_only.and(kind)?,
            retention: self.retention?.map(|retention| retention.value),
        })
    }
}

impl WrittenKind {
    /// Where the kind itself is wrong, the keys of both are read all the same, for the mistakes in them.
    fn read(table: &Table<'_>, base: &Path) -> Result<Self, Reported> {
        let hint = "write `\"connect\"` to dial the peers, or `\"listen\"` to be dialled";
        let words = choice(&[("connect", Word::Connect), ("listen", Word::Listen)]);
        let kind = table.require("kind", hint, words).map(|kind| kind.value);
        let foreign = match kind {
            Ok(Word::Connect) => Some((keys::LISTEN, "only a source with `kind = \"listen\"` has this key")),
            Ok(Word::Listen) => Some((keys::CONNECT, "only a source with `kind = \"connect\"` has this key")),
            Err(Reported) => None,
        };
        if let Some((keys, message)) = foreign {
            table.refuse(keys, message);
        }
        let connect = (kind != Ok(Word::Listen)).then(|| connect::Written::read(table, base));
        let listen = (kind != Ok(Word::Connect)).then(|| listen::Written::read(table, base));
        match (connect, listen) {
            (Some(connect), None) => Ok(Self::Connect(connect)),
            (None, Some(listen)) => Ok(Self::Listen(listen)),
            _ => Err(Reported),
        }
    }
}

fn check_name(text: &str) -> Result<String, Wrong> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(format!("{} is not a name", quoted(text)), "write 1 to 64 of `A-Z a-z 0-9 _ . -`"))
}

pub(super) fn check_ack(text: &str) -> Result<Vec<u8>, Wrong> {
    if (1..=ACK_BYTES_MAX).contains(&text.len()) {
        return Ok(text.as_bytes().to_vec());
    }
    Err(Wrong::new(
        format!("{} bytes are out of range", text.len()),
        "write 1 to 16 bytes, or `false` for no answer",
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Kind, Source};
    use crate::config::testing::{config_of, problems_of};

    /// The one source that `keys` and an address make.
    fn source(keys: &str) -> Source {
        let mut config =
            config_of(&format!("[[source]]\nname = 's'\nkind = 'listen'\naddress = '[::1]:0'\n{keys}"));
        config.sources.remove(0)
    }

    #[test]
    fn defaults() {
        let source = source("");
        assert_eq!((source.name.as_str(), source.chunk_bytes, source.line_bytes_max), ("s", 1024, 1 << 20));
        assert_eq!((source.ack, source.idle_timeout), (Some(b"ACK\n".to_vec()), None));
        assert_eq!(source.keepalive, Some(Duration::from_secs(60)));
        assert!(matches!(source.kind, Kind::Listen(_)));
    }

    #[test]
    fn values() {
        let default = source("");
        for (keys, expected) in [
            ("chunk_bytes = 16", Source { chunk_bytes: 16, ..default.clone() }),
            ("chunk_bytes = '64 KiB'", Source { chunk_bytes: 65536, ..default.clone() }),
            ("chunk_bytes = 0x1_00", Source { chunk_bytes: 256, ..default.clone() }),
            ("line_bytes_max = 1024", Source { line_bytes_max: 1024, ..default.clone() }),
            ("line_bytes_max = '64 MiB'", Source { line_bytes_max: 64 << 20, ..default.clone() }),
            ("ack = false", Source { ack: None, ..default.clone() }),
            (
                "ack = '0123456789abcdef'",
                Source { ack: Some(b"0123456789abcdef".to_vec()), ..default.clone() },
            ),
            (
                "idle_timeout = '5m'",
                Source { idle_timeout: Some(Duration::from_secs(300)), ..default.clone() },
            ),
            ("idle_timeout = false", default.clone()),
            ("keepalive = false", Source { keepalive: None, ..default.clone() }),
            ("keepalive = '9h'", Source { keepalive: Some(Duration::from_secs(32_400)), ..default.clone() }),
        ] {
            assert_eq!(source(keys), expected, "{keys}");
        }
        assert_eq!(
            config_of("[[source]]\nname='u'\nkind='listen'\naddress='unix:u'").sources[0].keepalive,
            None
        );
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            ("chunk_bytes = 15", "a:5: source[1].chunk_bytes: `15` is out of range; write 16 B to 64 KiB"),
            (
                "chunk_bytes = '65 KiB'",
                "a:5: source[1].chunk_bytes: `65 KiB` is out of range; write 16 B to 64 KiB",
            ),
            (
                "line_bytes_max = '65 MiB'",
                "a:5: source[1].line_bytes_max: `65 MiB` is out of range; write 16 B to 64 MiB",
            ),
            (
                "line_bytes_max = 512",
                "a:5: source[1].line_bytes_max: `line_bytes_max`, 512 B, is less than `chunk_bytes`, 1 KiB; \
                 raise the first or lower the second",
            ),
            (
                "ack = ''",
                "a:5: source[1].ack: 0 bytes are out of range; write 1 to 16 bytes, or `false` for no answer",
            ),
            (
                "ack = '0123456789abcdefg'",
                "a:5: source[1].ack: 17 bytes are out of range; write 1 to 16 bytes, or `false` for no answer",
            ),
            (
                "ack = true",
                "a:5: source[1].ack: `true` does not say which; write a value, or leave the key out for the default",
            ),
            (
                "ack = 1",
                "a:5: source[1].ack: expected a text such as `\"ACK\\n\"`, or `false`, found an integer",
            ),
            ("idle_timeout = '0s'", "a:5: source[1].idle_timeout: `0s` is out of range; write 1ms to 30d"),
            ("keepalive = '10h'", "a:5: source[1].keepalive: `10h` is out of range; write 1s to 9h"),
            ("targets = []", "a:5: source[1].targets: only a source with `kind = \"connect\"` has this key"),
            (
                "max_line_bytes = 1",
                "a:5: source[1].max_line_bytes: unknown key; it is called `line_bytes_max`",
            ),
            (
                "log_level = 'info'",
                "a:5: source[1].log_level: unknown key; `log_level` belongs at the top of the file, above the first section",
            ),
        ] {
            let text = format!("[[source]]\nname = 's'\nkind = 'listen'\naddress = '[::1]:0'\n{keys}");
            assert_eq!(problems_of(&text), expected, "{keys}");
        }
    }

    #[test]
    fn names_and_kinds() {
        let kind_hint = "write `\"connect\"` to dial the peers, or `\"listen\"` to be dialled";
        for (keys, expected) in [
            (
                "kind='listen'\naddress='[::1]:0'",
                "a:1: source[1].name: missing; every source has a name of its own".to_owned(),
            ),
            (
                "name='two words'\nkind='listen'\naddress='[::1]:0'",
                "a:2: source[1].name: `two words` is not a name; write 1 to 64 of `A-Z a-z 0-9 _ . -`"
                    .to_owned(),
            ),
            (
                "name=''\nkind='listen'\naddress='[::1]:0'",
                "a:2: source[1].name: `` is not a name; write 1 to 64 of `A-Z a-z 0-9 _ . -`".to_owned(),
            ),
            ("name='s'", format!("a:1: source[1].kind: missing; {kind_hint}")),
            (
                "name='s'\nkind='dial'\npeers_max=0\ntargets=['x']",
                "a:3: source[1].kind: expected one of `\"connect\"`, `\"listen\"`, found `dial`\n\
                 a:4: source[1].peers_max: `0` is out of range; write 1 to 1000000\n\
                 a:5: source[1].targets[1]: `x` is not a target: write `host:port`"
                    .to_owned(),
            ),
            (
                "name='s'\nkind='listen'\naddress='unix:s'\nkeepalive='60s'",
                "a:5: source[1].keepalive: a Unix socket has no keepalive; leave the key out".to_owned(),
            ),
        ] {
            assert_eq!(problems_of(&format!("[[source]]\n{keys}")), expected, "{keys}");
        }
    }
}
