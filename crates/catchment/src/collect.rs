use std::io::ErrorKind;
use std::time::Duration;

use download::Input;
use journal::State;
use record::{Position, clock};

use crate::app::{App, Mode};
use crate::cli;
use crate::config::{self, Config, Kind, Target};
use crate::exit::{Exit, complain};
use crate::feeds::Feeds;
use crate::live::Live;
use crate::log;
use crate::print::{PrintError, Printer};
use crate::run::with_app;
use crate::signals::{Operator, Wish};

/// How often the status line is drawn.
const TICK: Duration = Duration::from_millis(500);

/// How often it is looked whether everything has ended, where it does.
const ONCE_TICK: Duration = Duration::from_millis(20);

/// What ends collecting, beside the operator.
#[derive(Clone, Copy)]
pub(crate) struct End {
    /// Every target has been connected and has closed. What is read here ends by itself.
    pub(crate) once: bool,
    /// So much time has passed.
    pub(crate) after: Option<Duration>,
}

/// The source of all that is collected so.
const SOURCE: &str = "collect";

/// The main job without a configuration.
pub(crate) fn run(options: &cli::Collect) -> Exit {
    let (servers, inputs) = match targets(&options.targets) {
        Ok(targets) => targets,
        Err(error) => {
            complain(format_args!("cannot collect\n{error}"));
            return Exit::Usage;
        }
    };
    let config = match config(options, &servers, inputs.len()) {
        Ok(config) => config,
        Err(problems) => {
            complain(format_args!("cannot collect\n{problems}"));
            return Exit::Usage;
        }
    };
    log::start(options.log.log_format.map_or(config.log_format, Into::into), config.log_level);
    let mut feeds = Feeds::default();
    let exit = with_app(config, Mode { once: options.once }, |app, operator| {
        if let Err(error) = feeds.start(app, SOURCE, inputs) {
            tracing::error!("{error}");
            return Exit::CannotStart;
        }
        watch(app, operator, End { once: options.once, after: None }, options.quiet, &mut feeds)
    });
    feeds.settle();
    exit
}

/// The servers to dial, and what to read here.
fn targets(words: &[String]) -> Result<(Vec<String>, Vec<Input>), String> {
    let (mut servers, mut inputs) = (Vec::new(), Vec::new());
    for word in words {
        if word.parse::<Target>().is_ok() {
            servers.push(word.clone());
            continue;
        }
        match Input::parse(word).map_err(|error| error.to_string())? {
            Some(input) if inputs.contains(&input) => {
                return Err(format!("`{}` is there twice; remove one of them", input.name()));
            }
            Some(input) => inputs.push(input),
            // What may be meant as a server is told as one.
            None if word.contains(':') && !word.contains('/') => servers.push(word.clone()),
            None => {
                return Err(format!("`{word}` is neither `host:port`, nor a URL, nor a file that is there"));
            }
        }
    }
    Ok((servers, inputs))
}

/// The configuration that stands for the command line.
fn config(options: &cli::Collect, servers: &[String], inputs: usize) -> Result<Config, config::Problems> {
    // A list of JSON strings is a list of TOML strings. Nobody who writes a configuration may leave it empty.
    let targets = if servers.is_empty() { &["none:1".to_owned()] } else { servers };
    let targets = serde_json::Value::from(targets.to_vec());
    let ack = if options.no_ack { "ack = false" } else { "" };
    let web = options.web.map_or_else(|| "false".to_owned(), |address| format!("'{address}'"));
    let text = format!(
        "[web]\naddress = {web}\n[[source]]\nname = '{SOURCE}'\nkind = 'connect'\ntargets = {targets}\n{ack}\n"
    );
    let here = std::path::Path::new("");
    let mut config = config::parse(&text, "the command line", here)?;
    if servers.is_empty()
        && let Kind::Connect(connect) = &mut config.sources[0].kind
    {
        connect.targets.clear();
    }
    let memory_limit = config.memory_limit + inputs as u64 * download::MEMORY_BYTES;
    Ok(Config { data_dir: options.data_dir.clone(), inputs, memory_limit, ..config })
}

/// Prints and shows what comes in, until the operator or the targets end it.
pub(crate) fn watch(app: &mut App, operator: &Operator, end: End, quiet: bool, feeds: &mut Feeds) -> Exit {
    let printer = match printer(app, quiet) {
        Ok(printer) => printer,
        Err(error) => {
            tracing::error!(%error, "cannot print");
            return Exit::CannotStart;
        }
    };
    let mut exit = attend(app, operator, printer.as_ref(), end, feeds);
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

fn attend(
    app: &mut App,
    operator: &Operator,
    printer: Option<&Printer>,
    end: End,
    feeds: &mut Feeds,
) -> Exit {
    let (mut live, targets) = (Live::new(), app.targets() as u64);
    let deadline = end.after.map(|after| clock::monotonic() + after);
    let ends = end.once || feeds.any();
    loop {
        match operator.wait(if ends { ONCE_TICK } else { TICK }) {
            Wish::Stop => return Exit::Done,
            Wish::Reload | Wish::Nothing => {}
        }
        app.tick();
        let counts = app.net().counts();
        feeds.look();
        live.show(counts, targets, &feeds.progress());
        let dialled = targets == 0 || end.once && counts.targets_done >= targets;
        if ends && dialled && feeds.have_ended() {
            return if feeds.have_failed() { Exit::Failed } else { Exit::Done };
        }
        if deadline.is_some_and(|deadline| clock::monotonic() >= deadline) {
            return Exit::Done;
        }
        // Somebody waits for the end; a journal that has failed brings none.
        let stuck = ends && matches!(app.journal().state(), State::Failed { .. });
        if app.has_failed() || stuck {
            return Exit::Failed;
        }
        if printer.is_some_and(Printer::has_ended) {
            return Exit::Done;
        }
    }
}
