use record::{Batch, Position};

use crate::output::{Output, OutputError};

/// An output, and how far it is.
pub(crate) struct Lane {
    output: Box<dyn Output>,
    /// Where it begins when it has nothing of its own: at the checkpoint.
    start: Position,
    /// It was given everything up to here.
    reached: Position,
}

impl Lane {
    pub(crate) fn new(output: Box<dyn Output>, start: Position) -> Self {
        let mut lane = Self { output, start, reached: start };
        lane.rewind();
        lane
    }

    pub(crate) fn name(&self) -> &str {
        self.output.name()
    }

    pub(crate) fn reached(&self) -> Position {
        self.reached
    }

    /// Goes back, or ahead, to where the output says it is.
    pub(crate) fn rewind(&mut self) {
        self.reached = match self.output.resume_from() {
            Position(0) => self.start,
            own => own,
        };
    }

    /// True when the batch has records that it was given before.
    pub(crate) fn has_some_of(&self, batch: &Batch) -> bool {
        !batch.is_empty() && batch.get(0).position() <= self.reached
    }

    /// Gives it records that it was not given before, and so everything up to `upto`.
    pub(crate) fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        self.output.write(records, upto)?;
        self.reached = upto;
        Ok(())
    }

    pub(crate) fn durable(&mut self) -> Result<Position, OutputError> {
        self.output.durable()
    }

    pub(crate) fn flush(&mut self) -> Result<(), OutputError> {
        self.output.flush()
    }
}
