use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why no worker can start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No interpreter.
    #[error("cannot start `{}`: {error}; name an interpreter with `interpreter = \"/path/to/python\"`", .python.display())]
    Interpreter {
        /// What was tried.
        python: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// The handler cannot be imported, or its `from_config` or `start` failed.
    #[error("the handler `{handler}` cannot be loaded:\n{traceback}")]
    Handler {
        /// Which one.
        handler: String,
        /// Python's traceback.
        traceback: String,
    },
    /// The interpreter ended, or said something else.
    #[error("`{}` ended before the handler `{handler}` was ready: {reason}", .python.display())]
    Ended {
        /// The interpreter.
        python: PathBuf,
        /// Which one.
        handler: String,
        /// How it ended.
        reason: String,
    },
    /// It takes too long.
    #[error(
        "the handler `{handler}` was not ready after {after:?}: its module or `start` waits for something"
    )]
    Timeout {
        /// Which one.
        handler: String,
        /// How long it was given.
        after: Duration,
    },
    /// No thread, no socket: the system is out of something.
    #[error("cannot start the thread of the workers: {0}")]
    System(#[from] io::Error),
}

/// The pool was stopped; what was not done stays undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the workers are stopped")]
pub struct Stopped;
