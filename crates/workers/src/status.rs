use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use record::Position;

use crate::About;

/// How many tracebacks are kept.
pub(crate) const SAMPLES_MAX: usize = 8;

/// How the workers of a pool are doing, and what they have done since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// How the handler is called; of the newest worker.
    pub about: Option<About>,
    /// Workers that are ready.
    pub ready: usize,
    /// Workers that work on lines.
    pub busy: usize,
    /// How many there are to be.
    pub wanted: usize,
    /// Process ids of all workers.
    pub pids: Vec<u32>,
    /// Batches that came back.
    pub batches: u64,
    /// Lines that came back.
    pub lines: u64,
    /// Records that are marked with an error: the handler raised an exception, or no worker could do the line.
    pub failed: u64,
    /// Lines that no worker could do.
    pub unhandled: u64,
    /// How often a worker ended, or had to be ended, and another one was started.
    pub restarts: u64,
    /// How often one ended that was not to, or did not when it was to: by [`End::name`].
    pub ends: BTreeMap<&'static str, u64>,
    /// What workers printed and is not in the log, in bytes.
    pub left_out_bytes: u64,
    /// Why a worker ended last, or could not start.
    pub last_error: Option<String>,
    /// The last tracebacks, 8 at most, of 4 KiB at most, and after which position the batch was that each is from.
    pub samples: VecDeque<(Position, String)>,
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It did so by itself.
    Exited,
    /// It was not ready in time, and was killed.
    NotReady,
    /// It got no line done for too long, and was killed.
    Timeout,
    /// It took too much memory, and was killed.
    Memory,
    /// It printed too much, and was killed.
    Output,
    /// It said what means nothing, or closed its socket, and was killed.
    Protocol,
    /// It was to end and did not in time, or there was no time, and was killed.
    Stopped,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Exited,
        Self::NotReady,
        Self::Timeout,
        Self::Memory,
        Self::Output,
        Self::Protocol,
        Self::Stopped,
    ];

    /// It in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exited => "exited",
            Self::NotReady => "not_ready",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Protocol => "protocol",
            Self::Stopped => "stopped",
        }
    }
}

/// Where the pool and its supervisor write the status and others read it. Of bounded size; never fails.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Status>);

impl Board {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock());
    }

    pub(crate) fn read(&self) -> Status {
        self.lock().clone()
    }

    pub(crate) fn failures(&self) -> (u64, Option<(Position, String)>) {
        let status = self.lock();
        (status.failed, status.samples.back().cloned())
    }

    pub(crate) fn sample(&self, position: Position, traceback: &str) {
        self.update(|status| {
            if status.samples.len() == SAMPLES_MAX {
                status.samples.pop_front();
            }
            status.samples.push_back((position, traceback.to_owned()));
        });
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
