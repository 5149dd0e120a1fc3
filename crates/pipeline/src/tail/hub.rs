use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::{Batch, Position, clock};

use super::TailStatus;
use super::ring::Ring;

/// Where a pipeline puts blocks and subscribers take them. The lock is held to put or take one block, never to copy a record or
/// to match one.
#[derive(Debug)]
pub(super) struct Hub {
    board: Mutex<Board>,
    changed: Condvar,
    pub(super) bytes_max: usize,
}

#[derive(Debug)]
pub(super) struct Board {
    pub(super) ring: Ring,
    pub(super) closed: bool,
    subscribers: usize,
}

impl Hub {
    pub(super) fn new(bytes_max: usize) -> Self {
        let board = Board { ring: Ring::new(bytes_max), closed: false, subscribers: 0 };
        Self { board: Mutex::new(board), changed: Condvar::new(), bytes_max }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` finds something on the board, or `deadline` is over.
    pub(super) fn wait_for<T>(
        &self,
        deadline: Duration,
        mut ready: impl FnMut(&Board) -> Option<T>,
    ) -> Option<T> {
        let mut board = self.lock();
        loop {
            if let Some(found) = ready(&board) {
                return Some(found);
            }
            let left = deadline.saturating_sub(clock::monotonic());
            if left.is_zero() {
                return None;
            }
            board = self.changed.wait_timeout(board, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// True when somebody looks. Otherwise nothing is kept, and everything up to `upto` is forgotten.
    pub(super) fn is_watched(&self, upto: Position) -> bool {
        let mut board = self.lock();
        if board.subscribers == 0 {
            board.ring.empty();
            board.ring.reach(upto);
            board.ring.empty();
        }
        board.subscribers > 0
    }

    pub(super) fn push(&self, batch: Batch) {
        self.lock().ring.push(batch);
        self.changed.notify_all();
    }

    pub(super) fn reach(&self, upto: Position) {
        self.lock().ring.reach(upto);
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Up to where everything came, for who has taken every record before the one of this number: none if there are more.
    pub(super) fn end_behind(&self, number: u64) -> Option<Position> {
        let board = self.lock();
        (board.ring.next() == number).then(|| board.ring.end())
    }

    /// Counts a subscriber in. Returns the number of the next record, and up to where everything came.
    pub(super) fn enter(&self) -> (u64, Position) {
        let mut board = self.lock();
        board.subscribers += 1;
        (board.ring.next(), board.ring.end())
    }

    /// Counts a subscriber out.
    pub(super) fn leave(&self) {
        let mut board = self.lock();
        board.subscribers -= 1;
        if board.subscribers == 0 {
            board.ring.empty();
        }
    }

    pub(super) fn status(&self) -> TailStatus {
        let board = self.lock();
        let ring = &board.ring;
        TailStatus {
            subscribers: board.subscribers,
            records: ring.next(),
            kept: ring.next() - ring.first(),
            bytes: ring.bytes(),
        }
    }
}
