//! The program's own log: structured, on stderr, a few lines for each cause however often it comes, without secrets.

mod layer;
mod limiter;
mod writer;

use std::io::IsTerminal as _;
use std::sync::atomic::Ordering;

use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;

use self::layer::{Limit, Summaries};
use self::writer::Harmless;
use crate::cli;
use crate::config::{LogFormat, LogLevel};

/// The log, until it is dropped: then it says what it has held back.
///
/// What it owns: the thread `log`, which says how often a cause came that came too often. What bounds it: [`limiter::CAUSES_MAX`]. When
/// that thread cannot be started, everything is logged.
#[must_use = "what was held back is said when it is dropped"]
pub(crate) struct Log {
    _summaries: Option<Summaries>,
}

/// Sends the program's own log to stderr. Once, before anything is logged.
///
/// Whatever came from a peer is logged as a quoted value, so that its control characters are shown and not obeyed.
pub(crate) fn start(format: LogFormat, level: LogLevel) -> Log {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let colour =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let limit = Limit::default();
    let summaries = Summaries::start(&limit).ok();
    let limit = summaries.is_some().then_some(limit);
    let log = tracing_subscriber::registry().with(LevelFilter::from_level(level)).with(limit);
    let lines = fmt::layer().with_writer(|| Harmless(std::io::stderr())).with_ansi(colour);
    // A second start, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(log.with(lines)),
        LogFormat::Json => {
            tracing::subscriber::set_global_default(log.with(lines.json().flatten_event(true)))
        }
    };
    Log { _summaries: summaries }
}

/// How many lines were counted in a summary instead of being written.
pub(crate) fn held_back() -> u64 {
    layer::HELD_BACK.load(Ordering::Relaxed)
}

impl From<cli::LogFormat> for LogFormat {
    fn from(format: cli::LogFormat) -> Self {
        match format {
            cli::LogFormat::Text => Self::Text,
            cli::LogFormat::Json => Self::Json,
        }
    }
}
