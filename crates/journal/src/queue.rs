//! The queue between the event loops and the writer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Batch;
use crate::format::NO_ADDRESS;

/// What wakes an inlet's owner.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Owns the batches that are with neither an inlet nor the writer. Bounded: an inlet has a fixed number of
/// batches, and each is in one place. It never fails. The questions an event loop asks on every turn are
/// answered by atomics; the lock is held for a few moves only.
#[derive(Debug)]
pub(crate) struct Queue {
    lanes: Mutex<Vec<Lane>>,
    work: Condvar,
    /// Batches submitted and not yet handed back.
    busy: AtomicUsize,
    /// Batches that there are.
    batches: AtomicUsize,
    stop: AtomicBool,
    /// Something other than a batch is to be looked at: a cursor moved, or a floor.
    nudged: AtomicBool,
}

#[derive(Debug)]
struct Lane {
    submitted: VecDeque<Batch>,
    done: VecDeque<Batch>,
    port: Arc<Port>,
}

/// What an inlet and the writer know of each other without a lock.
pub(crate) struct Port {
    ready: AtomicUsize,
    /// Segments from this address on are kept for this inlet's unfinished lines.
    floor: AtomicU64,
    /// And from this one on for lines that end in batches that are not durable yet.
    pin: AtomicU64,
    wake: Wake,
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Port").field("ready", &self.ready).field("floor", &self.floor).finish_non_exhaustive()
    }
}

impl Port {
    /// True when a batch can be taken.
    #[inline]
    pub(crate) fn has_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire) != 0
    }

    pub(crate) fn floor(&self) -> u64 {
        self.floor.load(Ordering::Acquire)
    }

    pub(crate) fn set_floor(&self, floor: u64) {
        self.floor.store(floor, Ordering::Release);
    }

    pub(crate) fn set_pin(&self, pin: u64) {
        self.pin.store(pin, Ordering::Release);
    }

    fn needed_from(&self) -> u64 {
        self.floor().min(self.pin.load(Ordering::Acquire))
    }
}

impl Queue {
    pub(crate) fn new() -> Self {
        Self {
            lanes: Mutex::new(Vec::new()),
            work: Condvar::new(),
            busy: AtomicUsize::new(0),
            batches: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            nudged: AtomicBool::new(false),
        }
    }

    /// A further lane, for an inlet of `batches` batches.
    pub(crate) fn add_lane(&self, batches: usize, wake: Wake) -> (usize, Arc<Port>) {
        let port = Arc::new(Port {
            ready: AtomicUsize::new(0),
            floor: AtomicU64::new(NO_ADDRESS),
            pin: AtomicU64::new(NO_ADDRESS),
            wake,
        });
        self.batches.fetch_add(batches, Ordering::Relaxed);
        let mut lanes = self.lock();
        lanes.push(Lane {
            submitted: VecDeque::with_capacity(batches),
            done: VecDeque::with_capacity(batches),
            port: Arc::clone(&port),
        });
        (lanes.len() - 1, port)
    }

    pub(crate) fn submit(&self, lane: usize, batch: Batch) {
        self.busy.fetch_add(1, Ordering::AcqRel);
        self.lock()[lane].submitted.push_back(batch);
        self.work.notify_all();
    }

    /// The next batch that is durable. `taking` sees it while it still keeps its segment.
    pub(crate) fn take_done(&self, lane: usize, taking: impl FnOnce(&Batch)) -> Option<Batch> {
        let mut lanes = self.lock();
        let lane = &mut lanes[lane];
        let batch = lane.done.pop_front()?;
        taking(&batch);
        lane.port.ready.fetch_sub(1, Ordering::AcqRel);
        Some(batch)
    }

    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::Acquire) == 0
    }

    /// Batches that wait for their commit, and all that there are.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.busy.load(Ordering::Relaxed), self.batches.load(Ordering::Relaxed))
    }

    /// Moves every submitted batch to the end of `to`, each with its lane.
    pub(crate) fn take_submitted(&self, to: &mut VecDeque<(usize, Batch)>) {
        for (number, lane) in self.lock().iter_mut().enumerate() {
            to.extend(lane.submitted.drain(..).map(|batch| (number, batch)));
        }
    }

    /// Gives batches back to their inlets, in order. Their owners are not woken yet.
    pub(crate) fn hand_back(&self, batches: impl Iterator<Item = (usize, Batch)>) {
        let mut lanes = self.lock();
        for (number, batch) in batches {
            let lane = &mut lanes[number];
            lane.done.push_back(batch);
            lane.port.ready.fetch_add(1, Ordering::AcqRel);
            self.busy.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Wakes the owners of the inlets that have batches to take, or of all.
    pub(crate) fn wake(&self, all: bool) {
        let ports: Vec<_> = self.lock().iter().map(|lane| Arc::clone(&lane.port)).collect();
        // Without the lock: what an owner does when it is woken is its own.
        for port in ports.iter().filter(|port| all || port.has_ready()) {
            (port.wake)();
        }
    }

    /// The oldest address that a line of any inlet may still link to: one that is unfinished, or ends in a
    /// batch that is not durable.
    pub(crate) fn floor(&self) -> u64 {
        let lanes = self.lock();
        let not_taken = lanes.iter().filter_map(|lane| lane.done.front().map(Batch::address));
        lanes.iter().map(|lane| lane.port.needed_from()).chain(not_taken).min().unwrap_or(NO_ADDRESS)
    }

    /// Asks the writer to look at something that is not a batch.
    pub(crate) fn nudge(&self) {
        self.nudged.store(true, Ordering::Release);
        let _lanes = self.lock();
        self.work.notify_all();
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.nudge();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Waits for a batch, a nudge or a stop, at most `timeout`. Batches do not count while `stalled`: they
    /// could only wait behind those that do already.
    pub(crate) fn wait_for_work(&self, timeout: Option<Duration>, stalled: bool) {
        let waits = |lanes: &mut Vec<Lane>| {
            !self.is_stopping()
                && !self.nudged.load(Ordering::Acquire)
                && (stalled || lanes.iter().all(|lane| lane.submitted.is_empty()))
        };
        let lanes = self.lock();
        match timeout {
            Some(timeout) => drop(self.work.wait_timeout_while(lanes, timeout, waits)),
            None => drop(self.work.wait_while(lanes, waits)),
        }
        self.nudged.store(false, Ordering::Release);
    }

    /// A panic elsewhere does not make the queue wrong: every change under the lock is complete in itself.
    fn lock(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
