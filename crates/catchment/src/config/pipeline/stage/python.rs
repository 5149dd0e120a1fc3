use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipeline::Stage;
use serde_json::Value;
use toml::de::DeValue;
use workers::Spec;

use super::Kind;
use crate::config::inline::{Inline, within};
use crate::config::value::{Wrong, boolean, count, memory, path_below, period, quoted, text};

pub(super) const KIND: Kind = Kind {
    name: "python",
    options: &[
        "workers",
        "threads",
        "concurrency",
        "timeout",
        "memory_max",
        "config",
        "interpreter",
        "watch",
    ],
    example: "`{ python = \"handlers.py:process_log_line\", workers = 2 }`",
    read: |table, base| read(table, base).map(|spec| Stage::Python(Box::new(spec))),
};

const WORKERS_MAX: usize = 256;
const THREADS_MAX: usize = 1024;
const CONCURRENCY_MAX: usize = 100_000;
const TIMEOUT_MAX: Duration = Duration::from_secs(86_400);

fn read(table: &Inline<'_>, base: &Path) -> Result<Spec, Wrong> {
    let some = |key: &str, max| table.get(key, count(1..=max)).map(|count| count.and_then(NonZeroUsize::new));
    let default = Spec::new(table.require("python", text(HANDLER, handler))?, base);
    Ok(Spec {
        workers: some("workers", WORKERS_MAX)?,
        threads: some("threads", THREADS_MAX)?,
        concurrency: some("concurrency", CONCURRENCY_MAX)?.unwrap_or(default.concurrency),
        timeout: table
            .get("timeout", period(Duration::from_millis(100)..=TIMEOUT_MAX))?
            .unwrap_or(default.timeout),
        memory_max: table
            .get("memory_max", memory(16 << 20..=1 << 40))?
            .map_or(default.memory_max, |max| max as u64),
        config: table.get("config", json)?.unwrap_or_default(),
        python: table
            .get("interpreter", text("an interpreter", |python| interpreter(base, python)))?
            .unwrap_or_else(|| default.python.clone()),
        watch: table.get("watch", boolean)?.unwrap_or(default.watch),
        ..default
    })
}

const HANDLER: &str = "a handler such as `\"handlers.py:process_log_line\"`";

fn handler(written: &str) -> Result<String, Wrong> {
    match written.rsplit_once(':') {
        Some((place, name)) if !place.is_empty() && !name.is_empty() => Ok(written.to_owned()),
        _ => Err(Wrong::new(
            format!("{} names no handler", quoted(written)),
            "write `FILE.py:NAME`, relative to the directory of this file, or `module:NAME`",
        )),
    }
}

/// A name alone is looked for on the PATH.
fn interpreter(base: &Path, written: &str) -> Result<PathBuf, Wrong> {
    if written.contains('/') || written.is_empty() { path_below(base, written) } else { Ok(written.into()) }
}

/// What a class is made with.
fn json(value: &DeValue<'_>) -> Result<Value, Wrong> {
    Ok(match value {
        DeValue::String(text) => Value::from(&**text),
        DeValue::Boolean(value) => Value::from(*value),
        DeValue::Integer(integer) => {
            let number = i64::from_str_radix(integer.as_str(), integer.radix());
            Value::from(
                number
                    .map_err(|_| Wrong::new(format!("{} is out of range", quoted(integer.as_str())), ""))?,
            )
        }
        DeValue::Float(float) => {
            let number: Option<f64> = float.as_str().parse().ok().filter(|number: &f64| number.is_finite());
            Value::from(
                number.ok_or_else(|| Wrong::new(format!("{} is no number", quoted(float.as_str())), ""))?,
            )
        }
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(list) => {
            list.iter().map(|one| json(one.get_ref())).collect::<Result<Vec<_>, _>>()?.into()
        }
        DeValue::Table(table) => {
            let mut object = serde_json::Map::new();
            for (key, value) in table.iter() {
                let key = &**key.get_ref();
                object.insert(key.to_owned(), within(key, json(value.get_ref()))?);
            }
            object.into()
        }
    })
}
