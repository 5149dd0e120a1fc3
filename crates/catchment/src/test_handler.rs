use std::io;

use workers::Spec;

use crate::cli::TestHandler;
use crate::exit::{Exit, complain};

/// Runs a handler by hand. What it prints and tracebacks go to stderr.
pub(crate) fn run(options: TestHandler) -> Exit {
    let TestHandler { handler, python, config, concurrency } = options;
    let directory = match std::env::current_dir() {
        Ok(directory) => directory,
        Err(error) => {
            complain(format_args!("cannot tell the current directory: {error}"));
            return Exit::CannotStart;
        }
    };
    let config = if config.is_empty() { serde_json::Value::Null } else { config.into_iter().collect() };
    let spec = Spec { python, config, concurrency, ..Spec::new(handler, directory) };
    match workers::by_hand(&spec, io::stdin().lock()).map(|status| status.code()) {
        Ok(Some(0)) => Exit::Done,
        // It cannot be loaded; stderr has the traceback.
        Ok(Some(2)) => Exit::CannotStart,
        Ok(_) => Exit::Failed,
        Err(error) => {
            complain(error);
            Exit::CannotStart
        }
    }
}
