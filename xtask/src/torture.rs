//! `cargo xtask torture`: the collector is killed again and again under load, and an oracle judges what it gives back.

use std::io;
use std::path::PathBuf;

use clap::Parser;
use testkit::torture::{Options, round};

use crate::faulty;

/// Kills before each judgement: a journal that is not too long to be read in a moment.
const KILLS: u32 = 20;

/// Kills a collector in all ways there are while 32 peers send, restarts it, and judges.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask torture")]
struct Arguments {
    /// How often it is killed; judged after every 20
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Decides what happens, as far as the operating system lets it; chosen at random if not given
    #[arg(long)]
    seed: Option<u64>,
    /// Lines acked between two kills, at most
    #[arg(long, default_value_t = 4000)]
    lines: u64,
    /// An executable built with the feature `journal/faults`; built in release mode if not given
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs it, and prints a line for each kill and each judgement.
pub(crate) fn torture(options: &[&str]) -> io::Result<()> {
    let arguments = Arguments::parse_from(["torture"].iter().chain(options));
    let binary = match &arguments.binary {
        Some(binary) => binary.canonicalize()?,
        None => faulty::collector()?,
    };
    let first = arguments.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let mut left = arguments.kills;
    for seed in first.. {
        let kills = left.min(KILLS);
        if kills == 0 {
            break;
        }
        left -= kills;
        println!("seed {seed}");
        let options = Options { seed, kills, servers: 16, clients: 16, lines: arguments.lines };
        let judged = round(&binary, options, |report| {
            println!("  kill {:>2}: {}, {} lines acked", report.number, report.blow, report.acked);
        });
        match judged {
            Ok(judgement) => println!(
                "  all well: {} lines, {} that came again, {} unterminated",
                judgement.lines, judgement.duplicates, judgement.unterminated
            ),
            Err(failure) => {
                let message =
                    format!("{failure}\nthe same again: `cargo xtask torture --kills {kills} --seed {seed}`");
                return Err(io::Error::other(message));
            }
        }
    }
    println!("{} kills survived", arguments.kills);
    Ok(())
}
