use std::io::Write as _;

use crate::cli::ConfigFile;
use crate::config;
use crate::exit::{Exit, complain};
use crate::limits;

/// Lists every mistake of a configuration, or says that there is none.
pub(crate) fn check(options: &ConfigFile) -> Exit {
    let config = match config::load(&options.file) {
        Ok(config) => config,
        Err(problems) => {
            complain(format_args!("the configuration is wrong\n{problems}"));
            return Exit::BadConfig;
        }
    };
    if let Err(error) = limits::check(&config) {
        complain(error);
        return Exit::CannotStart;
    }
    say(&format!("{}: no mistakes\n{}\n", options.file.display(), limits::Memory::of(&config)))
}

/// Prints every key with its default.
pub(crate) fn print_default() -> Exit {
    say(config::DEFAULT)
}

fn say(text: &str) -> Exit {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}
