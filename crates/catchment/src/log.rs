use std::io::IsTerminal as _;

use tracing::Level;

use crate::cli;
use crate::config::{LogFormat, LogLevel};

/// Sends the program's own log to stderr. Once, before anything is logged.
///
/// Whatever came from a peer is logged as a quoted value, so that its control characters are shown and not obeyed.
pub(crate) fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let colour =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).with_ansi(colour);
    // A second start, as in tests, changes nothing.
    let _ = match format {
        LogFormat::Text => tracing::subscriber::set_global_default(log.finish()),
        LogFormat::Json => tracing::subscriber::set_global_default(log.json().flatten_event(true).finish()),
    };
}

impl From<cli::LogFormat> for LogFormat {
    fn from(format: cli::LogFormat) -> Self {
        match format {
            cli::LogFormat::Text => Self::Text,
            cli::LogFormat::Json => Self::Json,
        }
    }
}
