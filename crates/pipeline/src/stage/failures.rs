use record::{Batch, Position, Value};

use super::StageCounts;

/// The records that a stage could not do its work on. Owns the last reason.
#[derive(Debug, Default)]
pub(super) struct Failures {
    count: u64,
    last: Option<(Position, String)>,
}

impl Failures {
    /// Counts the record at `index`, and gives it the reason.
    pub(super) fn mark(&mut self, batch: &mut Batch, index: usize, stage: &str, reason: &str) {
        self.count += 1;
        let (last, text) = self.last.get_or_insert_default();
        *last = batch.get(index).position();
        reason.clone_into(text);
        batch.set_field(index, "error.stage", Value::Str(stage));
        batch.set_field(index, "error.reason", Value::Str(reason));
    }

    /// Says so.
    pub(super) fn tell(&self, counts: &mut StageCounts) {
        if self.count > counts.failed {
            counts.failed = self.count;
            counts.last_failure.clone_from(&self.last);
        }
    }
}
