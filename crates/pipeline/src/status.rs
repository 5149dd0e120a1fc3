use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::Handle;
use record::Position;

use crate::StageCounts;

/// How a pipeline is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It gives lines to its outputs as they become durable.
    #[default]
    Running,
    /// An output or the journal fails; it is tried again until it works. No line is lost by that.
    Waiting {
        /// What fails, and why.
        reason: String,
    },
    /// It has ended. Its lines wait in the journal.
    Ended {
        /// Why.
        reason: String,
    },
}

/// How a pipeline is doing, and what it has done since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// How it is doing.
    pub state: State,
    /// Every line up to here was given to all outputs.
    pub position: Position,
    /// Lines of its sources that were read. Counted again when they are read again for an output that lost them.
    pub lines: u64,
    /// Records that came out of the stages.
    pub records: u64,
    /// Lines that the stages dropped.
    pub dropped: u64,
    /// What each stage did, in their order.
    pub stages: Vec<StageCounts>,
    /// The Python handlers, in the order of the stages: what each is called, and how its workers are doing.
    pub handlers: Vec<(String, workers::Status)>,
    /// Its outputs.
    pub outputs: Vec<OutputStatus>,
    /// How often an output, the journal or a checkpoint failed.
    pub failures: u64,
    /// Damaged places in the journal that were left out.
    pub damaged: u64,
    /// Bytes that the journal no longer had when it was their turn.
    pub missed_bytes: u64,
    /// Bytes of the journal that are durable and were not given to all outputs yet.
    pub behind_bytes: u64,
    /// The last thing that went wrong, also when all is well again.
    pub last_error: Option<String>,
}

/// How an output is doing, and what it has done since the pipeline's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputStatus {
    /// What it is called; others may be called the same.
    pub output: String,
    /// It was given everything up to here.
    pub position: Position,
    /// Records that it took. Counted again when they are given again because it lost them.
    pub records: u64,
    /// How often it did not take what it was given, or could not make it durable.
    pub failures: u64,
    /// How often it was tried again after a failure.
    pub retries: u64,
    /// Bytes of the journal that are durable and were not given to it yet.
    pub behind_bytes: u64,
}

/// Where the pipeline's thread writes its status and others read it. Of fixed size; never fails.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Status>);

impl Board {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.lock());
    }

    /// The status, with what the journal knows.
    pub(crate) fn read(&self, journal: &Handle) -> Status {
        let mut status = self.lock().clone();
        let durable = journal.durable();
        let behind = |position: Position| durable.saturating_sub(position.0 + 1);
        status.behind_bytes = behind(status.position);
        for output in &mut status.outputs {
            output.behind_bytes = behind(output.position);
        }
        status
    }

    fn lock(&self) -> MutexGuard<'_, Status> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
