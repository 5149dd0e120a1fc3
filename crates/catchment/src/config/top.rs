use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check;
use super::journal::{self, Journal};
use super::keys;
use super::output;
use super::pipeline::{self, Pipeline};
use super::problem::{Place, Report, Reported};
use super::read::{Read, Table};
use super::sink::Peers;
use super::source::{self, Source};
use super::store::{self, Query, Store};
use super::test::{self, Test};
use super::value::{bytes, choice, count, path, period};
use super::web::{self, Web};

/// The whole configuration, checked: every path taken from the configuration file's directory, every value
/// within its bounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    /// Where the journal and the checkpoints are.
    pub(crate) data_dir: PathBuf,
    /// The most memory the program may need, in bytes: 1 MiB to 1024 GiB.
    pub(crate) memory_limit: u64,
    /// The number of event loops, at most 256; none for as many as suit the cores.
    pub(crate) loops: Option<NonZeroUsize>,
    /// How the program writes its own log.
    pub(crate) log_format: LogFormat,
    /// What of it is written.
    pub(crate) log_level: LogLevel,
    /// How long an orderly stop may take: 1 ms to 1 h.
    pub(crate) stop_timeout: Duration,
    /// The durable queue.
    pub(crate) journal: Journal,
    /// At least one; no two have a name, an address or a target in common.
    pub(crate) sources: Vec<Source>,
    /// At least one; each has a name of its own.
    pub(crate) pipelines: Vec<Pipeline>,
    /// What `catchment test` runs.
    pub(crate) tests: Vec<Test>,
    /// The queryable table.
    pub(crate) store: Store,
    /// What queries may take.
    pub(crate) query: Query,
    /// The page and the HTTP API.
    pub(crate) web: Web,
    /// So many inputs `collect` reads itself; no file says that.
    pub(crate) inputs: usize,
}

/// How the program writes its own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The least important messages that are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    /// What failed.
    Error,
    /// What may need a hand.
    Warn,
    /// What happens, at the pace of connections.
    Info,
    /// Why it happens.
    Debug,
    /// Every step.
    Trace,
}

/// The file as it is written.
pub(super) struct Written {
    data_dir: Read<PathBuf>,
    memory_limit: Read<u64>,
    loops: Read<usize>,
    log_format: Read<LogFormat>,
    log_level: Read<LogLevel>,
    stop_timeout: Read<Duration>,
    journal: Result<journal::Written, Reported>,
    sources: Vec<Result<source::Written, Reported>>,
    pipelines: Vec<Result<pipeline::Written, Reported>>,
    outputs: Vec<Result<output::Written, Reported>>,
    tests: Vec<Result<test::Written, Reported>>,
    store: Result<store::Written, Reported>,
    query: Result<store::WrittenQuery, Reported>,
    web: Result<web::Written, Reported>,
    /// The file as a whole, to report what is missing.
    place: Place,
}

const LOG_FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

const LOG_LEVELS: [(&str, LogLevel); 5] = [
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const LOOPS_MAX: usize = 256;

impl Written {
    pub(super) fn read(root: &Table<'_>, base: &Path) -> Self {
        root.refuse_unknown(&keys::TOP);
        let stop_timeout = period(Duration::from_millis(1)..=Duration::from_secs(3600));
        Self {
            data_dir: root.get_or("data_dir", base.join("data"), path(base)),
            memory_limit: root.get_or("memory_limit", 384 << 20, bytes(1 << 20..=1 << 40)),
            loops: root.get_or("loops", 0, count(0..=LOOPS_MAX)),
            log_format: root.get_or("log_format", LogFormat::Text, choice(&LOG_FORMATS)),
            log_level: root.get_or("log_level", LogLevel::Info, choice(&LOG_LEVELS)),
            stop_timeout: root.get_or("stop_timeout", Duration::from_secs(10), stop_timeout),
            journal: root.table("journal").map(|table| journal::Written::read(&table)),
            sources: root
                .tables("source")
                .into_iter()
                .map(|table| table.map(|table| source::Written::read(&table, base)))
                .collect(),
            pipelines: root
                .tables("pipeline")
                .into_iter()
                .map(|table| table.map(|table| pipeline::Written::read(&table, base)))
                .collect(),
            outputs: root
                .tables("output")
                .into_iter()
                .map(|table| table.map(|table| output::Written::read(&table, base)))
                .collect(),
            tests: root
                .tables("test")
                .into_iter()
                .map(|table| table.map(|table| test::Written::read(&table)))
                .collect(),
            store: root.table("store").map(|table| store::Written::read(&table)),
            query: root.table("query").map(|table| store::WrittenQuery::read(&table)),
            web: root.table("web").map(|table| web::Written::read(&table, base)),
            place: root.place().clone(),
        }
    }

    pub(super) fn check(self, report: &Report) -> Result<Config, Reported> {
        if self.sources.is_empty() {
            let hint = "add a `[[source]]` with a `name`, a `kind`, and `targets` or an `address`; \
                        `catchment config default` prints examples";
            report.add(&self.place, "there is no source", hint);
        }
        let readable: Vec<_> = self.sources.iter().flatten().collect();
        let batch_bytes = self.journal.as_ref().ok().and_then(|journal| journal.batch_bytes.as_ref().ok());
        let outputs: Vec<_> = self.outputs.iter().flatten().collect();
        check::sources(&readable, batch_bytes, report);
        check::addresses_differ(&readable, &outputs, report);
        output::check(&outputs, &self.pipelines.iter().flatten().collect::<Vec<_>>(), report);
        Peers::check(&outputs, &readable, report);
        let pipelines = check_pipelines(self.pipelines, &readable, &outputs, report);
        let tests: Vec<_> = self
            .tests
            .into_iter()
            .map(|test| test.and_then(|test| test.check(pipelines.as_deref().ok(), report)))
            .collect();
        let journal = self.journal.and_then(|journal| journal.check(report));
        let web = self.web.and_then(|web| web.check(report));
        // Each is checked before the first that is wrong ends it.
        let sources: Vec<_> =
            self.sources.into_iter().map(|source| source.and_then(|source| source.check(report))).collect();
        Ok(Config {
            data_dir: self.data_dir?.value,
            memory_limit: self.memory_limit?.value,
            loops: NonZeroUsize::new(self.loops?.value),
            log_format: self.log_format?.value,
            log_level: self.log_level?.value,
            stop_timeout: self.stop_timeout?.value,
            journal: journal?,
            sources: sources.into_iter().collect::<Result<_, _>>()?,
            pipelines: pipelines?,
            tests: tests.into_iter().collect::<Result<_, _>>()?,
            store: self.store?.check()?,
            query: self.query?.check()?,
            web: web?,
            inputs: 0,
        })
    }
}

/// Each is checked before the first that is wrong ends it.
fn check_pipelines(
    written: Vec<Result<pipeline::Written, Reported>>,
    sources: &[&source::Written],
    outputs: &[&output::Written],
    report: &Report,
) -> Result<Vec<Pipeline>, Reported> {
    let readable: Vec<_> = written.iter().flatten().collect();
    pipeline::take_all(&readable, sources, report);
    let names: Vec<_> = sources.iter().filter_map(|source| source.name.as_ref().ok()).collect();
    let sources: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
    pipeline::differ(&readable, &sources, report);
    let checked: Vec<_> = written
        .into_iter()
        .map(|pipeline| pipeline.and_then(|pipeline| pipeline.check(&sources, outputs, report)))
        .collect();
    let pipelines: Vec<_> = checked.into_iter().collect::<Result<_, _>>()?;
    Ok(if pipelines.is_empty() { vec![Pipeline::main()] } else { pipelines })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use super::{Config, LogFormat, LogLevel};
    use crate::config::testing::{config, problems, problems_of};

    #[test]
    fn values() {
        let default = config("");
        assert_eq!(
            default,
            Config {
                data_dir: "/base/data".into(),
                memory_limit: 384 << 20,
                loops: None,
                log_format: LogFormat::Text,
                log_level: LogLevel::Info,
                stop_timeout: Duration::from_secs(10),
                ..default.clone()
            }
        );
        for (text, expected) in [
            (
                "data_dir = '/var/lib/catchment'",
                Config { data_dir: "/var/lib/catchment".into(), ..default.clone() },
            ),
            ("data_dir = 'd/e'", Config { data_dir: "/base/d/e".into(), ..default.clone() }),
            ("memory_limit = 1_048_576", Config { memory_limit: 1 << 20, ..default.clone() }),
            ("memory_limit = '1 TiB'", Config { memory_limit: 1 << 40, ..default.clone() }),
            ("loops = 256", Config { loops: NonZeroUsize::new(256), ..default.clone() }),
            ("loops = 0", default.clone()),
            ("log_format = 'json'", Config { log_format: LogFormat::Json, ..default.clone() }),
            ("log_level = 'error'", Config { log_level: LogLevel::Error, ..default.clone() }),
            ("log_level = 'trace'", Config { log_level: LogLevel::Trace, ..default.clone() }),
            ("stop_timeout = '1m'", Config { stop_timeout: Duration::from_secs(60), ..default.clone() }),
        ] {
            assert_eq!(config(text), expected, "{text}");
        }
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            (
                "data_dir = ''",
                "a:1: data_dir: the path is empty; write a path, relative to the directory of this file",
            ),
            ("data_dir = \"a\\u0000\"", "a:1: data_dir: `a\\u{0}` holds a zero byte"),
            ("memory_limit = '1 KiB'", "a:1: memory_limit: `1 KiB` is out of range; write 1 MiB to 1 TiB"),
            (
                "memory_limit = 99999999999999999999",
                "a:1: memory_limit: `99999999999999999999` is out of range; write 1 MiB to 1 TiB",
            ),
            ("loops = 257", "a:1: loops: `257` is out of range; write 0 to 256"),
            ("loops = '2'", "a:1: loops: expected a whole number, found a string"),
            ("log_format = 'xml'", "a:1: log_format: expected one of `\"text\"`, `\"json\"`, found `xml`"),
            (
                "stop_timeout = '10'",
                "a:1: stop_timeout: `10` is not a duration: write a whole number and us, ms, s, m, h or d, such as `10s`",
            ),
            ("memory-limit = 1", "a:1: memory-limit: unknown key; did you mean `memory_limit`?"),
            ("segment_bytes = 1", "a:1: segment_bytes: unknown key; `segment_bytes` belongs in `[journal]`"),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }

    #[test]
    fn no_source() {
        let none = "a: there is no source; add a `[[source]]` with a `name`, a `kind`, and `targets` or an `address`; \
                    `catchment config default` prints examples";
        assert_eq!(problems_of(""), none);
        assert_eq!(problems_of("source = []"), none);
        let how = "write `[[source]]`, in two pairs of brackets, above each one's keys";
        assert_eq!(
            problems_of("[source]\nname = 's'"),
            format!("a:1: source: expected a list of tables; {how}")
        );
        assert_eq!(problems_of("source = ['s']"), format!("a:1: source[1]: expected a table; {how}"));
    }
}
