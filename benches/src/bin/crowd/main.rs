//! The clients of a chat room: many connections in one process, few of which speak, and all of which hear what the others say.
//!
//! It dials a collector, lets the speakers speak, and says on standard output, one JSON object per line, what happens:
//! `{"event":"begin"}` when the measured window begins, `{"event":"end"}` when no line is on its way any more, and
//! `{"event":"result", …}`. It ends by itself.

#![forbid(unsafe_code)]

mod crowd;
mod tally;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;

use crate::crowd::Crowd;

/// Measures how long a line takes from one client to all others.
#[derive(Parser)]
struct Options {
    /// Dial this collector, trying for 30 s while it refuses
    #[arg(long)]
    connect: SocketAddr,
    /// Clients; each is an open file here and one there
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=19_000))]
    clients: u32,
    /// Those of them that speak, one after the other
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    speakers: u32,
    /// Lines per second, of all speakers together
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    rate: u64,
    /// Seconds before the measured window
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// Seconds of the measured window
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
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
    let speakers = options.speakers.min(options.clients);
    Crowd::dial(options.connect, options.clients, speakers, options.rate)?
        .run(options.warm_up * 1_000_000_000, options.seconds * 1_000_000_000)
}

#[expect(clippy::print_stderr, reason = "the error is this program's last word")]
fn report(error: &io::Error) {
    eprintln!("crowd: {error}");
}
