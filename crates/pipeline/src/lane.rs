use record::{Batch, Position};

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
}

impl Lane {
    pub(crate) fn new(output: Box<dyn Output>, route: Route, start: Position) -> Self {
        let mut lane = Self { output, route, start, reached: start };
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
        if self.route == Route::ALL {
            self.output.write(records, upto)?;
        } else {
            let (output, route) = (&mut self.output, self.route);
            records.only(|record| route.takes(record), |records| output.write(records, upto))?;
        }
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
