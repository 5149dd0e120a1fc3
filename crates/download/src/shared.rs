use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::checkpoint::Validator;
use crate::flight::Flight;

/// What the thread that gives text and the one that reads ACKs have in common, and whoever looks on.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Something was acked, or the collector is gone.
    changed: Condvar,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) flight: Flight,
    /// Everything was given.
    pub(crate) complete: bool,
    /// No ACK comes any more.
    pub(crate) closed: bool,
    /// Which text it is, and whether it is packed.
    pub(crate) validator: Validator,
    pub(crate) packed: bool,
    /// Bytes as they are sent: those that came, and how many there are in all, if that is known.
    pub(crate) received: u64,
    pub(crate) total: Option<u64>,
    /// What went wrong last, until something comes again.
    pub(crate) trouble: Option<String>,
}

/// How far an input is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that came, as they were sent.
    pub received: u64,
    /// How many there are, if that is known.
    pub total: Option<u64>,
    /// Lines that the collector has acked in this run.
    pub lines: u64,
    /// What went wrong last, while nothing comes.
    pub trouble: Option<String>,
}

impl Shared {
    pub(crate) fn new(offset: u64) -> Arc<Self> {
        let state = State {
            flight: Flight::at(offset),
            complete: false,
            closed: false,
            validator: Validator::default(),
            packed: false,
            received: 0,
            total: None,
            trouble: None,
        };
        Arc::new(Self { state: Mutex::new(state), changed: Condvar::new() })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, and lets others see it.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.lock());
        self.changed.notify_all();
        changed
    }

    /// Waits until `enough` holds. False when the collector is gone before.
    pub(crate) fn wait(&self, mut enough: impl FnMut(&State) -> bool) -> bool {
        let waiting = |state: &mut State| !enough(state) && !state.closed;
        let state = self.changed.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner);
        !state.closed
    }

    /// Lets time pass. False when the collector is gone before.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), time, |state| !state.closed);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    pub(crate) fn progress(&self) -> Progress {
        let state = self.lock();
        Progress {
            received: state.received,
            total: state.total,
            lines: state.flight.lines_acked(),
            trouble: state.trouble.clone(),
        }
    }
}
