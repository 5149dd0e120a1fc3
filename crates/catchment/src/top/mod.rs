//! `catchment top`: a running collector, live on the terminal.
//!
//! `model` decides what is seen and `view` draws it; neither does I/O or reads a clock. `live` is the loop that brings them together
//! with the terminal (`screen`, `inputs`), the collector (`asker`) and the lines of one peer (`follower`).

mod asker;
mod follower;
mod inputs;
mod live;
mod model;
mod screen;
mod text;
mod view;

#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli;
use crate::control::client::AskError;
use crate::exit::{Exit, complain};
use crate::status::data_dir;

/// Watches a running collector until somebody has seen enough.
pub(crate) fn run(options: &cli::Top) -> Exit {
    let dir = match data_dir(&options.running) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    if let Err(reason) = terminal() {
        complain(format_args!("`top` needs a terminal, and {reason}; `catchment status` says the same once"));
        return Exit::CannotStart;
    }
    match first(&dir).and_then(|()| live::watch(&dir, options.interval)) {
        Ok(()) => Exit::Done,
        Err(TopError::Ask(error)) => {
            complain(format_args!("{error}; is one running with this data directory?"));
            Exit::CannotStart
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

/// Why nothing more is seen.
#[derive(Debug, thiserror::Error)]
enum TopError {
    #[error("{0}")]
    Ask(#[from] AskError),
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
    #[error("it has ended by a mistake of its own")]
    Gone,
}

fn terminal() -> Result<(), &'static str> {
    if !std::io::stdout().is_terminal() {
        Err("its output is none")
    } else if !std::io::stdin().is_terminal() {
        Err("its input is none")
    } else if std::env::var_os("TERM").is_none_or(|kind| kind.is_empty() || kind == "dumb") {
        Err("this one (`TERM`) can move no cursor")
    } else {
        Ok(())
    }
}

/// Whoever names the wrong directory is told so at once, and not on a screen that waits.
fn first(dir: &Path) -> Result<(), TopError> {
    crate::control::client::connect(dir).map(drop).map_err(TopError::from)
}
