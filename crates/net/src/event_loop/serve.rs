use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use record::Micros;

use super::EventLoop;
use super::connection::{Connection, Stage, reason};
use crate::driver::Driver;
use crate::peer::{OpenBatch, Peer};
use crate::slab::Key;
use crate::source::Role;

/// A peer's turn is at most so many bytes, or one chunk if that is more.
const TURN_BYTES: usize = 16 * 1024;

/// After so many turns the loop looks for durable batches and for other sockets.
const TURNS: usize = 64;

/// How a peer's turn ended.
enum Outcome {
    /// There may be more: it goes to the end of the queue.
    More,
    /// Everything was read for now.
    Drained,
    /// The stream has ended, or we end it.
    Ended(String),
}

impl<D: Driver> EventLoop<D> {
    /// Gives a turn to peers that have something to read. Returns to how many.
    pub(super) fn serve(&mut self, now: Duration) -> usize {
        let wall = self.parts.driver.wall();
        let mut served = 0;
        while served < TURNS {
            let Some(key) = self.to_serve.pop_front() else { break };
            let Some(connection) = self.peers.get_mut(key) else { continue };
            if connection.peer.source.role == Role::Subscribers {
                let outcome = discard(&mut self.parts.driver, connection);
                connection.queued = matches!(outcome, Outcome::More);
                self.served(key, outcome);
                served += 1;
                continue;
            }
            let room = Peer::room(&connection.peer.source, &connection.peer.name);
            let Some(mut open) = self.open_batch(room) else {
                // All batches are with the journal. Whoever is next stays next.
                self.to_serve.push_front(key);
                break;
            };
            let outcome = self.serve_one(key, &mut open, now, wall);
            self.open = Some(open);
            self.served(key, outcome);
            served += 1;
        }
        served
    }

    fn served(&mut self, key: Key, outcome: Outcome) {
        match outcome {
            Outcome::More => self.to_serve.push_back(key),
            Outcome::Drained => {}
            Outcome::Ended(reason) => self.ended(key, &reason),
        }
    }

    fn serve_one(&mut self, key: Key, open: &mut OpenBatch, now: Duration, wall: Micros) -> Outcome {
        let Some(connection) = self.peers.get_mut(key) else { return Outcome::Drained };
        let (lines, bytes) = (connection.peer.lines, connection.peer.bytes);
        let outcome = match connection.stage {
            Stage::Open => read(&mut self.parts.driver, connection, open, wall),
            Stage::Leaving => {
                // An unfinished line is still the peer's if it waits for ACKs: it will send it again.
                if connection.peer.source.ack.is_none() {
                    connection.peer.end(open, wall);
                }
                Outcome::Ended("closed".to_owned())
            }
            Stage::Connecting | Stage::Ended => Outcome::Drained,
        };
        connection.queued = matches!(outcome, Outcome::More);
        let (lines, bytes) = (connection.peer.lines - lines, connection.peer.bytes - bytes);
        if bytes > 0 {
            connection.active = now;
            self.unacked += lines;
            self.parts.counters.lines.fetch_add(lines, Ordering::Relaxed);
            self.parts.counters.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        outcome
    }

    /// The batch to read into, with at least `room` bytes left in it.
    pub(super) fn open_batch(&mut self, room: usize) -> Option<OpenBatch> {
        if self.open.as_ref().is_some_and(|open| open.batch.room() < room) {
            self.submit();
        }
        if self.open.is_none() {
            let batch = self.parts.inlet.start();
            self.blocked = batch.is_none();
            self.opened = self.round_began;
            self.open = Some(OpenBatch { batch: batch?, runs: self.spare_runs.pop().unwrap_or_default() });
        }
        self.open.take()
    }
}

/// Reads what a subscriber sends, for the end of the stream only.
fn discard<D: Driver>(driver: &mut D, connection: &mut Connection<D::Socket>) -> Outcome {
    match connection.stage {
        Stage::Open => {}
        Stage::Leaving => return Outcome::Ended("closed".to_owned()),
        Stage::Connecting | Stage::Ended => return Outcome::Drained,
    }
    let mut nowhere = [0; 1024];
    for _ in 0..TURN_BYTES / nowhere.len() {
        match driver.read(&mut connection.socket, &mut nowhere) {
            Ok(0) => return Outcome::Ended("closed by the subscriber".to_owned()),
            Ok(bytes) if bytes < nowhere.len() && !connection.hangup => return Outcome::Drained,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::Drained,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Outcome::Ended(reason(&error)),
        }
    }
    Outcome::More
}

/// Reads until there is less than asked for, the turn is over, or the batch is full.
fn read<D: Driver>(
    driver: &mut D,
    connection: &mut Connection<D::Socket>,
    open: &mut OpenBatch,
    wall: Micros,
) -> Outcome {
    let chunk = connection.peer.source.chunk_bytes;
    let room = Peer::room_to_read(&connection.peer.source, &connection.peer.name);
    let peer = &mut connection.peer;
    peer.begin(&mut open.batch, wall);
    let mut left = (TURN_BYTES / chunk).max(1);
    let outcome = loop {
        if left == 0 || open.batch.room() < room {
            break Outcome::More;
        }
        left -= 1;
        match driver.read(&mut connection.socket, open.batch.space(chunk)) {
            Ok(0) => break Outcome::Ended("closed by the peer".to_owned()),
            Ok(bytes) => {
                peer.received(open, bytes, wall);
                if bytes < chunk && !connection.hangup {
                    break Outcome::Drained;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break Outcome::Drained,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Outcome::Ended(reason(&error)),
        }
    };
    peer.pause(open);
    if let Outcome::Ended(_) = outcome {
        peer.end(open, wall);
    }
    outcome
}
