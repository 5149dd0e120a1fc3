use std::sync::Arc;
use std::time::Duration;

use record::{Position, clock};
use search::Query;

use super::event::{Event, Matches};
use super::hub::Hub;
use super::ring::Block;

/// Looks at a tail from the moment it is made.
///
/// Owns its place, and one block while the caller looks at it. Who does not call [`Subscription::next`] for long is told how much
/// was skipped. It stops when it is dropped.
#[derive(Debug)]
pub struct Subscription {
    hub: Arc<Hub>,
    query: Query,
    /// The number of the next record.
    next: u64,
    position: Position,
}

enum Found {
    Block(Block),
    Skipped { to: u64 },
    Closed,
}

impl Subscription {
    pub(super) fn new(hub: &Arc<Hub>, query: Query) -> Self {
        let (next, position) = hub.enter();
        Self { hub: Arc::clone(hub), query, next, position }
    }

    /// What comes next that matches, waiting for it for at most `timeout`.
    pub fn next(&mut self, timeout: Duration) -> Event {
        let deadline = clock::monotonic().saturating_add(timeout);
        loop {
            match self.find(deadline) {
                None => return Event::Quiet,
                Some(Found::Closed) => return Event::Closed,
                Some(Found::Skipped { to }) => {
                    let skipped = to - self.next;
                    self.next = to;
                    return Event::Skipped(skipped);
                }
                Some(Found::Block(block)) => {
                    let first = (self.next - block.first) as usize;
                    (self.next, self.position) = (block.end(), block.last);
                    if let Some(matches) = Matches::find(&block.batch, first, &self.query) {
                        return Event::Records(matches);
                    }
                }
            }
        }
    }

    /// Every record up to here was looked at, apart from those skipped. To go on from here later, see
    /// [`crate::Tail::subscribe_from`].
    pub fn position(&self) -> Position {
        // A pipeline that has nothing to give goes on all the same.
        self.hub.end_behind(self.next).unwrap_or(self.position)
    }

    fn find(&self, deadline: Duration) -> Option<Found> {
        self.hub.wait_for(deadline, |board| {
            let first = board.ring.first();
            if self.next < first {
                return Some(Found::Skipped { to: first });
            }
            let block = board.ring.by_number(self.next).cloned().map(Found::Block);
            block.or_else(|| board.closed.then_some(Found::Closed))
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave();
    }
}
