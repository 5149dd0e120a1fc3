use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Collects never-ending lines of text from thousands of TCP peers, and acks each line once it is synced to disk.
#[derive(Debug, Parser)]
#[command(name = "catchment", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "Exit codes:
  0  done, or stopped by SIGINT or SIGTERM with everything in order
  1  failed while it ran: what was asked for is not complete
  2  the command line is wrong
  3  the configuration is wrong; every mistake is listed with file and line
  4  cannot start: an address is taken, the data directory cannot be used, a limit is too low
  5  stopped, but not everything could be finished within `stop_timeout`; what was not acked, the peers still own";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the collector as a configuration file says
    Run(Run),
    /// Collect without a configuration: dial servers, fetch URLs, read files or stdin; store, ack, print
    Collect(Collect),
    /// The other end: hand the lines of a file, followed, or of stdin to collectors that dial in
    Serve(Serve),
    /// Ask the store in SQL: `catchment query 'SELECT level, count(*) FROM logs GROUP BY level'`
    Query(Query),
    /// Search the store: words, "phrases", field:value, status:>=500, -not, OR, pre*, /regex/; newest first
    Search(Search),
    /// Follow records as they come, filtered where they are
    Tail(Tail),
    /// Write records to a file, in constant memory
    Export(Export),
    /// Look after the store's files
    #[command(subcommand)]
    Store(StoreCommand),
    /// Print the lines of a data directory, with or without a running collector
    Cat(Cat),
    /// Say how every peer and the journal of a running collector are
    Status(Status),
    /// A fleet of simulated log servers and the collector, in one process
    Demo(Demo),
    /// The token that lets clients of the HTTP API in
    #[command(subcommand)]
    Token(TokenCommand),
    /// Read a configuration and list every mistake in it; its Python handlers are loaded for that
    Check(ConfigFile),
    /// Run a Python handler on the lines of stdin, and print the records as JSON
    TestHandler(TestHandler),
    /// Run the `[[test]]` tables of a configuration; exit code 1 when one fails
    Test(Test),
    /// Show what each stage of a pipeline does to each line of stdin; nothing is stored
    Explain(Explain),
    /// Print configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration
    #[arg(short = 'c', long = "config", value_name = "FILE", default_value = "catchment.toml")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// How the log on stderr looks, whatever the configuration says
    #[arg(long, value_enum)]
    pub(crate) log_format: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Collect {
    /// Servers to dial, as `host:port` or `[v6]:port`; an `http://` or `https://` URL, a file, or `-` for stdin, each to its end,
    /// gzip and zstd unpacked
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Where the lines are kept
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// Do not print the lines
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// End when every server has been connected and has closed
    #[arg(long)]
    pub(crate) once: bool,
    /// Send servers no ACK, for those that expect none
    #[arg(long)]
    pub(crate) no_ack: bool,
    /// Serve the page and the HTTP API here
    #[arg(long, value_name = "ADDR")]
    pub(crate) web: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) log: Log,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The file to hand out and to follow through rotation, or `-` for stdin
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Where collectors dial in
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Where it is kept what was acked; without it every start begins with the file
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Lines sent and not yet acked, at most
    #[arg(long, value_name = "N", default_value_t = 65_536, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    pub(crate) window: u32,
    /// End at the end of the file, when everything is acked
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) log: Log,
}

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

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// The data directory of the running collector
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Simulated servers
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) servers: u32,
    /// Lines each second, over all servers
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: u32,
    /// Where the lines are kept; without it in a temporary directory that is removed at the end
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where the page is; without it on 127.0.0.1:8514, if that is free
    #[arg(long, value_name = "ADDR")]
    pub(crate) web: Option<SocketAddr>,
    /// End after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub(crate) seconds: Option<u64>,
    /// Do not print the lines
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

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

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Print a new one: `catchment token new > web.token`
    New,
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

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Every key with its default and what it does
    Default,
}
