//! What the writer tells everybody else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::clock;

use crate::{State, Stats};

/// Owns the last word on the journal. Of fixed size; needs no stop; never fails. The writer takes the lock
/// once per commit.
#[derive(Debug)]
pub(crate) struct Status {
    durable: AtomicU64,
    board: Mutex<Board>,
    changed: Condvar,
}

#[derive(Debug)]
struct Board {
    state: State,
    stats: Stats,
    waiting: usize,
}

impl Status {
    pub(crate) fn new(durable: u64, stats: Stats) -> Self {
        let board = Board { state: State::Running, stats, waiting: 0 };
        Self { durable: AtomicU64::new(durable), board: Mutex::new(board), changed: Condvar::new() }
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    pub(crate) fn state(&self) -> State {
        self.lock().state.clone()
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock().stats
    }

    pub(crate) fn publish(&self, durable: u64, stats: Stats) {
        let mut board = self.lock();
        board.stats = stats;
        self.durable.store(durable, Ordering::Release);
        if board.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Returns true when this is news.
    pub(crate) fn set_state(&self, state: State) -> bool {
        let mut board = self.lock();
        let news = board.state != state;
        board.state = state;
        self.changed.notify_all();
        news
    }

    /// Waits until more than `beyond` is durable, the journal has failed, or `timeout` is over.
    pub(crate) fn wait_durable(&self, beyond: u64, timeout: Duration) -> u64 {
        let deadline = clock::monotonic().saturating_add(timeout);
        let mut board = self.lock();
        board.waiting += 1;
        while self.durable() <= beyond && !matches!(board.state, State::Failed { .. }) {
            let left = deadline.saturating_sub(clock::monotonic());
            if left.is_zero() {
                break;
            }
            board = self.changed.wait_timeout(board, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        board.waiting -= 1;
        self.durable()
    }

    fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
