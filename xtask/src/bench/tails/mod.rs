//! `cargo xtask bench tails`: many who follow the tail over HTTP while lines come at a steady pace, on the machine that they share.

mod clients;
mod report;
mod sender;

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use catchment_bench::clock;
use clap::Parser;

use super::ingest::process::{Process, Scratch, machine_busy_seconds};
use super::sections;
use crate::workspace;
use clients::{Clients, Told};

/// How long a collector may take to listen.
const START_WITHIN: Duration = Duration::from_secs(60);

/// How long what was sent may take to be told to all: longer is a skip or a loss, which is counted.
const SETTLE: Duration = Duration::from_secs(3);

/// Measures followers of the tail over HTTP.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench tails")]
pub(super) struct Options {
    /// Followers, one run after the other
    #[arg(long, value_delimiter = ',', default_values_t = [1, 100, 1000], value_parser = clap::value_parser!(u32).range(1..=19_000))]
    followers: Vec<u32>,
    /// Lines of 200 bytes per second
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rate: u64,
    /// Seconds of each run
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// The collector that is measured, and the clients; both are built in release mode unless they are named
    #[arg(long)]
    program: Option<PathBuf>,
    /// The program `followers` of `catchment-bench`
    #[arg(long)]
    clients: Option<PathBuf>,
    /// Where the report goes; `-` prints it only [default: benches/RESULTS.md]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// What one run came to.
#[derive(Debug)]
pub(super) struct Measured {
    followers: u32,
    sent: u64,
    told: Told,
    /// Of the collector, while lines came.
    cpu_seconds: f64,
    seconds: f64,
    /// The share of the machine that others used meanwhile.
    others: f64,
    /// The most memory that it ever had, in bytes.
    peak: u64,
    /// What followers added to the memory of its own, in bytes.
    grown: u64,
}

/// Runs the benchmark that `options` describe.
pub(crate) fn tails(options: &[&str]) -> io::Result<()> {
    let options = match Options::try_parse_from(["bench tails"].iter().chain(options)) {
        Ok(options) => options,
        Err(help) => help.exit(),
    };
    let (root, target) = (workspace::root()?, workspace::target()?);
    let built = |given: &Option<PathBuf>, package: &str, name: &str| match given {
        Some(path) => Ok(path.clone()),
        None => workspace::build(&["-p", package]).map(|()| target.join("release").join(name)),
    };
    let program = built(&options.program, "catchment", "catchment")?;
    let clients = built(&options.clients, "catchment-bench", "followers")?;
    let scratch = target.join("bench-tails");
    fs::create_dir_all(&scratch)?;
    let mut all = Vec::new();
    for &followers in &options.followers {
        eprintln!("{followers} followers");
        all.push(run(&program, &clients, &scratch, followers, &options)?);
    }
    let report = report::markdown(&options, &all, &root);
    println!("{report}");
    match options.out {
        Some(path) if path == Path::new("-") => Ok(()),
        Some(path) => sections::write(&path, "tails", &report),
        None => sections::write(&root.join("benches/RESULTS.md"), "tails", &report),
    }
}

fn run(
    program: &Path,
    clients: &Path,
    scratch: &Path,
    followers: u32,
    options: &Options,
) -> io::Result<Measured> {
    let scratch = Scratch::new(scratch, "run")?;
    let (source, page) = (free_address()?, free_address()?);
    let config = scratch.path().join("catchment.toml");
    fs::write(&config, configuration(&scratch.path().join("data"), source, page, followers))?;
    let log = scratch.path().join("output.log");
    let process = Process::start(Command::new(program).arg("run").arg("-c").arg(&config), &log)?;
    wait_for(&process, source)?;
    wait_for(&process, page)?;
    let alone = process.memory()?.anonymous;
    let clients = Clients::start(clients, page, followers)
        .map_err(|error| process.failure(&format!("did not take every follower ({error})")))?;
    let (began, cpu, busy) = (clock::monotonic(), process.cpu_seconds()?, machine_busy_seconds()?);
    let sent = sender::send(source, options.rate, Duration::from_secs(options.seconds))?;
    let (cpu_seconds, busy) = (process.cpu_seconds()? - cpu, machine_busy_seconds()? - busy);
    let seconds = (clock::monotonic() - began) as f64 / 1e9;
    thread::sleep(SETTLE);
    let memory = process.memory()?;
    let told = clients.end()?;
    process.terminate()?;
    let machine_seconds = seconds * thread::available_parallelism()?.get() as f64;
    let others = ((busy - cpu_seconds - told.cpu_seconds) / machine_seconds).max(0.0);
    let grown = memory.anonymous.saturating_sub(alone);
    Ok(Measured { followers, sent, told, cpu_seconds, seconds, others, peak: memory.peak, grown })
}

/// All defaults, but places for so many, and the memory that they could take at worst.
fn configuration(data_dir: &Path, source: SocketAddr, page: SocketAddr, followers: u32) -> String {
    format!(
        "data_dir = {:?}\nmemory_limit = \"1 GiB\"\n[journal]\nbytes_max = \"1 GiB\"\n[web]\naddress = \"{page}\"\ntails_max = {followers}\n\
         [[source]]\nname = \"bench\"\nkind = \"listen\"\naddress = \"{source}\"\npeers_max = 16\n",
        data_dir.display().to_string()
    )
}

fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

fn wait_for(process: &Process, address: SocketAddr) -> io::Result<()> {
    let give_up = clock::monotonic() + START_WITHIN.as_nanos() as u64;
    while TcpStream::connect(address).is_err() {
        if clock::monotonic() > give_up {
            return Err(process.failure(&format!("does not listen on {address}")));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
