use std::time::Duration;

use toml::de::DeValue;

use super::keys;
use super::problem::Reported;
use super::read::{Read, Table};
use super::value::{self, Wrong, bytes, memory, mismatch, or_false, period, quoted};

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
        }
    }

    pub(super) fn check(self) -> Result<Store, Reported> {
        Ok(Store {
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

/// Says which key of an inline table it is that is wrong.
pub(super) fn within<T>(key: &str, read: Result<T, value::Wrong>) -> Result<T, Wrong> {
    read.map_err(|wrong| Wrong { message: format!("`{key}`: {}", wrong.message), ..wrong })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Query, Retention, Store};
    use crate::config::testing::{config, problems};

    #[test]
    fn values() {
        let default = Store {
            memtable_bytes: 32 << 20,
            flush_after: Duration::from_secs(60),
            retention: Retention::default(),
            disk_free_min: None,
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
            ("query.time_max = '2d'", "a:1: query.time_max: `2d` is out of range; write 100ms to 1d"),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }
}
