use record::{Batch, Position, Value};

/// More of a reason says nothing new.
const REASON_BYTES_MAX: usize = 1024;

/// How many records a stage failed on, and the last of them.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    pub(crate) count: u64,
    last: Option<(Position, String)>,
}

impl Failures {
    /// Marks the record with what failed and why.
    pub(crate) fn mark(&mut self, batch: &mut Batch, index: usize, stage: &str, reason: &str) {
        let reason = &reason[..reason.floor_char_boundary(REASON_BYTES_MAX)];
        self.count += 1;
        let (position, text) = self.last.get_or_insert_default();
        *position = batch.get(index).position();
        reason.clone_into(text);
        batch.set_field(index, "error.stage", Value::Str(stage));
        batch.set_field(index, "error.reason", Value::Str(reason));
    }

    pub(crate) fn last(&self) -> Option<(Position, &str)> {
        self.last.as_ref().map(|(position, reason)| (*position, reason.as_str()))
    }
}
