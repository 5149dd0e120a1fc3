//! `cargo xtask simulate`: the collector, its disk, its network and its peers in one process, seed after seed.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::Parser;
use net::simulation::{Failure, Options, Report, run};

/// Runs one simulation for each seed, on all cores; the first failure ends it, and names its seed.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask simulate")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    from: u64,
    /// Choices of the scheduler in each, before faults stop
    #[arg(long, default_value_t = Options::default().steps)]
    steps: u32,
}

/// What the threads have in common.
struct Shared {
    next: AtomicU64,
    end: u64,
    sum: Mutex<Report>,
    failure: Mutex<Option<Failure>>,
}

/// Runs them, and prints how far it is every few seconds.
pub(crate) fn simulate(options: &[&str]) -> io::Result<()> {
    let arguments = Arguments::parse_from(["simulate"].iter().chain(options));
    let shared = Shared {
        next: AtomicU64::new(arguments.from),
        end: arguments.from.saturating_add(arguments.seeds),
        sum: Mutex::default(),
        failure: Mutex::default(),
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| shared.work(Options { steps: arguments.steps }))).collect();
        let mut ticks = 0_u32;
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(100));
            ticks += 1;
            if ticks.is_multiple_of(50) {
                let next = shared.next.load(Ordering::Relaxed).min(shared.end);
                println!("{} of {} seeds", next - arguments.from, arguments.seeds);
            }
        }
    });
    let failure = shared.failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = failure {
        let again = format!(
            "the same again: `cargo xtask simulate --seeds 1 --from {} --steps {}`",
            failure.seed, arguments.steps
        );
        return Err(io::Error::other(format!("{failure}\n{again}")));
    }
    let sum = shared.sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!(
        "all well: {} seeds, {} lines acked on {} connections, {} lines that came again, {} unterminated, {} starts, {} disk faults",
        arguments.seeds,
        sum.acked,
        sum.connections,
        sum.duplicates,
        sum.unterminated,
        sum.starts,
        sum.disk_faults
    );
    Ok(())
}

impl Shared {
    /// Takes seeds until there are no more, or one has failed.
    fn work(&self, options: Options) {
        loop {
            let seed = self.next.fetch_add(1, Ordering::Relaxed);
            if seed >= self.end {
                return;
            }
            match run(seed, options) {
                Ok(report) => self.sum.lock().unwrap_or_else(PoisonError::into_inner).add(&report),
                Err(failure) => {
                    // The others end with the seed they are at.
                    self.next.store(self.end, Ordering::Relaxed);
                    let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                    *first = first.take().filter(|first| first.seed < failure.seed).or(Some(failure));
                    return;
                }
            }
        }
    }
}
