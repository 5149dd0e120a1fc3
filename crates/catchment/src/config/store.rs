use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::de::DeValue;

use super::inline::within;
use super::keys;
use super::problem::Reported;
use super::read::{Read, Table};
use super::value::{self, Wrong, bytes, memory, mismatch, or_false, period, quoted, text};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// `[store]`: the queryable table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Store {
    /// The newest records, in memory until they are a part, in bytes: 1 MiB to 1 GiB. There may be two such tables at once.
    pub(crate) memtable_bytes: usize,
    /// After so long they become a part, however few they are: 1 s to 1 h.
    pub(crate) flush_after: Duration,
    /// How long records are kept, where the source says nothing.
    pub(crate) retention: Retention,
    /// The oldest parts go while the disk has less room than this; none for never.
    pub(crate) disk_free_min: Option<u64>,
    /// Where parts are kept as well, and for how long here.
    pub(crate) remote: Option<Remote>,
}

/// A place on object storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remote {
    /// `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`.
    pub(crate) url: String,
    /// How to reach it, beside what the environment says.
    pub(crate) options: BTreeMap<String, String>,
    /// What this disk keeps of it, in bytes.
    pub(crate) cache_bytes: u64,
    /// How long files there outlive the manifest that no longer lists them.
    pub(crate) linger: Duration,
}

/// How long records are kept. Without bounds they are kept for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Older ones go: 1 s and more.
    pub(crate) age: Option<Duration>,
    /// The oldest go when all take more than this on disk.
    pub(crate) bytes: Option<u64>,
}

/// `[query]`: what one query may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// Memory that all queries share, in bytes: 8 MiB to 1 TiB.
    pub(crate) memory_bytes: usize,
    /// How long one may run: 100 ms to 1 d.
    pub(crate) time_max: Duration,
}

/// `[store]` as it is written.
pub(super) struct Written {
    memtable_bytes: Read<usize>,
    flush_after: Read<Duration>,
    retention: Read<Retention>,
    disk_free_min: Read<Option<u64>>,
    url: Read<Option<String>>,
    options: Read<BTreeMap<String, String>>,
    cache_bytes: Read<u64>,
    linger: Read<Duration>,
}

/// `[query]` as it is written.
pub(super) struct WrittenQuery {
    memory_bytes: Read<usize>,
    time_max: Read<Duration>,
}

impl Written {
    pub(super) fn read(table: &Table<'_>) -> Self {
        table.refuse_unknown(&keys::STORE);
        let flush_after = period(Duration::from_secs(1)..=Duration::from_secs(3600));
        Self {
            memtable_bytes: table.get_or("memtable_bytes", 32 << 20, memory(1 << 20..=1 << 30)),
            flush_after: table.get_or("flush_after", Duration::from_secs(60), flush_after),
            retention: table.get_or("retention", Retention::default(), retention),
            disk_free_min: table.get_or("disk_free_min", None, or_false(bytes(1 << 20..=1 << 50))),
            url: table.get_or("url", None, or_false(text("a URL", url))),
            options: table.get_or("options", BTreeMap::new(), options),
            cache_bytes: table.get_or("cache_bytes", 1 << 30, bytes(0..=1 << 50)),
            linger: table.get_or("linger", Duration::from_secs(120), period(Duration::ZERO..=DAY)),
        }
    }

    pub(super) fn check(self) -> Result<Store, Reported> {
        let (options, cache_bytes, linger) =
            (self.options?.value, self.cache_bytes?.value, self.linger?.value);
        let remote = self.url?.value.map(|url| Remote { url, options, cache_bytes, linger });
        Ok(Store {
            remote,
            memtable_bytes: self.memtable_bytes?.value,
            flush_after: self.flush_after?.value,
            retention: self.retention?.value,
            disk_free_min: self.disk_free_min?.value,
        })
    }
}

impl WrittenQuery {
    pub(super) fn read(table: &Table<'_>) -> Self {
        table.refuse_unknown(&keys::QUERY);
        let time_max = period(Duration::from_millis(100)..=Duration::from_secs(24 * 3600));
        Self {
            memory_bytes: table.get_or("memory_bytes", 64 << 20, memory(8 << 20..=1 << 40)),
            time_max: table.get_or("time_max", Duration::from_secs(60), time_max),
        }
    }

    pub(super) fn check(self) -> Result<Query, Reported> {
        Ok(Query { memory_bytes: self.memory_bytes?.value, time_max: self.time_max?.value })
    }
}

fn url(text: &str) -> Result<String, Wrong> {
    let known = ["s3://", "gs://", "az://"].iter().any(|scheme| text.starts_with(scheme));
    if known {
        Ok(text.to_owned())
    } else {
        let message = format!("{} is no place on object storage", quoted(text));
        Err(Wrong::new(
            message,
            "write `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`",
        ))
    }
}

/// Names and values, all of them texts.
fn options(value: &DeValue<'_>) -> Result<BTreeMap<String, String>, Wrong> {
    let expected = "a table of texts such as `{ endpoint = \"http://127.0.0.1:9000\" }`";
    let table = value.as_table().ok_or_else(|| mismatch(expected, value))?;
    let option = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        let text = value.get_ref().as_str().ok_or_else(|| mismatch("a text", value.get_ref()));
        Ok((key.clone().into_owned(), within(key, text)?.to_owned()))
    };
    table.iter().map(option).collect()
}

/// `{ age = "30d", bytes = "20 GiB" }`, or one of the two.
pub(super) fn retention(value: &DeValue<'_>) -> Result<Retention, Wrong> {
    let expected = "a table such as `{ age = \"30d\", bytes = \"20 GiB\" }`";
    let table = value.as_table().ok_or_else(|| mismatch(expected, value))?;
    let mut retention = Retention::default();
    for (key, value) in table {
        match &**key.get_ref() {
            "age" => {
                let age = period(Duration::from_secs(1)..=Duration::from_secs(100 * 365 * 24 * 3600));
                retention.age = Some(within("age", age(value.get_ref()))?);
            }
            "bytes" => {
                let size = bytes(1 << 20..=1 << 50);
                retention.bytes = Some(within("bytes", size(value.get_ref()))?);
            }
            other => {
                let message = format!("{} is no key of a retention", quoted(other));
                return Err(Wrong::new(message, "write `age`, `bytes` or both"));
            }
        }
    }
    Ok(retention)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::{Query, Remote, Retention, Store};
    use crate::config::testing::{config, problems};

    #[test]
    fn values() {
        let default = Store {
            memtable_bytes: 32 << 20,
            flush_after: Duration::from_secs(60),
            retention: Retention::default(),
            disk_free_min: None,
            remote: None,
        };
        let remote = |url: &str| Remote {
            url: url.to_owned(),
            options: BTreeMap::new(),
            cache_bytes: 1 << 30,
            linger: Duration::from_secs(120),
        };
        let days = |days: u64| Some(Duration::from_secs(days * 86_400));
        for (text, expected) in [
            ("", default.clone()),
            ("store.memtable_bytes = '1 MiB'", Store { memtable_bytes: 1 << 20, ..default.clone() }),
            ("store.flush_after = '1h'", Store { flush_after: Duration::from_secs(3600), ..default.clone() }),
            ("store.disk_free_min = '5 GiB'", Store { disk_free_min: Some(5 << 30), ..default.clone() }),
            (
                "store.retention = { age = '30d', bytes = '20 GiB' }",
                Store { retention: Retention { age: days(30), bytes: Some(20 << 30) }, ..default.clone() },
            ),
            (
                "store.url = 's3://bucket/logs'",
                Store { remote: Some(remote("s3://bucket/logs")), ..default.clone() },
            ),
            (
                "[store]\nurl = 'gs://b'\ncache_bytes = 0\nlinger = '0s'\noptions = { endpoint = 'http://[::1]:1' }",
                Store {
                    remote: Some(Remote {
                        options: [("endpoint".to_owned(), "http://[::1]:1".to_owned())].into(),
                        cache_bytes: 0,
                        linger: Duration::ZERO,
                        ..remote("gs://b")
                    }),
                    ..default.clone()
                },
            ),
            (
                "[store.retention]\nage = '1d'",
                Store { retention: Retention { age: days(1), bytes: None }, ..default.clone() },
            ),
        ] {
            assert_eq!(config(text).store, expected, "{text}");
        }
        let expected = Query { memory_bytes: 8 << 20, time_max: Duration::from_secs(1) };
        assert_eq!(config("query = { memory_bytes = '8 MiB', time_max = '1s' }").query, expected);
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            (
                "store.retention = '30d'",
                "a:1: store.retention: expected a table such as `{ age = \"30d\", bytes = \"20 GiB\" }`, found a string",
            ),
            (
                "store.retention = { days = 3 }",
                "a:1: store.retention: `days` is no key of a retention; write `age`, `bytes` or both",
            ),
            (
                "store.retention = { age = '0s' }",
                "a:1: store.retention: `age`: `0s` is out of range; write 1s to 36500d",
            ),
            (
                "store.disk_free_min = true",
                "a:1: store.disk_free_min: `true` does not say which; write a value, or leave the key out for the default",
            ),
            (
                "store.url = 'ftp://x'",
                "a:1: store.url: `ftp://x` is no place on object storage; \
                 write `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`",
            ),
            (
                "store.options = { region = 1 }",
                "a:1: store.options: `region`: expected a text, found an integer",
            ),
            ("query.time_max = '2d'", "a:1: query.time_max: `2d` is out of range; write 100ms to 1d"),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }
}
