//! The load generator: many peers in one process, each with an endless stream of numbered lines.
//!
//! It dials a collector or waits to be dialled, then does what it is told on standard input and says on standard
//! output, one JSON object per line, what has happened:
//!
//! | command | what happens | answer |
//! |---|---|---|
//! | | waits to be dialled (`--serve` only) | `{"event":"listening"}` |
//! | | every connection stands | `{"event":"connected"}` |
//! | `start` | lines flow | `{"event":"settled"}` (`idle` only, when its last line is acked) |
//! | `begin` | the measured window begins | |
//! | `end` | the measured window ends | `{"event":"result", …}` |
//! | `stop` or end of input | it ends | |
//!
//! Whoever measures owns the time: several generators and the reading of the collector's CPU time share one window.

#![forbid(unsafe_code)]

mod connect;
mod control;
mod generator;
mod window;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use catchment_bench::dial;
use clap::{Args, Parser, Subcommand};

use crate::control::Event;
use crate::generator::Generator;

/// Sends lines of 200 bytes over many connections and counts what is acked.
#[derive(Parser)]
struct Options {
    #[command(flatten)]
    role: Role,
    /// Connections of this process; each end is an open file
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=19_000))]
    connections: u32,
    /// Number of the first connection, as its lines tell it
    #[arg(long, default_value_t = 0)]
    first: u32,
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Role {
    /// Dial this collector, trying for 30 s while it refuses
    #[arg(long)]
    connect: Option<SocketAddr>,
    /// Be dialled: accept on this port of every loopback address
    #[arg(long)]
    serve: Option<u16>,
}

/// How the lines flow.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Mode {
    /// As fast as they are acked
    Saturated {
        /// Lines in flight per connection
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        window: u64,
    },
    /// So many per second, each in a write of its own, by one connection after the other
    Paced {
        /// Lines per second over all connections
        #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
        rate: u64,
    },
    /// A few at the start, then silence
    Idle {
        /// Lines per connection
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
        lines: u64,
    },
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let sockets = match (&options.role.connect, options.role.serve) {
        (Some(collector), _) => dial::dial(*collector, options.connections)?,
        (None, Some(port)) => connect::accept(port, options.connections)?,
        (None, None) => return Err(io::Error::other("neither `--connect` nor `--serve` was given")),
    };
    let generator = Generator::new(sockets, options.first, options.mode)?;
    control::tell(&Event::Connected)?;
    generator.run()
}

#[expect(clippy::print_stderr, reason = "the error is this program's last word")]
fn report(error: &io::Error) {
    eprintln!("load: {error}");
}
