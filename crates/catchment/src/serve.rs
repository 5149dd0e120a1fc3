use std::time::Duration;

use serve::{Input, Options, ServeError, Server, StopFlag};

use crate::cli;
use crate::config::{LogFormat, LogLevel};
use crate::exit::{Exit, complain};
use crate::log;
use crate::signals::{Operator, Wish};

/// Hands the lines of a file or of stdin to collectors.
pub(crate) fn run(options: cli::Serve) -> Exit {
    let _log = log::start(options.log.log_format.map_or(LogFormat::Text, Into::into), LogLevel::Info);
    let operator = match Operator::listen() {
        Ok(operator) => operator,
        Err(error) => {
            complain(format_args!("cannot listen for signals: {error}"));
            return Exit::CannotStart;
        }
    };
    let server = match Server::bind(serve_options(options)) {
        Ok(server) => server,
        Err(error) => {
            complain(error);
            return Exit::CannotStart;
        }
    };
    match supervised(server, &operator) {
        Ok(summary) => {
            let serve::Summary { sent, acked, resent, refused } = summary;
            tracing::info!(sent, acked, resent, refused, "done");
            Exit::Done
        }
        Err(error) => {
            complain(error);
            Exit::Failed
        }
    }
}

fn serve_options(options: cli::Serve) -> Options {
    let stdin = options.input.as_os_str() == "-";
    let input = if stdin { Input::Stdin } else { Input::File(options.input) };
    Options {
        data_dir: options.data_dir,
        window: options.window as usize,
        once: options.once,
        ..Options::new(input, options.listen)
    }
}

/// Serves on a thread of its own while this one listens to the operator.
fn supervised(server: Server, operator: &Operator) -> Result<serve::Summary, ServeError> {
    let stop = StopFlag::new();
    std::thread::scope(|scope| {
        let serving = scope.spawn(|| server.run(&stop));
        while !serving.is_finished() {
            if operator.wait(Duration::from_millis(50)) == Wish::Stop {
                stop.stop();
            }
        }
        serving.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
