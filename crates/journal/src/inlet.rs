use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::Batch;
use crate::format::NO_ADDRESS;
use crate::queue::{Port, Queue};

/// Where one event loop puts what it read.
///
/// Owns its batches, a fixed number of fixed size; that is the only bound, and no call waits. When the journal
/// has failed or stalled, batches do not come back and [`Inlet::start`] has none: the loop then stops reading. Dropping
/// it is how it stops; what was submitted is still committed.
pub struct Inlet {
    queue: Arc<Queue>,
    port: Arc<Port>,
    lane: usize,
    empty: Vec<Batch>,
    /// Numbers of the batches that are with the writer.
    away: VecDeque<u64>,
    next_seq: u64,
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").field("lane", &self.lane).field("away", &self.away).finish_non_exhaustive()
    }
}

impl Inlet {
    pub(crate) fn new(queue: Arc<Queue>, port: Arc<Port>, lane: usize, empty: Vec<Batch>) -> Self {
        let away = VecDeque::with_capacity(empty.len());
        Self { queue, port, lane, empty, away, next_seq: 0 }
    }

    /// An empty batch, or `None` when all are with the writer: then it is time to stop reading.
    ///
    /// One batch at a time: submit or recycle it before the next is started.
    pub fn start(&mut self) -> Option<Batch> {
        let mut batch = self.empty.pop()?;
        batch.reset(self.next_seq);
        batch.links_from = self.port.floor();
        batch.unknown_from = self.away.front().copied().unwrap_or(self.next_seq);
        self.next_seq += 1;
        Some(batch)
    }

    /// Hands a batch to the writer. Never waits.
    pub fn submit(&mut self, batch: Batch) {
        self.away.push_back(batch.seq());
        self.queue.submit(self.lane, batch);
    }

    /// True when no inlet of this journal has a batch queued or being committed. One atomic load.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }

    /// The next batch that became durable, in the order of submission. One atomic load when there is none.
    #[inline]
    pub fn take_durable(&mut self) -> Option<Batch> {
        if !self.port.has_ready() {
            return None;
        }
        let batch = self.queue.take_done(self.lane)?;
        debug_assert_eq!(self.away.front(), Some(&batch.seq()));
        self.away.pop_front();
        Some(batch)
    }

    /// Gives a batch back for reuse: one from [`Inlet::take_durable`], or one that was started and is not wanted.
    pub fn recycle(&mut self, batch: Batch) {
        self.empty.push(batch);
    }

    /// Says which is the oldest entry that an unfinished line of this loop began in or goes on from, among the batches that came
    /// back; `None` when there is no such line. Segments from there on are kept. To be called whenever that changed, at the
    /// latest after the batches that came back were looked at, and before the next one is started.
    pub fn publish_open_floor(&self, address: Option<u64>) {
        self.port.set_floor(address.unwrap_or(NO_ADDRESS));
    }
}
