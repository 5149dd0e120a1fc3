use record::{Batch, Position};

use crate::change::Change;
use crate::compile::{Options, compile};
use crate::diagnostics::{BadScript, Diagnostics};
use crate::failures::Failures;
use crate::machine::{Ended, Machine};

/// A script that changes records.
///
/// Owns what it works on, and uses that memory again. Needs no stop. A record on which it fails stays as it was, and gets the fields
/// `error.stage` and `error.reason`.
#[derive(Debug)]
pub struct Script {
    machine: Machine,
    change: Change,
    warnings: Diagnostics,
    failures: Failures,
    aborted: u64,
    dropped: Vec<usize>,
}

impl Script {
    /// Compiles it.
    ///
    /// # Errors
    /// Why it is no script, or what it may not do.
    pub fn compile(text: &str, options: Options) -> Result<Self, BadScript> {
        let (program, warnings) = compile(text, options, false)?;
        Ok(Self {
            machine: Machine::new(program, text),
            change: Change::default(),
            warnings,
            failures: Failures::default(),
            aborted: 0,
            dropped: Vec::new(),
        })
    }

    /// What is odd about it.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }

    /// Runs it on all records of the batch. Those on which it aborts are dropped.
    pub fn apply(&mut self, batch: &mut Batch) {
        self.dropped.clear();
        for index in 0..batch.len() {
            let done = self.machine.run(batch.get(index)).and_then(|_| {
                let (event, touched) = self.machine.event();
                self.change.apply(event, touched, batch, index).map_err(Ended::Failed)
            });
            match done {
                Ok(()) => {}
                Err(Ended::Aborted) => self.dropped.push(index),
                Err(Ended::Failed(reason)) => self.failures.mark(batch, index, "vrl", &reason),
            }
        }
        self.aborted += self.dropped.len() as u64;
        drop_records(batch, &self.dropped);
    }

    /// How many records it dropped.
    pub fn aborted(&self) -> u64 {
        self.aborted
    }

    /// How many records it failed on.
    pub fn failed(&self) -> u64 {
        self.failures.count
    }

    /// The last record that it failed on, and why.
    pub fn last_failure(&self) -> Option<(Position, &str)> {
        self.failures.last()
    }
}

/// Drops the records at these indices, which are in order.
pub(crate) fn drop_records(batch: &mut Batch, dropped: &[usize]) {
    if dropped.is_empty() {
        return;
    }
    let mut dropped = dropped.iter().peekable();
    let mut index = 0;
    batch.retain(|_| {
        let is_dropped = dropped.next_if(|next| **next == index).is_some();
        index += 1;
        !is_dropped
    });
}
