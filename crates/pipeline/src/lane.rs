use record::{Batch, Position};

use crate::OutputStatus;
use crate::output::{Output, OutputError};
use crate::stage::Route;

/// An output, and how far it is.
pub(crate) struct Lane {
    output: Box<dyn Output>,
    /// Which records are for it.
    route: Route,
    /// Where it begins when it has nothing of its own: at the checkpoint.
    start: Position,
    /// It was given everything up to here.
    reached: Position,
    records: u64,
    failures: u64,
    retries: u64,
    /// Its last call failed, and the next one tries again.
    failing: bool,
}

impl Lane {
    pub(crate) fn new(output: Box<dyn Output>, route: Route, start: Position) -> Self {
        let mut lane = Self {
            output,
            route,
            start,
            reached: start,
            records: 0,
            failures: 0,
            retries: 0,
            failing: false,
        };
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

    /// Gives it those of the records, none of which it was given before, that are for it, and so everything up to `upto`.
    pub(crate) fn write(&mut self, records: &mut Batch, upto: Position) -> Result<(), OutputError> {
        self.retries += u64::from(std::mem::take(&mut self.failing));
        let count = if self.route == Route::ALL {
            self.output.write(records, upto)?;
            records.len()
        } else {
            let (output, route) = (&mut self.output, self.route);
            records.only(
                |record| route.takes(record),
                |records| output.write(records, upto).map(|()| records.len()),
            )?
        };
        self.records += count as u64;
        self.reached = upto;
        Ok(())
    }

    /// It has failed, and is to be tried again.
    pub(crate) fn failed(&mut self) {
        self.failures += 1;
        self.failing = true;
    }

    pub(crate) fn status(&self) -> OutputStatus {
        OutputStatus {
            output: self.name().to_owned(),
            position: self.reached,
            records: self.records,
            failures: self.failures,
            retries: self.retries,
            behind_bytes: 0,
        }
    }

    pub(crate) fn durable(&mut self) -> Result<Position, OutputError> {
        self.output.durable()
    }

    pub(crate) fn flush(&mut self) -> Result<(), OutputError> {
        self.output.flush()
    }
}
