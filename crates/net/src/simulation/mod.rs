//! The collector, its disk, its network and its peers in one process, with one seed that decides everything.
//!
//! ```text
//!   SimPeer ─┐                                             ┌─► SimDisk ──► Consumer ──► judge
//!   SimPeer ─┼──► SimNet ──► event loops ──► journal ──────┘
//!   SimPeer ─┘        scheduler: a seeded choice of who moves next, and of what goes wrong
//! ```
//!
//! Nothing runs by itself: at each step the scheduler lets one event loop make a turn, the journal commit, a peer do one thing,
//! or time pass; or the power fails, a write fails, the disk is full. Peers have numbered lines of every kind, send them in their own way,
//! and send again what was not acked. At the end faults stop, everybody comes to rest, and the judge compares what the
//! journal gives back with what was sent and acked:
//!
//! - every acked line is there, unchanged, in the order of its connection, and nothing else is;
//! - a line is there twice only if it was sent twice, which a peer does only when it had no ACK;
//! - what a peer read were whole ACKs, and never more than it had sent lines, and between them whole lines of others in order, with a notice
//!   of the right number where some are missing;
//! - what was read of the journal once reads the same after every restart;
//! - after it all a fresh line from each peer still gets through.

mod collector;
mod consumer;
mod ears;
mod faults;
mod judge;
mod lines;
mod peer;
mod scenario;
mod trace;
mod world;

#[cfg(test)]
pub(crate) use collector::{Collector, Setup};

/// How long a simulation is.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Choices of the scheduler before faults stop.
    pub steps: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 2000 }
    }
}

/// What happened in a simulation in which everything held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines that were acked.
    pub acked: u64,
    /// Lines read back, with those that came more than once.
    pub lines: u64,
    /// Lines read back once more, because they were sent once more.
    pub duplicates: u64,
    /// Rows that the end of a connection left without a newline.
    pub unterminated: u64,
    /// Lines that went to all and were heard, counted for each peer.
    pub heard: u64,
    /// Those that peers were told they missed.
    pub missed: u64,
    /// Connections on which something was sent.
    pub connections: u64,
    /// How often the collector was started.
    pub starts: u64,
    /// Times the disk failed or was full.
    pub disk_faults: u64,
    /// One number for everything that happened. Two runs of the same seed have the same.
    pub trace: u64,
}

/// A promise that was not kept.
#[derive(Debug, thiserror::Error)]
#[error("seed {seed}, step {step}: {violation}")]
pub struct Failure {
    /// Replays it.
    pub seed: u64,
    /// The scheduler's choices so far.
    pub step: u32,
    /// What was expected, and what was found.
    pub violation: String,
}

/// Runs the simulation that `seed` decides, in this thread, within a fraction of a second.
///
/// # Errors
/// The first promise that was not kept.
pub fn run(seed: u64, options: Options) -> Result<Report, Failure> {
    let mut world = world::World::new(seed);
    world.run(options.steps).map_err(|violation| Failure { seed, step: world.step(), violation })
}

impl Report {
    /// Adds what happened in another simulation; traces are mixed.
    pub fn add(&mut self, other: &Self) {
        self.acked += other.acked;
        self.lines += other.lines;
        self.duplicates += other.duplicates;
        self.unterminated += other.unterminated;
        self.heard += other.heard;
        self.missed += other.missed;
        self.connections += other.connections;
        self.starts += other.starts;
        self.disk_faults += other.disk_faults;
        self.trace ^= other.trace;
    }
}
