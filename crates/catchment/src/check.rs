use std::io::Write as _;

use record::escape_controls;

use crate::cli::ConfigFile;
use crate::config::{self, Pipeline};
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
    config.pipelines.iter().for_each(warn);
    say(&format!("{}: no mistakes\n{}\n", options.file.display(), limits::Memory::of(&config)))
}

/// Prints every key with its default.
pub(crate) fn print_default() -> Exit {
    say(config::DEFAULT)
}

/// Tells what is odd about the scripts of a pipeline.
fn warn(pipeline: &Pipeline) {
    for (number, stage) in (1..).zip(&pipeline.stages) {
        if let Some(warnings) = stage.warnings() {
            let shown: Vec<_> =
                warnings.rendered().lines().map(|line| escape_controls(line).into_owned()).collect();
            let lines = shown.join("\n  ");
            complain(format_args!("stage {number} of the pipeline `{}` is odd\n  {lines}", pipeline.name));
        }
    }
}

fn say(text: &str) -> Exit {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    }
}
