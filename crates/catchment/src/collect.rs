use std::io::ErrorKind;
use std::time::Duration;

use journal::State;
use record::{Position, clock};

use crate::app::{App, Mode};
use crate::cli;
use crate::config::{self, Config};
use crate::exit::{Exit, complain};
use crate::live::Live;
use crate::log;
use crate::print::{PrintError, Printer};
use crate::run::with_app;
use crate::secrets;
use crate::signals::{Operator, Wish};

/// How often the status line is drawn.
const TICK: Duration = Duration::from_millis(500);

/// With `--once`, how often it is looked whether every target has closed.
const ONCE_TICK: Duration = Duration::from_millis(20);

/// What ends collecting, beside the operator.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// Every target has been connected and has closed.
    pub(crate) once: bool,
    /// So much time has passed.
    pub(crate) after: Option<Duration>,
}

/// The main job without a configuration.
pub(crate) fn run(options: &cli::Collect) -> Exit {
    let config = match config(options) {
        Ok(config) => config,
        Err(problems) => {
            complain(format_args!("cannot collect\n{problems}"));
            return Exit::Usage;
        }
    };
    secrets::know(&config);
    let _log = log::start(options.log.log_format.map_or(config.log_format, Into::into), config.log_level);
    with_app(config, Mode { once: options.once }, |app, operator| {
        watch(app, operator, End { once: options.once, after: None }, options.quiet)
    })
}

/// The configuration that stands for the command line.
fn config(options: &cli::Collect) -> Result<Config, config::Problems> {
    // A list of JSON strings is a list of TOML strings.
    let targets = serde_json::Value::from(options.targets.clone());
    let ack = if options.no_ack { "ack = false" } else { "" };
    let web = options.web.map_or_else(|| "false".to_owned(), |address| format!("'{address}'"));
    let pipeline = options.parse.as_ref().map_or_else(String::new, |format| {
        let format = serde_json::Value::from(format.as_str());
        format!("[[pipeline]]\nname = 'main'\nstages = [{{ parse = {format} }}]\nto = ['store', 'tail']\n")
    });
    let text = format!(
        "[web]\naddress = {web}\n[[source]]\nname = 'collect'\nkind = 'connect'\ntargets = {targets}\n{ack}\n{pipeline}"
    );
    let here = std::path::Path::new("");
    let config = config::parse(&text, "the command line", here)?;
    Ok(Config { data_dir: options.data_dir.clone(), ..config })
}

/// Prints and shows what comes in, until the operator or the targets end it.
pub(crate) fn watch(app: &mut App, operator: &Operator, end: End, quiet: bool) -> Exit {
    let printer = match printer(app, quiet) {
        Ok(printer) => printer,
        Err(error) => {
            tracing::error!(%error, "cannot print");
            return Exit::CannotStart;
        }
    };
    let mut exit = attend(app, operator, printer.as_ref(), end);
    if let Some(printer) = printer {
        match printer.stop(app.config().stop_timeout) {
            Ok(()) => {}
            // Whoever read our output has seen enough.
            Err(PrintError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => {
                tracing::error!(%error, "not every line was printed; `catchment cat` prints them");
                exit = Exit::Failed;
            }
        }
    }
    exit
}

fn printer(app: &App, quiet: bool) -> Result<Option<Printer>, PrintError> {
    if quiet {
        return Ok(None);
    }
    let journal = app.journal();
    let end = Position(journal.durable());
    Printer::start(&app.config().data_dir, journal, end).map(Some)
}

fn attend(app: &mut App, operator: &Operator, printer: Option<&Printer>, end: End) -> Exit {
    let (mut live, targets) = (Live::new(), app.targets() as u64);
    let deadline = end.after.map(|after| clock::monotonic() + after);
    loop {
        match operator.wait(if end.once { ONCE_TICK } else { TICK }) {
            Wish::Stop => return Exit::Done,
            Wish::Reload | Wish::Nothing => {}
        }
        app.tick();
        let counts = app.net().counts();
        live.show(counts, targets);
        if end.once && counts.targets_done >= targets {
            return Exit::Done;
        }
        if deadline.is_some_and(|deadline| clock::monotonic() >= deadline) {
            return Exit::Done;
        }
        // With `--once` somebody waits for the end; a journal that has failed brings none.
        let stuck = end.once && matches!(app.journal().state(), State::Failed { .. });
        if app.has_failed() || stuck {
            return Exit::Failed;
        }
        if printer.is_some_and(Printer::has_ended) {
            return Exit::Done;
        }
    }
}
