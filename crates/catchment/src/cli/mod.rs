mod read;
mod trial;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::read::{
    Between, Cat, Data, Export, Format, Place, Query, RowFormat, Search, StoreCommand, StoreLs, Tail,
    TailFormat,
};
pub(crate) use self::trial::{Explain, Test, TestHandler};
use crate::units::Period;

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
  5  stopped, but not everything could be finished within `stop_timeout`; what was not acked, the peers still own
  6  `status`: lines are taken, but something is wrong; it says what";

/// What the exit code of `status` tells.
const STATUS_CODES: &str = "Exit codes:
  0  all is well
  1  no lines are taken: the journal is stalled or has failed; or there was no
     whole answer
  3  the configuration is wrong
  4  no collector runs
  6  lines are taken, but something is wrong: a pipeline stands still, a stage's
     file or handler fails, a service of the store fails, a part is damaged";

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
    /// Say how a running collector is: journal, pipelines, store, every peer; the exit code tells whether all is well
    Status(Status),
    /// Watch a running collector on the terminal: every peer and every queue, live; `?` lists the keys
    Top(Top),
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
    /// Print what completes commands and options in a shell: `catchment completions bash > /etc/bash_completion.d/catchment`
    Completions(Completions),
    /// Print the manual page, or write one for each command into a directory
    Man(Man),
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
    /// Find level, time and fields in the lines: `auto`, or one format such as `json`
    #[arg(long, value_name = "FORMAT")]
    pub(crate) parse: Option<String>,
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

/// A running collector.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// The data directory of the running collector
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub(crate) data_dir: PathBuf,
    /// The configuration that it runs with, which names the data directory
    #[arg(short = 'c', long = "config", value_name = "FILE", conflicts_with = "data_dir")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = STATUS_CODES)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) running: Running,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = StatusFormat::Text)]
    pub(crate) format: StatusFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Top {
    #[command(flatten)]
    pub(crate) running: Running,
    /// How often the collector is asked: 100ms to 1h
    #[arg(short, long, value_name = "PERIOD", default_value = "1s", value_parser = interval)]
    pub(crate) interval: Duration,
}

fn interval(written: &str) -> Result<Duration, String> {
    let Period(interval) = written.parse::<Period>().map_err(|error| error.to_string())?;
    let most = Duration::from_secs(3600);
    if (Duration::from_millis(100)..=most).contains(&interval) {
        Ok(interval)
    } else {
        Err("write 100ms to 1h".to_owned())
    }
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

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Print a new one: `catchment token new > web.token`
    New,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write `catchment.1`, `catchment-run.1` and so on here
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Every key with its default and what it does
    Default,
}
