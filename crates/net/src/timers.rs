use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::slab::Key;

/// Deadlines of one event loop. Bounded by one for each target and one for each peer with an idle timeout or on
/// its way out: whoever sets a deadline keeps it until it comes, and then looks whether it still means anything.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Duration, Timer)>>,
}

/// Whose deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// A peer was silent for long, or takes long to leave.
    Peer(Key),
    /// A target's attempt has taken too long, or its wait is over. The number is that of the phase it was set in.
    Target(Key, u32),
    /// Accepting is tried again after it failed for want of descriptors.
    Accept(Key),
}

impl Timer {
    fn order(self) -> u32 {
        match self {
            Self::Peer(key) | Self::Target(key, _) | Self::Accept(key) => key.index,
        }
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl Timers {
    pub(crate) fn set(&mut self, at: Duration, timer: Timer) {
        self.heap.push(Reverse((at, timer)));
    }

    /// The next deadline that has come, if any.
    pub(crate) fn due(&mut self, now: Duration) -> Option<Timer> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, timer))| timer)
    }

    /// How long until the next one.
    pub(crate) fn next_in(&self, now: Duration) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| at.saturating_sub(now))
    }
}
