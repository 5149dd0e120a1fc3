use std::path::Path;
use std::time::Duration;

use crate::app::{App, Mode};
use crate::cli;
use crate::config::{self, Config};
use crate::exit::{Exit, complain};
use crate::log;
use crate::secrets;
use crate::signals::{Operator, Wish};
use crate::watched::Watched;

/// How often it is looked whether files have changed.
const TICK: Duration = Duration::from_secs(1);

/// Runs the collector until it is told to stop.
pub(crate) fn run(options: &cli::Run) -> Exit {
    let file = &options.config.file;
    let config = match config::load(file) {
        Ok(config) => config,
        Err(problems) => {
            complain(format_args!("the configuration is wrong\n{problems}"));
            return Exit::BadConfig;
        }
    };
    secrets::know(&config);
    let _log = log::start(options.log.log_format.map_or(config.log_format, Into::into), config.log_level);
    with_app(config, Mode::default(), |app, operator| {
        let mut files = Watched::new(file, app.config());
        loop {
            let wish = operator.wait(TICK);
            if wish == Wish::Stop {
                return Exit::Done;
            }
            app.tick();
            if wish == Wish::Reload || files.have_changed() {
                reload(app, file, wish);
                files = Watched::new(file, app.config());
            }
            if app.has_failed() {
                return Exit::Failed;
            }
        }
    })
}

fn reload(app: &mut App, file: &Path, wish: Wish) {
    match config::load(file) {
        Ok(config) => {
            secrets::know(&config);
            app.reload(config);
            if wish == Wish::Reload {
                // Another file of targets is no reason to: `watch` is for those of handlers.
                app.reload_handlers();
            }
        }
        Err(problems) => tracing::error!("the new configuration is wrong, and changes nothing\n{problems}"),
    }
}

/// Starts a collector, lets `body` watch over it until it says how that went, and stops it.
pub(crate) fn with_app(config: Config, mode: Mode, body: impl FnOnce(&mut App, &Operator) -> Exit) -> Exit {
    let operator = match Operator::listen() {
        Ok(operator) => operator,
        Err(error) => {
            complain(format_args!("cannot listen for signals: {error}"));
            return Exit::CannotStart;
        }
    };
    let mut app = match App::start(config, mode) {
        Ok(app) => app,
        Err(error) => {
            complain(error);
            return Exit::CannotStart;
        }
    };
    let ended = body(&mut app, &operator);
    match app.stop() {
        Exit::Done => ended,
        stopped => stopped,
    }
}
