//! `cargo xtask bench fanout`: a chat room. Many clients are connected to the collector, few of them speak, and every line goes through
//! journal and pipeline, which also stores it, to all others.

use std::fs;
use std::io::{self, BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use clap::Parser;
use serde_json::Value;

use super::ingest::process::{Process, Scratch};
use super::sections;
use crate::workspace;

/// Measures how long a line takes from one client of a room to all others.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench fanout")]
struct Options {
    /// Clients that are connected
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=19_000))]
    clients: u32,
    /// Those of them that speak
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speakers: u32,
    /// Lines per second, of all speakers together
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Seconds that are measured
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// How often; the report has the run with the median p99
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Measure the programs in this directory, instead of building them
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Where the report goes; `-` prints it only [default: benches/RESULTS.md]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What one run measured.
#[derive(Clone, Debug)]
struct Run {
    result: Value,
    /// Of the collector, in the window.
    cpu_seconds: f64,
    peak_bytes: u64,
}

/// Goals, as they are told in the report.
const P99_MS: f64 = 100.0;
const PEAK_MIB: f64 = 64.0;

/// Runs the benchmark that `options` describe.
pub(crate) fn fanout(options: &[&str]) -> io::Result<()> {
    let options = match Options::try_parse_from(["bench fanout"].iter().chain(options)) {
        Ok(options) => options,
        Err(help) => help.exit(),
    };
    let programs = options.programs.clone().map_or_else(build, Ok)?;
    let scratch = workspace::target()?.join("bench");
    let mut runs = Vec::new();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        let directory = Scratch::new(&scratch, "fanout")?;
        runs.push(run(&programs, directory.path(), &options)?);
    }
    let report = report(&options, &runs);
    println!("{report}");
    match &options.out {
        Some(path) if path == Path::new("-") => Ok(()),
        Some(path) => sections::write(path, "fanout", &report),
        None => sections::write(&workspace::root()?.join("benches/RESULTS.md"), "fanout", &report),
    }
}

/// Builds the programs, and tells where they are.
fn build() -> io::Result<PathBuf> {
    workspace::build(&["-p", "catchment-bench"])?;
    workspace::build(&["-p", "catchment"])?;
    Ok(workspace::target()?.join("release"))
}

fn run(programs: &Path, directory: &Path, options: &Options) -> io::Result<Run> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let config = directory.join("catchment.toml");
    fs::write(&config, configuration(&directory.join("data"), port, options.clients))?;
    let mut command = Command::new(programs.join("catchment"));
    let collector = Process::start(command.arg("run").arg("-c").arg(&config), &directory.join("output.log"))?;
    let mut crowd = Crowd::start(&programs.join("crowd"), port, options)?;
    crowd.expect("begin")?;
    let before = collector.cpu_seconds()?;
    crowd.expect("end")?;
    let cpu_seconds = collector.cpu_seconds()? - before;
    let peak_bytes = collector.memory()?.peak;
    let result = crowd.expect("result")?;
    drop(crowd);
    collector.terminate()?;
    // The next run has the machine for itself.
    thread::sleep(Duration::from_millis(500));
    Ok(Run { result, cpu_seconds, peak_bytes })
}

/// The clients. It owns the process, which is killed when this is dropped.
struct Crowd {
    child: Child,
    events: Lines<BufReader<ChildStdout>>,
}

impl Crowd {
    fn start(program: &Path, port: u16, options: &Options) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("--connect").arg(format!("127.0.0.1:{port}"));
        for (name, value) in [
            ("--clients", options.clients),
            ("--speakers", options.speakers),
            ("--rate", options.rate),
            ("--seconds", options.seconds),
        ] {
            command.arg(name).arg(value.to_string());
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("the crowd has no output"))?;
        Ok(Self { child, events: BufReader::new(stdout).lines() })
    }

    fn expect(&mut self, event: &str) -> io::Result<Value> {
        let line = self.events.next().ok_or_else(|| io::Error::other("the crowd ended early"))??;
        let value: Value = serde_json::from_str(&line)?;
        if value["event"] == event {
            return Ok(value);
        }
        Err(io::Error::other(format!("the crowd said `{line}` and not `{event}`")))
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A room as in `examples/chat`, without the page.
fn configuration(data_dir: &Path, port: u16, clients: u32) -> String {
    format!(
        "data_dir = {:?}\nmemory_limit = \"512 MiB\"\n\n[web]\naddress = false\n\n\
         [[source]]\nname = \"chat\"\nkind = \"listen\"\naddress = \"127.0.0.1:{port}\"\nack = false\npeers_max = {clients}\n\n\
         [[pipeline]]\nname = \"main\"\nto = [\"store\", \"tail\", \"room\"]\n\n\
         [[output]]\nname = \"room\"\nkind = \"peers\"\nsource = \"chat\"\nformat = \"message\"\n",
        data_dir.display().to_string()
    )
}

fn report(options: &Options, runs: &[Run]) -> String {
    let ms = |run: &Run, what: &str, quantile: &str| {
        run.result[what][quantile].as_f64().unwrap_or(f64::INFINITY) / 1e6
    };
    let mut sorted: Vec<&Run> = runs.iter().collect();
    sorted.sort_by(|one, other| {
        ms(one, "last_arrival_ns", "p99").total_cmp(&ms(other, "last_arrival_ns", "p99"))
    });
    let median = sorted[sorted.len() / 2];
    let mib = |run: &Run| run.peak_bytes as f64 / f64::from(1 << 20);
    let peak = runs.iter().map(mib).fold(0.0, f64::max);
    let (p99, reached) =
        (ms(median, "last_arrival_ns", "p99"), |reached| if reached { "yes" } else { "**no**" });
    let Options { clients, speakers, rate, seconds, .. } = options;
    let mut text = format!(
        "# A chat room\n\nWritten by `cargo xtask bench fanout`. {clients} clients are connected, {speakers} of them speak, {rate} lines of 100 bytes each second in \
         all, for {seconds} s. Every line is journalled, synced, stored, and sent to all others. A line has arrived when the client has read it; clients and \
         collector share the machine. The first table is of the run with the median p99 of {}.\n\n\
         | condition |  |\n| --- | --- |\n| date | {} |\n| processor | {} cores |\n\n\
         ## To reach\n\n|  | goal | measured | reached |\n| --- | --- | --- | --- |\n",
        runs.len(),
        date(),
        thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get),
    );
    text += &format!(
        "| p99 of ms until the last of all others has a line | under {P99_MS} | {p99:.1} | {} |\n\
         | peak MiB of the collector, of all runs | under {PEAK_MIB} | {peak:.1} | {} |\n\n",
        reached(p99 < P99_MS),
        reached(peak < PEAK_MIB)
    );
    text += "## Every run\n\n\
             | lines | ms until a client has a line: p50 | p99 | max | until the last one has it: p50 | p99 | max | collector's CPU, s | clients' | peak MiB | missing | out of order |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for run in runs {
        let count = |what: &str| run.result[what].as_u64().unwrap_or(0);
        let of = |what| {
            ["p50", "p99", "max"].map(|quantile| format!("{:.1}", ms(run, what, quantile))).join(" | ")
        };
        text += &format!(
            "| {} | {} | {} | {:.2} | {:.2} | {:.1} | {} | {} |\n",
            count("lines"),
            of("arrival_ns"),
            of("last_arrival_ns"),
            run.cpu_seconds,
            count("cpu_ns") as f64 / 1e9,
            mib(run),
            count("missing"),
            count("errors"),
        );
    }
    text
}

fn date() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
