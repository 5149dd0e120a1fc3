use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::collector::{Collector, NotReady};
use crate::process::{Ended, Process};
use crate::row::{Row, parse};

/// The executable under test, with a directory that is removed at the end.
///
/// Commands run in that directory; `data` in it is the data directory unless a configuration says otherwise. When a test
/// fails, the directory stays, and stderr says where it is.
#[derive(Debug)]
pub struct Program {
    executable: PathBuf,
    dir: TempDir,
    environment: Vec<(String, String)>,
}

impl Program {
    /// The executable, as `env!("CARGO_BIN_EXE_catchment")` names it.
    ///
    /// # Panics
    /// When no temporary directory can be made.
    pub fn new(executable: impl Into<PathBuf>) -> Self {
        let dir =
            tempfile::Builder::new().prefix("catchment-test-").tempdir().expect("no temporary directory");
        Self { executable: executable.into(), dir, environment: Vec::new() }
    }

    /// Sets a variable for every process started from now on.
    pub fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Arms fault points for every process started from now on, as `frame-written=kill@3,before-sync=sleep:500@1`; an empty text
    /// disarms them. Only a build with the feature `journal/faults` has them.
    pub fn faults(&mut self, faults: &str) -> &mut Self {
        self.env("CATCHMENT_FAULTS", faults)
    }

    /// The test's directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Lets the directory stay.
    pub fn keep(&mut self) {
        self.dir.disable_cleanup(true);
    }

    /// Where the collector keeps its lines.
    pub fn data_dir(&self) -> PathBuf {
        self.dir().join("data")
    }

    /// Writes a file into the test's directory.
    ///
    /// # Panics
    /// When that fails.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir().join(name);
        std::fs::write(&path, contents).expect("cannot write into the test's directory");
        path
    }

    /// The command that runs the executable with these arguments, for who wants to start it another way.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.executable);
        self.prepare(&mut command);
        command.args(arguments);
        command
    }

    /// The same through `bash -c SCRIPT`, in which `"$@"` is the executable with its arguments.
    pub fn command_in_bash(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("bash");
        self.prepare(&mut command);
        command.args(["-c", script, "bash"]).arg(&self.executable).args(arguments);
        command
    }

    fn prepare(&self, command: &mut Command) {
        command.current_dir(self.dir()).env_remove("CATCHMENT_FAULTS").env("NO_COLOR", "1");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Starts any command; its output goes to files called `name`.
    pub fn start(&self, name: &str, arguments: &[&str]) -> Process {
        Process::start(self.command(arguments), self.dir(), name)
    }

    /// Starts a command made with [`Program::command_in_bash`].
    pub fn start_by(&self, name: &str, command: Command) -> Process {
        Process::start(command, self.dir(), name)
    }

    /// Runs any command to its end.
    #[track_caller]
    pub fn output(&self, arguments: &[&str]) -> Ended {
        self.start("command", arguments).wait()
    }

    /// Starts `catchment run` with this configuration, and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    #[track_caller]
    pub fn run(&self, config: impl std::fmt::Display) -> Collector<'_> {
        self.configure(config);
        self.collector(&["run"])
    }

    /// Writes the configuration that `catchment run` reads.
    pub fn configure(&self, config: impl std::fmt::Display) -> PathBuf {
        self.write("catchment.toml", config.to_string())
    }

    /// Runs `catchment run` with a configuration with which it ends by itself.
    #[track_caller]
    pub fn run_to_end(&self, config: impl std::fmt::Display) -> Ended {
        self.configure(config);
        self.output(&["run"])
    }

    /// Starts `catchment collect` with these arguments, and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    #[track_caller]
    pub fn collect(&self, arguments: &[&str]) -> Collector<'_> {
        self.collector(&[&["collect"], arguments].concat())
    }

    /// Starts a collecting command, and waits until it answers.
    #[track_caller]
    pub(crate) fn collector(&self, arguments: &[&str]) -> Collector<'_> {
        match self.try_collector(arguments) {
            Ok(collector) => collector,
            Err(NotReady(ended)) => panic!("`catchment {}` ended at once: {ended:?}", arguments.join(" ")),
        }
    }

    /// The same for one that may end before it is ready, as with a fault.
    pub(crate) fn try_collector(&self, arguments: &[&str]) -> Result<Collector<'_>, NotReady> {
        Collector::start(self, self.command(arguments), arguments)
    }

    /// Starts a collector by a command made with [`Program::command_in_bash`], and waits until it answers.
    ///
    /// # Panics
    /// When it ends instead.
    #[track_caller]
    pub fn collector_by(&self, command: Command) -> Collector<'_> {
        Collector::start(self, command, &["run"])
            .unwrap_or_else(|NotReady(ended)| panic!("it ended at once: {ended:?}"))
    }

    /// What `catchment cat --format json` gives for the data directory.
    ///
    /// # Panics
    /// When it ends with anything but 0.
    #[track_caller]
    pub fn rows(&self, arguments: &[&str]) -> Vec<Row> {
        parse(&self.cat(&[&["--format", "json"], arguments].concat()).expect_code(0).stdout)
    }

    /// Runs `catchment cat` for the data directory.
    #[track_caller]
    pub fn cat(&self, arguments: &[&str]) -> Ended {
        self.output(&[&["cat"], arguments].concat())
    }

    /// The rows that `catchment query --format json` gives.
    ///
    /// # Panics
    /// When it ends with anything but 0.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Value> {
        parse(&self.output(&["query", sql, "--format", "json"]).expect_code(0).stdout)
    }

    /// The one number that a query gives.
    ///
    /// # Panics
    /// When it gives anything else.
    #[track_caller]
    pub fn number(&self, sql: &str) -> u64 {
        let rows = self.query(sql);
        let number = rows.first().and_then(Value::as_object).and_then(|row| row.values().next()?.as_u64());
        number.unwrap_or_else(|| panic!("{sql}: {rows:?}"))
    }

    /// The messages of the records that `catchment search` finds.
    ///
    /// # Panics
    /// When it ends with anything but 0.
    #[track_caller]
    pub fn found(&self, arguments: &[&str]) -> Vec<String> {
        let ended = self.output(&[&["search", "--format", "json"], arguments].concat()).expect_code(0);
        let rows: Vec<Value> = parse(&ended.stdout);
        rows.iter().map(|row| row["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The text of every line in the data directory.
    #[track_caller]
    pub fn lines(&self) -> Vec<String> {
        self.rows(&[]).into_iter().map(|row| row.line).collect()
    }
}

impl Drop for Program {
    #[expect(clippy::print_stderr, reason = "whoever looks into the failure needs the place")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep();
            eprintln!("what the programs wrote is in `{}`", self.dir().display());
        }
    }
}
