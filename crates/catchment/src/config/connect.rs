use std::path::{Path, PathBuf};
use std::time::Duration;

use super::problem::{Place, Report, Reported};
use super::read::{At, Read, Table, both};
use super::target::Target;
use super::targets_file::{self, TARGETS_MAX};
use super::value::{self, Wrong, count, period};
use crate::units::Period;

/// A source that dials its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connect {
    /// The targets that the configuration itself lists.
    pub(crate) targets: Vec<Target>,
    /// A file with more of them, to be read again when it changes.
    pub(crate) targets_file: Option<PathBuf>,
    /// The targets that were in that file.
    pub(crate) file_targets: Vec<Target>,
    /// The most targets there may be, those of the file included, now and later: 1 to 100,000.
    pub(crate) targets_max: usize,
    /// How long one attempt may take: 1 ms to 1 h.
    pub(crate) connect_timeout: Duration,
    /// The wait after a first failed attempt, before jitter: 1 ms to 1 h.
    pub(crate) backoff_min: Duration,
    /// The wait after many, before jitter: `backoff_min` to 1 h.
    pub(crate) backoff_max: Duration,
}

/// The keys of such a source as they are written.
pub(super) struct Written {
    /// The source's table, to report what is missing.
    place: Place,
    pub(super) targets: Vec<Read<Target>>,
    pub(super) targets_file: Result<Option<At<PathBuf>>, Reported>,
    pub(super) file_targets: Vec<Read<Target>>,
    targets_max: Read<usize>,
    connect_timeout: Read<Duration>,
    backoff_min: Read<Duration>,
    backoff_max: Read<Duration>,
}

const WAIT_MIN: Duration = Duration::from_millis(1);
const WAIT_MAX: Duration = Duration::from_secs(3600);

impl Written {
    pub(super) fn read(table: &Table<'_>, base: &Path) -> Self {
        let target = value::text("a target such as `\"gw-1.example:514\"`", |text| {
            text.parse().map_err(|error| Wrong::new(format!("{error}"), ""))
        });
        let wait = || period(WAIT_MIN..=WAIT_MAX);
        let targets_file = table.get("targets_file", value::path(base));
        let file_targets = match &targets_file {
            Ok(Some(file)) => targets_file::read(&file.value, &file.place, table.report()),
            _ => Vec::new(),
        };
        Self {
            place: table.place().clone(),
            targets: table.list("targets", "a list of targets", target),
            targets_file,
            file_targets,
            targets_max: table.get_or("targets_max", 20_000, count(1..=TARGETS_MAX)),
            connect_timeout: table.get_or("connect_timeout", Duration::from_secs(10), wait()),
            backoff_min: table.get_or("backoff_min", Duration::from_millis(500), wait()),
            backoff_max: table.get_or("backoff_max", Duration::from_secs(60), wait()),
        }
    }

    pub(super) fn check(self, report: &Report) -> Result<Connect, Reported> {
        // An empty file is no mistake: it may grow.
        if self.targets.is_empty() && matches!(self.targets_file, Ok(None)) {
            let hint = "list `targets = [\"host:port\"]`, or name a `targets_file`";
            report.add(&self.place.below("targets"), "there is no target", hint);
        }
        let listed = self.targets.len() + self.file_targets.len();
        if let Ok(max) = &self.targets_max
            && listed > max.value
        {
            let message = format!("there are {listed} targets, more than `targets_max`, {}", max.value);
            report.add(&max.place, message, "raise it, or remove some");
        }
        if let Some((min, max)) = both(&self.backoff_min, &self.backoff_max)
            && min.value > max.value
        {
            let [shortest, longest] = [min.value, max.value].map(Period);
            let message = format!("`backoff_min`, {shortest}, is more than `backoff_max`, {longest}");
            report.add(min.blame(max), message, "lower the first or raise the second");
        }
        Ok(Connect {
            targets: values(self.targets)?,
            targets_file: self.targets_file?.map(|file| file.value),
            file_targets: values(self.file_targets)?,
            targets_max: self.targets_max?.value,
            connect_timeout: self.connect_timeout?.value,
            backoff_min: self.backoff_min?.value,
            backoff_max: self.backoff_max?.value,
        })
    }
}

fn values(targets: Vec<Read<Target>>) -> Result<Vec<Target>, Reported> {
    targets.into_iter().map(|target| target.map(|target| target.value)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::Connect;
    use crate::config::source::Kind;
    use crate::config::target::Target;
    use crate::config::testing::{config_of, problems_of, try_parse};

    const SOURCE: &str = "[[source]]\nname = 's'\nkind = 'connect'\n";

    fn connect(keys: &str) -> Connect {
        match config_of(&format!("{SOURCE}{keys}")).sources.remove(0).kind {
            Kind::Connect(connect) => connect,
            Kind::Listen(_) => panic!("not a source that listens"),
        }
    }

    fn targets(texts: &[&str]) -> Vec<Target> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    fn defaults() -> Connect {
        Connect {
            targets: targets(&["a:1"]),
            targets_file: None,
            file_targets: Vec::new(),
            targets_max: 20_000,
            connect_timeout: Duration::from_secs(10),
            backoff_min: Duration::from_millis(500),
            backoff_max: Duration::from_secs(60),
        }
    }

    #[test]
    fn values() {
        for (keys, expected) in [
            ("targets = ['a:1']", defaults()),
            ("targets = ['a:1', '[::1]:2']", Connect { targets: targets(&["a:1", "[::1]:2"]), ..defaults() }),
            ("targets = ['a:1']\ntargets_max = 1", Connect { targets_max: 1, ..defaults() }),
            (
                "targets = ['a:1']\nconnect_timeout = '1h'",
                Connect { connect_timeout: Duration::from_secs(3600), ..defaults() },
            ),
            (
                "targets = ['a:1']\nbackoff_min = '1ms'\nbackoff_max = '1ms'",
                Connect {
                    backoff_min: Duration::from_millis(1),
                    backoff_max: Duration::from_millis(1),
                    ..defaults()
                },
            ),
        ] {
            assert_eq!(connect(keys), expected, "{keys}");
        }
    }

    #[test]
    fn mistakes() {
        for (keys, expected) in [
            (
                "",
                "a:1: source[1].targets: there is no target; list `targets = [\"host:port\"]`, or name a `targets_file`",
            ),
            (
                "targets = []",
                "a:1: source[1].targets: there is no target; list `targets = [\"host:port\"]`, or name a `targets_file`",
            ),
            ("targets = 'a:1'", "a:4: source[1].targets: expected a list of targets, found a string"),
            (
                "targets = [\n  'a:1',\n  'b',\n  3,\n]",
                "a:6: source[1].targets[2]: `b` is not a target: write `host:port`\n\
                 a:7: source[1].targets[3]: expected a target such as `\"gw-1.example:514\"`, found an integer",
            ),
            (
                "targets = ['a:1', 'b:1', 'A:1']",
                "a:4: source[1].targets[3]: `A:1` is a target already, in line 4; remove one of them",
            ),
            (
                "targets = ['a:1', 'b:1']\ntargets_max = 1",
                "a:5: source[1].targets_max: there are 2 targets, more than `targets_max`, 1; raise it, or remove some",
            ),
            (
                "targets = ['a:1']\ntargets_max = 0",
                "a:5: source[1].targets_max: `0` is out of range; write 1 to 100000",
            ),
            (
                "targets = ['a:1']\nconnect_timeout = '0s'",
                "a:5: source[1].connect_timeout: `0s` is out of range; write 1ms to 1h",
            ),
            (
                "targets = ['a:1']\nbackoff_min = '2m'",
                "a:5: source[1].backoff_min: `backoff_min`, 2m, is more than `backoff_max`, 1m; \
                 lower the first or raise the second",
            ),
            (
                "targets = ['a:1']\nbackoff_max = '100ms'",
                "a:5: source[1].backoff_max: `backoff_min`, 500ms, is more than `backoff_max`, 100ms; \
                 lower the first or raise the second",
            ),
            (
                "targets = ['a:1']\naddress = 'b:1'",
                "a:5: source[1].address: only a source with `kind = \"listen\"` has this key",
            ),
            (
                "targets_file = ''",
                "a:4: source[1].targets_file: the path is empty; write a path, relative to the directory of this file",
            ),
        ] {
            assert_eq!(problems_of(&format!("{SOURCE}{keys}")), expected, "{keys}");
        }
    }

    #[test]
    fn a_file_of_targets() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("t"), "# the hall\nb:1\nc:1\n").expect("room for a small file");
        let text = format!("{SOURCE}targets = ['a:1']\ntargets_file = 't'");
        let source = try_parse(&text, dir.path()).expect("no mistake").sources.remove(0);
        let expected = Connect {
            targets_file: Some(dir.path().join("t")),
            file_targets: targets(&["b:1", "c:1"]),
            ..defaults()
        };
        assert_eq!(source.kind, Kind::Connect(expected));
    }

    #[test]
    fn an_empty_file_of_targets_may_grow() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("t"), "").expect("room for an empty file");
        assert!(try_parse(&format!("{SOURCE}targets_file = 't'"), dir.path()).is_ok());
    }

    #[test]
    fn mistakes_in_a_file_of_targets() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("t"), "b\na:1\n").expect("room for a small file");
        let shown = |keys: &str| {
            let problems =
                try_parse(&format!("{SOURCE}{keys}"), dir.path()).expect_err("mistakes").to_string();
            problems.replace(&format!("{}/", dir.path().display()), "")
        };
        assert_eq!(
            shown("targets = ['a:1']\ntargets_file = 't'\ntargets_max = 2"),
            "a:6: source[1].targets_max: there are 3 targets, more than `targets_max`, 2; raise it, or remove some\n\
             t:1:1: `b` is not a target: write `host:port`\n\
             t:2:1: `a:1` is a target already, in `a:4`; remove one of them"
        );
        assert_eq!(
            shown("targets_file = 'u'"),
            "a:4: source[1].targets_file: `u` cannot be read: No such file or directory (os error 2); \
             write the file, with one `host:port` per line"
        );
    }

    #[test]
    fn an_absolute_path_stays() {
        let problems = try_parse(&format!("{SOURCE}targets_file = '/nowhere/t'"), Path::new("base"));
        let problems = problems.expect_err("there is no such file").to_string();
        assert!(problems.contains("`/nowhere/t` cannot be read"), "{problems}");
    }
}
