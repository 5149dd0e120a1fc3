use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use crate::Batch;
use crate::format::NO_ADDRESS;
use crate::queue::{Port, Queue};

/// Where one event loop puts what it read.
///
/// Owns its batches, a fixed number of fixed size; that is the only bound, and no call waits. When the
/// journal has failed or stalled, batches do not come back and [`Inlet::start`] has none: the loop then stops
/// reading. Dropping it is how it stops; what was submitted is still committed.
pub struct Inlet {
    queue: Arc<Queue>,
    port: Arc<Port>,
    lane: usize,
    empty: Vec<Batch>,
    /// The batches that are with the writer, in order.
    away: VecDeque<Away>,
    /// The one that is being filled.
    current: Option<Away>,
    next_seq: u64,
}

/// A batch that is not durable yet.
#[derive(Clone, Copy, Debug)]
struct Away {
    seq: u64,
    /// No row in it has a piece below this address, except in batches that were away when it was started.
    needs_from: u64,
}

impl fmt::Debug for Inlet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").field("lane", &self.lane).field("away", &self.away).finish_non_exhaustive()
    }
}

impl Inlet {
    pub(crate) fn new(queue: Arc<Queue>, port: Arc<Port>, lane: usize, empty: Vec<Batch>) -> Self {
        let away = VecDeque::with_capacity(empty.len());
        Self { queue, port, lane, empty, away, current: None, next_seq: 0 }
    }

    /// An empty batch, or `None` when all are with the writer: then it is time to stop reading.
    ///
    /// One batch at a time: submit or recycle it before the next is started.
    pub fn start(&mut self) -> Option<Batch> {
        debug_assert!(self.current.is_none(), "one batch at a time");
        let mut batch = self.empty.pop()?;
        batch.reset(self.next_seq);
        batch.links_from = self.port.floor();
        batch.unknown_from = self.away.front().map_or(self.next_seq, |away| away.seq);
        self.current = Some(Away { seq: self.next_seq, needs_from: batch.links_from });
        self.next_seq += 1;
        self.pin();
        Some(batch)
    }

    /// Hands a batch to the writer. Never waits.
    pub fn submit(&mut self, batch: Batch) {
        self.away.extend(self.current.take());
        debug_assert_eq!(self.away.back().map(|away| away.seq), Some(batch.seq()), "the batch started last");
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
        let (port, away, current) = (&self.port, &mut self.away, &mut self.current);
        let batch = self.queue.take_done(self.lane, |batch| {
            if batch.leaves_open() {
                // What it leaves open may end in any batch on its way, or be unfinished, which is not
                // published yet.
                let others = away.iter_mut().chain(current);
                others.for_each(|other| other.needs_from = other.needs_from.min(batch.address()));
                port.set_floor(port.floor().min(batch.address()));
            }
        })?;
        let first = self.away.pop_front();
        debug_assert_eq!(first.map(|first| first.seq), Some(batch.seq()));
        self.pin();
        Some(batch)
    }

    /// Gives a batch back for reuse: one from [`Inlet::take_durable`], or one that was started and is not
    /// wanted.
    pub fn recycle(&mut self, batch: Batch) {
        self.current = self.current.filter(|current| current.seq != batch.seq());
        self.empty.push(batch);
    }

    /// Says which is the oldest entry that an unfinished line of this loop began in or goes on from, among
    /// the batches that came back; `None` when there is no such line. Segments from there on are kept. To be
    /// called whenever that changed, at the latest after the batches that came back were looked at, and
    /// before the next one is started.
    pub fn publish_open_floor(&self, address: Option<u64>) {
        self.port.set_floor(address.unwrap_or(NO_ADDRESS));
    }

    /// Keeps what the batches on their way need.
    fn pin(&self) {
        let needs = self.away.iter().chain(&self.current).map(|away| away.needs_from);
        self.port.set_pin(needs.min().unwrap_or(NO_ADDRESS));
    }
}
