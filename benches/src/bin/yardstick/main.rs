//! The yardstick: what a bare epoll loop reaches when it does the collector's job with no product around it.
//!
//! It takes lines from peers that it dials or that dial it, reads at most 1 KiB at a time and at most sixteen times
//! per wake-up, appends what it reads to a log with a CRC, syncs, and only then sends `ACK\n` per line, joined per
//! peer and commit. It knows no line length limit, no reconnecting, no recovery, no configuration. It stops at
//! SIGTERM or SIGINT and then prints one JSON object about itself.

#![forbid(unsafe_code)]

mod batch;
mod committer;
mod event_loop;
mod log;
mod peers;

use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use catchment_bench::clock;
use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::committer::Committer;
use crate::event_loop::EventLoop;
use crate::log::Log;

/// A bare epoll loop that acks every line once it is synced, to measure the collector against.
#[derive(Parser)]
struct Options {
    /// Where the log files go; made if missing
    #[arg(long)]
    data_dir: PathBuf,
    /// Accept peers on this address
    #[arg(long, required_unless_present = "dial")]
    listen: Option<SocketAddr>,
    /// Dial every `address:port` of this file, one per line
    #[arg(long, conflicts_with = "listen")]
    dial: Option<PathBuf>,
    /// Bytes of one commit at most; two such buffers are held
    #[arg(long, default_value_t = 4 << 20, value_parser = clap::value_parser!(u32).range(65_536..=16_777_216))]
    batch_bytes: u32,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(summary) => {
            println(&summary);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<serde_json::Value> {
    // The files are filled before the first peer can connect: their making is not part of any measurement.
    let log = Log::create(&options.data_dir)?;
    let (stop, signalled) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, signalled.try_clone()?)?;
    }
    let batch_bytes = options.batch_bytes as usize;
    let mut event_loop = EventLoop::new(Committer::start(log)?, stop, batch_bytes)?;
    if let Some(address) = options.listen {
        event_loop.listen(address)?;
    }
    if let Some(file) = &options.dial {
        event_loop.dial(&log::read_targets(file)?)?;
    }
    let counts = event_loop.run()?;
    Ok(serde_json::json!({
        "acked_lines": counts.lines,
        "commits": counts.commits,
        "cpu_seconds": clock::process_cpu() as f64 / 1e9,
    }))
}

#[expect(clippy::print_stdout, reason = "the summary is this program's output")]
fn println(summary: &serde_json::Value) {
    println!("{summary}");
}

#[expect(clippy::print_stderr, reason = "the error is this program's last word")]
fn eprintln(error: &io::Error) {
    eprintln!("yardstick: {error}");
}
