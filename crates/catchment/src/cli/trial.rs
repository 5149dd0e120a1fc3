//! The commands that try what a configuration does to lines.

use std::path::PathBuf;

use clap::Args;

use super::{ConfigFile, StatusFormat};

#[derive(Debug, Args)]
pub(crate) struct TestHandler {
    /// `FILE.py:NAME` or `module:NAME`
    #[arg(value_name = "HANDLER")]
    pub(crate) handler: String,
    /// The interpreter: a path, or a name on the PATH
    #[arg(long, value_name = "PATH", default_value = "python3")]
    pub(crate) python: PathBuf,
    /// One key of what `from_config` of a class is given; what is no JSON is a text
    #[arg(long = "config", value_name = "KEY=JSON", value_parser = member)]
    pub(crate) config: Vec<(String, serde_json::Value)>,
    /// How many lines may wait at once in a coroutine function
    #[arg(long, value_name = "N", default_value = "1024")]
    pub(crate) concurrency: std::num::NonZeroUsize,
}

fn member(written: &str) -> Result<(String, serde_json::Value), String> {
    let (key, value) = written.split_once('=').ok_or("write KEY=JSON")?;
    Ok((key.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| value.into())))
}

#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// How the results are printed
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// The pipeline; the first one of the configuration without it
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// The source that the lines pretend to come through; the first one of the pipeline without it
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// The peer that they pretend to come from
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    pub(crate) peer: String,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}
