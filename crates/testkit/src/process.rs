use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::until;

/// A process of the program under test; its output goes to files.
///
/// What it owns: the child and two files in the test's directory. What bounds it: nothing but the test's own patience. It ends
/// when it is dropped, by SIGKILL.
#[derive(Debug)]
pub struct Process {
    child: Child,
    output: Output,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code, if no signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// Everything it wrote to stdout.
    pub stdout: Vec<u8>,
    /// Everything it wrote to stderr.
    pub stderr: String,
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Anonymous memory that is resident now: what the program has written to.
    pub anonymous: u64,
    /// The most that was ever resident, its code included.
    pub peak: u64,
}

#[derive(Debug)]
struct Output {
    stdout: (PathBuf, u64),
    stderr: (PathBuf, u64),
}

impl Process {
    /// Starts it. Its output is appended to `NAME.stdout` and `NAME.stderr` in `dir`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub(crate) fn start(mut command: Command, dir: &Path, name: &str) -> Self {
        let (out, stdout) = append(dir.join(format!("{name}.stdout")));
        let (err, stderr) = append(dir.join(format!("{name}.stderr")));
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self { child, output: Output { stdout, stderr } }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, if it still runs.
    pub fn signal(&mut self, signal: Signal) {
        // Not waited for, its id cannot have become another process's.
        if self.has_ended().is_none() {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<Ended> {
        self.child.try_wait().expect("cannot wait for a child").map(|status| self.ended(status))
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub fn wait(&mut self) -> Ended {
        until("the process ends", || self.has_ended())
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) -> Ended {
        self.signal(Signal::KILL);
        self.wait()
    }

    /// SIGTERM, and waits until it has stopped.
    #[track_caller]
    pub fn terminate(&mut self) -> Ended {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// What it wrote to stdout so far.
    pub fn stdout(&self) -> Vec<u8> {
        read_from(&self.output.stdout)
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&read_from(&self.output.stderr)).into_owned()
    }

    /// What its memory is now.
    ///
    /// # Panics
    /// When it does not run.
    pub fn memory(&self) -> Memory {
        self.memory_if_it_runs().expect("it does not run")
    }

    /// The same of one that may have ended, although nobody waited for it yet.
    pub fn memory_if_it_runs(&self) -> Option<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let kib = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key))?;
            Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
        };
        Some(Memory { anonymous: kib("RssAnon:")?, peak: kib("VmHWM:")? })
    }

    fn ended(&self, status: ExitStatus) -> Ended {
        Ended { code: status.code(), signal: status.signal(), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that ended by itself is no error.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Stdout as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Checks how it ended; what it said is in the message.
    ///
    /// # Panics
    /// When it ended otherwise.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "signal {:?}, stderr:\n{}", self.signal, self.stderr);
        self
    }

    /// Checks that stderr says this.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn expect_stderr(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in stderr:\n{}", self.stderr);
        self
    }
}

/// Opens a file to append to, and tells where that begins.
#[expect(clippy::disallowed_methods, reason = "a test's own output, not the data directory")]
fn append(path: PathBuf) -> (File, (PathBuf, u64)) {
    let file =
        OpenOptions::new().create(true).append(true).open(&path).expect("cannot open a file for output");
    let end = file.metadata().expect("an open file has a length").len();
    (file, (path, end))
}

#[expect(clippy::disallowed_methods, reason = "a test's own output, not the data directory")]
fn read_from((path, offset): &(PathBuf, u64)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut file = File::open(path).expect("the output is gone");
    file.seek(SeekFrom::Start(*offset)).expect("cannot seek in the output");
    file.read_to_end(&mut bytes).expect("cannot read the output");
    bytes
}
