use std::process::ExitCode;

use crate::secrets;

/// How a command ended, for whoever started it. `catchment --help` lists the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    BadConfig = 3,
    CannotStart = 4,
    Unfinished = 5,
    Troubled = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Tells the person at the terminal what went wrong.
#[expect(clippy::print_stderr, reason = "this is where the program speaks to the person who started it")]
pub(crate) fn complain(message: impl std::fmt::Display) {
    eprintln!("catchment: {}", secrets::hidden(&message.to_string()));
}
