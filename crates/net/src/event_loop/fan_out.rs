use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::EventLoop;
use crate::driver::Driver;
use crate::fanout::{Behind, Fanout};
use crate::peer::Peer;
use crate::slab::Key;
use crate::source::Role;

/// Receivers visited in one turn, for each fan-out: however many there are, reading goes on between them.
const VISITS: usize = 128;

/// A fan-out, and those of its receivers that this loop serves.
///
/// What it owns: the order of their turns. What bounds it: two keys for each receiver. It stays for as long as the loop does.
///
/// New lines begin a round: each receiver has one turn in it. Lines that come during a round make it longer by as many turns as were
/// made, so none waits for more than one round, and many lines leave with one write.
pub(super) struct Feed {
    pub(super) fanout: Fanout,
    news: Arc<AtomicBool>,
    receivers: Vec<Key>,
    /// Whose turn is next.
    next: usize,
    /// Turns until the round is over.
    left: usize,
    /// Receivers with a turn of their own: their sockets take bytes again, or took all of a long run.
    again: VecDeque<Key>,
    /// The last turn was one of those.
    was_again: bool,
}

/// Where a receiver is in its feed.
#[derive(Clone, Copy)]
pub(super) struct Seat {
    pub(super) feed: usize,
    index: usize,
    again: bool,
}

impl Feed {
    fn next_visit(&mut self) -> Option<Key> {
        // In turns: neither may keep the other waiting.
        let again = !self.again.is_empty() && (!self.was_again || self.left == 0);
        self.was_again = again;
        if again {
            return self.again.pop_front();
        }
        self.left = self.left.checked_sub(1)?;
        self.next = if self.next < self.receivers.len() { self.next } else { 0 };
        self.next += 1;
        self.receivers.get(self.next - 1).copied()
    }

    /// True when there is something to do that no socket and no new line would tell.
    pub(super) fn is_busy(&self) -> bool {
        self.left > 0 || !self.again.is_empty()
    }
}

impl<D: Driver> EventLoop<D> {
    /// Gives turns to receivers that may have something to get.
    pub(super) fn fan_out(&mut self) {
        for index in 0..self.feeds.len() {
            let feed = &mut self.feeds[index];
            if feed.news.swap(false, Ordering::AcqRel) && self.stop_at.is_none() {
                feed.left = feed.receivers.len();
            }
            for _ in 0..VISITS {
                let Some(key) = self.feeds[index].next_visit() else { break };
                self.visit(key);
            }
        }
    }

    fn visit(&mut self, key: Key) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        if let Some(seat) = &mut connection.seat {
            seat.again = false;
        }
        // One whose socket is full has its turn when that has changed, or when it is to be closed for it.
        if !connection.full || self.is_to_close(key) {
            self.reply(key);
        }
    }

    fn is_to_close(&self, key: Key) -> bool {
        let connection = self.peers.get(key);
        connection.is_some_and(|connection| match (&connection.peer.receiver, connection.seat) {
            (Some(receiver), Some(seat)) => {
                let fanout = &self.feeds[seat.feed].fanout;
                fanout.behind() == Behind::Close && fanout.look().is_behind(receiver)
            }
            _ => false,
        })
    }

    /// This receiver gets one more turn.
    pub(super) fn visit_again(&mut self, key: Key) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        if let Some(seat) = connection.seat.as_mut().filter(|seat| !seat.again) {
            seat.again = true;
            self.feeds[seat.feed].again.push_back(key);
        }
    }

    /// A connection that has opened gets the lines of its source's fan-out, if there is one.
    pub(super) fn join(&mut self, key: Key) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        let Some(fanout) = &connection.peer.source.fanout else { return };
        let feed = self.feeds.iter().position(|feed| feed.fanout.is(fanout)).unwrap_or_else(|| {
            self.feeds.push(Feed {
                fanout: fanout.clone(),
                news: fanout.connect(Arc::clone(&self.parts.wake)),
                receivers: Vec::new(),
                next: 0,
                left: 0,
                again: VecDeque::new(),
                was_again: false,
            });
            self.feeds.len() - 1
        });
        let own = (connection.peer.source.role == Role::Peers).then_some(&connection.peer.name);
        let receiver = fanout.join(own);
        let receivers = &mut self.feeds[feed].receivers;
        connection.seat = Some(Seat { feed, index: receivers.len(), again: false });
        connection.peer.receiver = Some(Box::new(receiver));
        receivers.push(key);
    }

    /// A connection that was at this seat is gone.
    pub(super) fn quit(&mut self, seat: Seat, peer: &Peer) {
        let feed = &mut self.feeds[seat.feed];
        feed.receivers.swap_remove(seat.index);
        if feed.left > 0 {
            // Whoever has moved to its place may not have had its turn.
            feed.left = feed.receivers.len();
        }
        if let Some(receiver) = &peer.receiver {
            feed.fanout.leave(receiver, &peer.name);
        }
        let moved = feed.receivers.get(seat.index).and_then(|&moved| self.peers.get_mut(moved));
        if let Some(seat_of_moved) = moved.and_then(|moved| moved.seat.as_mut()) {
            seat_of_moved.index = seat.index;
        }
    }
}
