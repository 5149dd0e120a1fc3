//! A collector that is killed again and again while a fleet sends, and the judgement at the end.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;

use crate::collector::NotReady;
use crate::fleet::{DIALLED, DIALLING};
use crate::{Collector, Config, Ended, Fleet, Judgement, Oracle, Program, Violation, until, unused_address};

/// Points at which a collector can be made to die, see the module `fault` of the crate `record`.
pub const FAULT_POINTS: [&str; 14] = [
    "frame-written",
    "before-sync",
    "after-sync",
    "before-hand-back",
    "segment-created",
    "segment-renamed",
    "segment-activated",
    "seal-written",
    "part-written",
    "part-renamed",
    "manifest-appended",
    "manifest-synced",
    "compaction-merged",
    "part-unlinked",
];

/// A store that makes parts soon, and merges them: sections of a configuration.
pub const LIVELY_STORE: &str = "[store]\nmemtable_bytes = '1 MiB'\nflush_after = '1s'";

/// What a round is like.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Decides what happens, as far as the operating system lets it.
    pub seed: u64,
    /// How often the collector is ended before the judgement.
    pub kills: u32,
    /// Servers that the collector dials.
    pub servers: usize,
    /// Clients that dial the collector.
    pub clients: usize,
    /// Lines acked between two kills, at most.
    pub lines: u64,
}

/// A way to end a collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    /// SIGKILL at a random instant.
    Kill,
    /// The process ends itself at a named point.
    Die(&'static str),
    /// A sync fails; then SIGTERM.
    FailedSync,
    /// SIGTERM.
    Terminate,
    /// SIGSTOP for a while, SIGCONT, and SIGKILL.
    Freeze,
}

/// What one blow did.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Counts from 1.
    pub number: u32,
    /// How it ended: a point that was not passed often enough in time was replaced by SIGKILL.
    pub blow: Blow,
    /// Lines acked in the round so far.
    pub acked: u64,
}

/// A promise was broken.
#[derive(Debug, thiserror::Error)]
#[error("{violation}; what the collector wrote is in `{}`", dir.display())]
pub struct Failure {
    /// Which one.
    pub violation: Violation,
    /// The directory of the round, which stays.
    pub dir: PathBuf,
}

/// Plays one round: start, send, end the collector, and again; then let everything be acked, and judge.
///
/// # Errors
/// The promise that was broken.
///
/// # Panics
/// When the collector does not start again, does not stop in order, or breaks the protocol.
pub fn round(executable: &Path, options: Options, report: impl FnMut(Report)) -> Result<Judgement, Failure> {
    round_with(&mut Program::new(executable), LIVELY_STORE, options, report)
}

/// The same with other sections of the configuration: what they do with a line must leave it one record with its text as message.
///
/// # Errors
/// The promise that was broken.
///
/// # Panics
/// As [`round`].
pub fn round_with(
    program: &mut Program,
    sections: &str,
    options: Options,
    mut report: impl FnMut(Report),
) -> Result<Judgement, Failure> {
    let Options { seed, kills, servers, clients, lines } = options;
    let address = unused_address("127.0.0.1");
    let fleet = Fleet::start(seed, servers, clients, address);
    program.configure(
        Config::new().listen(DIALLING, address, "").connect(DIALLED, fleet.targets(), "").sections(sections),
    );
    let mut rng = Rng::with_seed(seed);
    for number in 1..=kills {
        let blow = Blow::random(&mut rng);
        program.faults(&blow.faults(&mut rng));
        let lines = if blow.comes_by_itself() { 3 * lines } else { rng.u64(..=lines) };
        let progress = fleet.acked() + lines;
        let blow = strike(program, &fleet, blow, progress, &mut rng);
        report(Report { number, blow, acked: fleet.acked() });
    }
    program.faults("");
    let mut collector = program.collector(&["run"]);
    let oracle = fleet.finish();
    collector.terminate().expect_code(0);
    let rows = program.rows(&[]);
    let records = program.query("SELECT position, message FROM logs ORDER BY position");
    let judged = oracle.judge(&rows);
    judged.and_then(|judgement| Oracle::judge_store(&rows, &records).map(|()| judgement)).map_err(
        |violation| {
            program.keep();
            Failure { violation, dir: program.dir().to_owned() }
        },
    )
}

/// Starts a collector, waits until so many lines are acked or it ends by itself, and ends it. Returns how it ended.
fn strike(program: &Program, fleet: &Fleet, blow: Blow, progress: u64, rng: &mut Rng) -> Blow {
    let mut collector = match program.try_collector(&["run"]) {
        Ok(collector) => collector,
        Err(NotReady(ended)) => return blow.happened(&ended),
    };
    let ended = until("the collector makes progress, or ends", || {
        let ended = collector.has_ended();
        (ended.is_some() || fleet.acked() >= progress || has_failed(&collector)).then_some(ended)
    });
    let ended = ended.unwrap_or_else(|| match blow {
        // A seal mark is written in silence, or at the end.
        Blow::FailedSync | Blow::Terminate | Blow::Die("seal-written") => collector.terminate(),
        Blow::Kill | Blow::Die(_) => collector.kill(),
        Blow::Freeze => {
            collector.signal(Signal::STOP);
            // How long it stands still is part of what is tried.
            std::thread::sleep(Duration::from_millis(rng.u64(..100)));
            collector.signal(Signal::CONT);
            collector.kill()
        }
    });
    blow.happened(&ended)
}

fn has_failed(collector: &Collector<'_>) -> bool {
    collector.stderr().contains("the journal takes no more lines")
}

impl Blow {
    fn random(rng: &mut Rng) -> Self {
        match rng.usize(..10) {
            0..3 => Self::Kill,
            3..7 => Self::Die(FAULT_POINTS[rng.usize(..FAULT_POINTS.len())]),
            7 => Self::FailedSync,
            8 => Self::Terminate,
            _ => Self::Freeze,
        }
    }

    /// True when it strikes by itself after some lines, which are not to be too few.
    fn comes_by_itself(self) -> bool {
        matches!(self, Self::Die(_) | Self::FailedSync)
    }

    /// What arms it.
    fn faults(self, rng: &mut Rng) -> String {
        match self {
            // Segments, parts and manifests come seldom.
            Self::Die(point)
                if !point.contains("sync") && !point.contains("frame") && point != "before-hand-back" =>
            {
                format!("{point}=kill@{}", rng.u32(1..3))
            }
            Self::Die(point) => format!("{point}=kill@{}", rng.u32(1..40)),
            Self::FailedSync => format!("before-sync=error@{}", rng.u32(1..40)),
            Self::Kill | Self::Terminate | Self::Freeze => String::new(),
        }
    }

    /// What really happened. It must have ended as this blow ends a collector.
    fn happened(self, ended: &Ended) -> Self {
        let Ended { code, signal, stderr, .. } = ended;
        let (killed, died) = (Some(Signal::KILL.as_raw()), Some(Signal::ABORT.as_raw()));
        match self {
            Self::Kill | Self::Freeze if *signal == killed => self,
            Self::Die(_) if *signal == died => self,
            Self::Die(_) if *signal == killed => Self::Kill,
            Self::FailedSync if *code == Some(1) => self,
            Self::FailedSync | Self::Terminate | Self::Die("seal-written") if *code == Some(0) => {
                Self::Terminate
            }
            _ => panic!("after {self}: code {code:?}, signal {signal:?}, stderr:\n{stderr}"),
        }
    }
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill => f.write_str("SIGKILL"),
            Self::Die(point) => write!(f, "death at `{point}`"),
            Self::FailedSync => f.write_str("a failed sync, SIGTERM"),
            Self::Terminate => f.write_str("SIGTERM"),
            Self::Freeze => f.write_str("SIGSTOP, SIGCONT, SIGKILL"),
        }
    }
}
