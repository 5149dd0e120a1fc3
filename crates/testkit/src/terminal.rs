use std::io::Write as _;
use std::num::NonZeroU16;
use std::process::{ChildStdin, Command};

use rustix::process::Signal;
use serde_json::Value;

use crate::process::Process;
use crate::{Program, until};

/// What a pseudo terminal is made with.
const PTY: &str = include_str!("pty.py");

/// A command on a terminal of its own, and somebody who reads its screen and presses keys.
///
/// What it owns: the process that holds the terminal; dropping it kills the command. What bounds it: the test's own patience.
#[derive(Debug)]
pub struct Terminal {
    process: Process,
    orders: ChildStdin,
    rows: u16,
    columns: u16,
}

/// How a command left its terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its exit code; less than 0 for a signal.
    pub code: i64,
    /// The settings of the terminal are what they were, the screen is the one from before, and the cursor can be seen.
    pub restored: bool,
    /// What can be read on the terminal.
    pub screen: String,
}

impl Program {
    /// Starts a command on a terminal of so many rows and columns.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn terminal(&self, rows: u16, columns: u16, arguments: &[&str]) -> Terminal {
        let command = self.command(arguments);
        let mut python = Command::new("python3");
        python.args(["-c", PTY, &rows.to_string(), &columns.to_string()]);
        python.arg(command.get_program()).args(command.get_args());
        python.current_dir(self.dir());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => python.env(name, value),
                None => python.env_remove(name),
            };
        }
        python.env("TERM", "xterm-256color");
        let (process, orders) = Process::start_with_stdin(python, self.dir(), "terminal");
        Terminal { process, orders, rows, columns }
    }
}

impl Terminal {
    /// Presses keys, as a terminal sends them.
    pub fn press(&mut self, keys: &str) {
        let hex: String = keys.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.order(&format!("keys {hex}"));
    }

    /// Makes the terminal larger or smaller.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        (self.rows, self.columns) = (rows, columns);
        self.order(&format!("size {rows} {columns}"));
    }

    /// Sends the command a signal.
    pub fn signal(&mut self, signal: Signal) {
        self.order(&format!("signal {}", signal.as_raw()));
    }

    /// What can be read on the terminal now.
    pub fn screen(&self) -> String {
        self.parsed().screen().contents()
    }

    /// Waits until this can be read on the terminal.
    #[track_caller]
    pub fn until_shown(&self, text: &str) -> String {
        until(&format!("{text:?} is on the screen"), || {
            Some(self.screen()).filter(|screen| screen.contains(text))
        })
    }

    /// Waits until what can be read is so.
    #[track_caller]
    pub fn until_screen(&self, what: &str, mut is_so: impl FnMut(&str) -> bool) -> String {
        until(what, || Some(self.screen()).filter(|screen| is_so(screen)))
    }

    /// Waits until the command ends.
    ///
    /// # Panics
    /// When what holds the terminal fails.
    #[track_caller]
    pub fn wait(&mut self) -> Left {
        let ended = self.process.wait().expect_code(0);
        let last = ended.stderr.lines().last().unwrap_or_default();
        let left: Value = serde_json::from_str(last).expect("how it was left");
        let parsed = self.parsed();
        let screen = parsed.screen();
        Left {
            code: left["code"].as_i64().expect("a code"),
            restored: left["restored"] == true && !screen.alternate_screen() && !screen.hide_cursor(),
            screen: screen.contents(),
        }
    }

    fn parsed(&self) -> vt100::Parser {
        let lines = |number| NonZeroU16::new(number).expect("a terminal has rows and columns");
        let mut parser = vt100::Parser::new(lines(self.rows), lines(self.columns), 0);
        parser.process(&self.process.stdout());
        parser
    }

    fn order(&mut self, order: &str) {
        // One that has ended needs no orders; whoever waits for what they do finds out.
        let _ = writeln!(self.orders, "{order}");
    }
}
