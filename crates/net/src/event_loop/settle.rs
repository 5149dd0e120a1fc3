use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::EventLoop;
use super::connection::{Stage, reason};
use crate::driver::Driver;
use crate::fanout::{Behind, Fanout};
use crate::slab::Key;

/// While there is always more to read, a batch that is not full gathers for so many times `hold_back`: lines are
/// waiting for longer than that in the sockets then.
const GATHERED_PERIODS: u32 = 16;

/// Who has so much to get gets the rest in another turn.
const VISIT_BYTES: usize = 64 << 10;

impl<D: Driver> EventLoop<D> {
    /// Takes back what the journal has made durable, and sends the ACKs: one write for each peer, however many
    /// batches came back.
    pub(super) fn settle(&mut self) {
        while let Some(batch) = self.parts.inlet.take_durable() {
            let mut runs = self.submitted.pop_front().unwrap_or_default();
            for run in &runs {
                let Some(connection) = self.peers.get_mut(run.peer) else { continue };
                connection.peer.durable(*run, batch.seq(), batch.address());
                if !connection.replying {
                    connection.replying = true;
                    self.to_reply.push(run.peer);
                }
                if connection.peer.source.ack.is_none() {
                    self.unacked -= u64::from(run.lines);
                }
            }
            runs.clear();
            self.spare_runs.push(runs);
            self.durable_to = self.durable_to.max(batch.address() + batch.bytes() as u64);
            self.parts.inlet.recycle(batch);
            self.blocked = false;
        }
        let mut peers = std::mem::take(&mut self.to_reply);
        for key in peers.drain(..) {
            self.reply(key);
        }
        self.to_reply = peers;
    }

    /// Writes what the peer is owed, as far as its socket takes it: ACKs, and lines of others up to [`VISIT_BYTES`].
    pub(super) fn reply(&mut self, key: Key) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        connection.replying = false;
        let fanout = connection.seat.map(|seat| &self.feeds[seat.feed].fanout);
        let view = fanout.map(Fanout::look);
        let (mut left, mut missed) = (VISIT_BYTES, 0);
        while !connection.broken && left > 0 {
            if let (Some(view), Some(receiver)) = (&view, &mut connection.peer.receiver) {
                missed += view.catch_up(receiver);
            }
            if missed > 0 && fanout.is_some_and(|fanout| fanout.behind() == Behind::Close) {
                break;
            }
            let Some(bytes) = connection.peer.reply(view.as_ref()) else { break };
            match self.parts.driver.write(&mut connection.socket, bytes) {
                Ok(0) => break,
                Ok(taken) => {
                    connection.full = false;
                    let replied = connection.peer.replied(taken, view.as_ref());
                    self.unacked -= replied.acked;
                    self.parts.counters.acked.fetch_add(replied.acked, Ordering::Relaxed);
                    if let Some(fanout) = fanout {
                        fanout.count_sent(replied.lines);
                        left = left.saturating_sub(taken);
                    }
                }
                // The socket is named again when it takes more.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    connection.full = true;
                    break;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    connection.broken = true;
                    connection.end.get_or_insert_with(|| reason(&error).into());
                }
            }
        }
        drop(view);
        let mut behind = false;
        if let Some(fanout) = fanout.filter(|_| missed > 0) {
            fanout.count_skipped(missed);
            behind = fanout.behind() == Behind::Close && connection.stage == Stage::Open;
            if behind {
                fanout.count_closed();
            }
        }
        let done = connection.broken || !connection.peer.is_owed();
        match connection.stage {
            // What the peer sent before it went may still wait to be read. The read finds the end.
            Stage::Open if connection.broken && !connection.queued => {
                connection.queued = true;
                connection.hangup = true;
                self.to_serve.push_back(key);
            }
            Stage::Ended if done => self.close(key, "closed"),
            Stage::Open if behind => self.leave(key, "it did not take its lines in time"),
            _ if left == 0 => self.visit_again(key),
            _ => {}
        }
    }

    /// Gives the open batch to the journal, if it is the journal's turn: while it commits one of this loop's
    /// batches, the next one gathers more, and so it does while more is there to be read at once. A commit costs an
    /// ACK's write for each peer that has lines in it.
    pub(super) fn hand_over(&mut self, now: Duration) {
        let gathers = !self.to_serve.is_empty()
            && now.saturating_sub(self.opened) < self.parts.hold_back * GATHERED_PERIODS;
        if self.submitted.is_empty() && !(gathers && self.stop_at.is_none()) {
            self.submit();
        }
    }

    pub(super) fn submit(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.batch.is_empty() {
            self.parts.inlet.recycle(open.batch);
            self.spare_runs.push(open.runs);
            return;
        }
        self.submitted.push_back(open.runs);
        self.parts.inlet.submit(open.batch);
    }
}
