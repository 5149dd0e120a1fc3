use std::sync::Arc;

use record::{Batch, Position};

use super::TAIL;
use super::copy::copy;
use super::hub::Hub;
use crate::output::{Output, OutputError};

/// A block is at most this part of the ring, so that little goes at once.
const BLOCKS: usize = 16;

/// Puts a pipeline's records into its tail. It keeps nothing durably, and so needs nothing to be given again; without a
/// subscriber it does nothing. Dropping it closes the tail.
#[derive(Debug)]
pub struct TailOutput {
    hub: Arc<Hub>,
    reached: Position,
}

impl TailOutput {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, reached: Position(0) }
    }

    /// Records that came in before are passed over: the pipeline may read again for another output.
    fn put(&self, records: &Batch) {
        let mut block = Batch::new();
        for record in records.iter().filter(|record| record.position() > self.reached) {
            // The records of one line stay together: who goes on behind its position has them all.
            let full = block.bytes() >= self.hub.bytes_max / (2 * BLOCKS);
            if full && block.last_position() != Some(record.position()) {
                self.hub.push(std::mem::take(&mut block));
            }
            copy(record, &mut block);
        }
        if !block.is_empty() {
            self.hub.push(block);
        }
    }
}

impl Output for TailOutput {
    fn name(&self) -> &str {
        TAIL
    }

    fn resume_from(&self) -> Position {
        Position(0)
    }

    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        if upto > self.reached {
            if self.hub.is_watched(upto) {
                self.put(records);
                self.hub.reach(upto);
            }
            self.reached = upto;
        }
        Ok(())
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        Ok(self.reached)
    }
}

impl Drop for TailOutput {
    fn drop(&mut self) {
        self.hub.close();
    }
}
