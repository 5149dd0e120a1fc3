//! The configuration file: read as a whole, checked as a whole, and every mistake in it reported at once,
//! with its file, line and key.
//!
//! ```text
//! file ──► toml ──► Written (read, value, keys) ──► check ──► Config
//!            └────────────┴──── Report ──────────────┴──────► Problems
//! ```
//!
//! There are two types for each section: `Written`, where a value may be wrong and knows its place, and the
//! checked one, with plain values within the bounds that its documentation states. Only the second leaves
//! this module. [`top`], [`journal`], [`source`], [`connect`] and [`listen`] hold one group of keys each;
//! [`check`] holds what must be true between them.

mod check;
mod connect;
mod inline;
mod journal;
mod keys;
mod listen;
mod output;
mod pipeline;
mod problem;
mod read;
mod sink;
mod source;
mod store;
mod target;
mod targets_file;
mod test;
mod text;
mod top;
mod value;
mod web;

use std::path::{Path, absolute};

pub(crate) use self::output::{Named, Sink};
pub(crate) use self::pipeline::{Output, Pipeline};
pub(crate) use connect::Connect;
pub(crate) use journal::{AtCap, Journal};
pub(crate) use listen::Address;
pub(crate) use problem::Problems;
pub(crate) use source::{Kind, Source};
pub(crate) use store::{Remote, Retention};
pub(crate) use target::Target;
pub(crate) use test::Test;
pub(crate) use top::{Config, LogFormat, LogLevel};
pub(crate) use web::Web;

use problem::{Place, Report, Reported};
use read::Table;
use text::Text;

/// The commented defaults: a configuration file that lacks nothing but a source.
pub(crate) const DEFAULT: &str = include_str!("default.toml");

/// Reads and checks a configuration file and the files of targets that it names, and loads the Python handlers in a process of their
/// own.
///
/// # Errors
///
/// Every mistake in them; or that the file cannot be read, is larger than 4 MiB or is not UTF-8.
pub(crate) fn load(path: &Path) -> Result<Config, Problems> {
    let name = path.display().to_string();
    let report = Report::running_code();
    let hint = "`catchment config default` prints one to start from";
    match text::read(path, &Place::file(&name), hint, &report) {
        Ok(text) => {
            // Without a working directory there is nothing to be absolute from.
            let path = absolute(path).unwrap_or_else(|_| path.to_owned());
            finish(&name, read(&name, &text, path.parent().unwrap_or(&path), &report), report)
        }
        Err(reported) => finish(&name, Err(reported), report),
    }
}

/// Checks the text of a configuration file. `file` is what the messages call it; relative paths start from
/// `base`.
///
/// # Errors
///
/// Every mistake in it and in the files of targets that it names.
pub(crate) fn parse(text: &str, file: &str, base: &Path) -> Result<Config, Problems> {
    let report = Report::new();
    finish(file, read(file, text, base, &report), report)
}

fn read(file: &str, text: &str, base: &Path, report: &Report) -> Result<Config, Reported> {
    let places = Text::new(file, text);
    let rows = read::parse(file, text, &places, report)?;
    top::Written::read(&Table::root(file, &rows, &places, report), base).check(report)
}

fn finish(file: &str, config: Result<Config, Reported>, report: Report) -> Result<Config, Problems> {
    match report.finish(file) {
        Some(problems) => Err(problems),
        None => Ok(config.expect("who returns `Reported` has reported something")),
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod testing {
    use std::path::Path;

    use super::{Config, Problems};

    const SOURCE: &str = "[[source]]\nname = 's'\nkind = 'listen'\naddress = '127.0.0.1:0'\n";

    /// The configuration that `text` and a source make.
    pub(super) fn config(text: &str) -> Config {
        config_of(&format!("{text}\n{SOURCE}"))
    }

    /// The problems of `text` and a source.
    pub(super) fn problems(text: &str) -> String {
        problems_of(&format!("{text}\n{SOURCE}"))
    }

    /// The configuration that `text` alone makes.
    pub(super) fn config_of(text: &str) -> Config {
        try_parse(text, Path::new("/base")).expect(text)
    }

    /// The problems of `text` alone.
    pub(super) fn problems_of(text: &str) -> String {
        try_parse(text, Path::new("/base")).expect_err(text).to_string()
    }

    pub(super) fn try_parse(text: &str, base: &Path) -> Result<Config, Problems> {
        super::parse(text, "a", base)
    }
}
