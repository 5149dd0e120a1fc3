//! The commands that read what was collected.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::StatusFormat;

#[derive(Debug, Args)]
pub(crate) struct Query {
    /// One SELECT over the table `logs`
    #[arg(value_name = "SQL")]
    pub(crate) sql: String,
    #[command(flatten)]
    pub(crate) place: Place,
    /// How rows are printed
    #[arg(long, value_enum, default_value_t = RowFormat::Text)]
    pub(crate) format: RowFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Data {
    /// Where the lines are kept
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
}

/// Where records are read.
#[derive(Debug, Args)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Read what a collector has put on object storage: s3://bucket/prefix. The environment has the credentials
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    pub(crate) store_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Between {
    /// Not before this time (2026-11-22T14:00:00Z), or so long ago (1h)
    #[arg(long, value_name = "TIME|AGO")]
    pub(crate) since: Option<String>,
    /// Before this time, or so long ago
    #[arg(long, value_name = "TIME|AGO")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What to look for; nothing for everything. Write `--` before words that begin with `-`
    #[arg(value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) between: Between,
    /// Print at most so many
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Print so many records of the same peer before and behind each
    #[arg(short = 'C', long, value_name = "N", default_value_t = 0, conflicts_with = "sql")]
    pub(crate) context: usize,
    /// The oldest first
    #[arg(long, conflicts_with = "context")]
    pub(crate) oldest_first: bool,
    /// Print the SQL that the search stands for, and end
    #[arg(long)]
    pub(crate) sql: bool,
    /// How records are printed
    #[arg(long, value_enum, default_value_t = RowFormat::Text)]
    pub(crate) format: RowFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// What to look for; nothing for everything. Write `--` before words that begin with `-`
    #[arg(value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Begin behind this position, without a gap: the last one that was seen
    #[arg(long, value_name = "POSITION")]
    pub(crate) from: Option<u64>,
    /// End after so many
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// How records are printed
    #[arg(long, value_enum, default_value_t = TailFormat::Text)]
    pub(crate) format: TailFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// What to look for; nothing for everything. Write `--` before words that begin with `-`
    #[arg(value_name = "WORDS")]
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) between: Between,
    /// The file to write; its ending says what: .parquet, .csv, .ndjson or .arrow
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// List the parts
    Ls(StoreLs),
    /// Read every part from end to end; exit code 1 names what is damaged
    Verify(Data),
}

#[derive(Debug, Args)]
pub(crate) struct StoreLs {
    #[command(flatten)]
    pub(crate) data: Data,
    /// How they are printed
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    Text,
    Json,
    Csv,
    Arrow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TailFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Cat {
    /// Where the lines are kept
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// Go on with lines as they come
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines of this source
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Option<String>,
    /// Only lines of this peer
    #[arg(long, value_name = "NAME")]
    pub(crate) peer: Option<String>,
    /// Begin at a position (a number), a time (2026-11-22T14:00:00Z), or so long ago (15m)
    #[arg(long, value_name = "POSITION|TIME|AGO")]
    pub(crate) from: Option<String>,
    /// Print at most so many lines
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// `text`: peer and line, safe for a terminal; `json`: everything known; `raw`: the bytes as they were sent
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Raw,
}
