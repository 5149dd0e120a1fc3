use std::io;
use std::time::Duration;

use super::EventLoop;
use super::fan_out::Seat;
use crate::driver::{Driver, Ready};
use crate::peer::Peer;
use crate::slab::Key;
use crate::source::Role;
use crate::status::{PeerState, PeerStatus};
use crate::timers::Timer;

/// A peer that has closed gets so long to read its last ACKs.
const CLOSING: Duration = Duration::from_secs(10);

/// A socket and the peer at its other end.
pub(super) struct Connection<S> {
    pub(super) socket: S,
    pub(super) peer: Peer,
    pub(super) origin: Origin,
    pub(super) stage: Stage,
    /// It is in the queue to be served.
    pub(super) queued: bool,
    /// It is in the list of those to whom something is to be written.
    pub(super) replying: bool,
    /// Its socket takes no more; it is named when it does.
    pub(super) full: bool,
    /// Where it has its turns, if it gets the lines of a fan-out.
    pub(super) seat: Option<Seat>,
    /// The other end sends no more: a short read does not mean that everything was read.
    pub(super) hangup: bool,
    /// Nothing can be written to it any more.
    pub(super) broken: bool,
    /// When something was last read.
    pub(super) active: Duration,
    /// Why it ends.
    pub(super) end: Option<Box<str>>,
}

/// Who made the connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Dialled(Key),
    Accepted,
}

/// How far along it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Dialled, not answered yet.
    Connecting,
    /// Lines may come.
    Open,
    /// To be closed from our side, once the unfinished line has been dealt with.
    Leaving,
    /// No more is read; the last lines are on their way to disk, the last ACKs to the peer.
    Ended,
}

impl<S> Connection<S> {
    pub(super) fn new(socket: S, peer: Peer, origin: Origin, now: Duration) -> Self {
        Self {
            socket,
            peer,
            origin,
            stage: Stage::Connecting,
            queued: false,
            replying: false,
            full: false,
            seat: None,
            hangup: false,
            broken: false,
            active: now,
            end: None,
        }
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.origin == Origin::Accepted
    }

    pub(super) fn state(&self) -> PeerState {
        match self.stage {
            Stage::Connecting => PeerState::Connecting,
            Stage::Open => PeerState::Connected,
            Stage::Leaving | Stage::Ended => PeerState::Closing,
        }
    }

    pub(super) fn status(&self) -> PeerStatus {
        PeerStatus {
            source: self.peer.source.name.clone(),
            peer: self.peer.name.clone(),
            state: self.state(),
            lines: self.peer.lines,
            bytes: self.peer.bytes,
            unacked: self.peer.unacked(),
            reconnects: 0,
            last_error: None,
        }
    }
}

impl<D: Driver> EventLoop<D> {
    /// The socket of this peer has news.
    pub(super) fn peer_ready(&mut self, key: Key, event: Ready) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        connection.hangup |= event.hangup;
        if connection.stage == Stage::Connecting {
            return self.answered(key);
        }
        let was_full = event.writable && std::mem::take(&mut connection.full);
        if event.writable && connection.peer.reply(None).is_some() && !connection.replying {
            connection.replying = true;
            self.to_reply.push(key);
        }
        if (event.readable || event.hangup) && connection.stage == Stage::Open && !connection.queued {
            connection.queued = true;
            self.to_serve.push_back(key);
        }
        if was_full {
            self.visit_again(key);
        }
    }

    /// The connection stands: lines may come.
    pub(super) fn opened(&mut self, key: Key, now: Duration) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        connection.stage = Stage::Open;
        connection.active = now;
        // What came before the socket was watched makes no edge.
        connection.queued = true;
        self.to_serve.push_back(key);
        if let Some(idle) = connection.peer.source.idle_timeout {
            self.timers.set(now + idle, Timer::Peer(key));
        }
        if connection.peer.source.role == Role::Peers {
            self.parts.counters.connected.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        self.join(key);
    }

    /// A peer was silent for its idle timeout, or has not read its last ACKs in time.
    pub(super) fn peer_timer(&mut self, key: Key, now: Duration) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        match (connection.stage, connection.peer.source.idle_timeout) {
            (Stage::Ended, _) => self.close(key, "the peer did not read its last ACKs"),
            (Stage::Open, Some(idle)) if connection.active + idle > now || connection.queued => {
                // While we do not read it cannot be told from silence.
                let at = (connection.active + idle).max(now + Duration::from_millis(100));
                self.timers.set(at, Timer::Peer(key));
            }
            (Stage::Open, Some(idle)) => self.leave(key, &format!("nothing came for {idle:?}")),
            _ => {}
        }
    }

    /// We close this connection: after what was read is durable, and its ACKs have left.
    pub(super) fn leave(&mut self, key: Key, reason: &str) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        match connection.stage {
            Stage::Connecting => self.close(key, reason),
            Stage::Open => {
                connection.stage = Stage::Leaving;
                connection.peer.part();
                connection.end = Some(reason.into());
                if !connection.queued {
                    connection.queued = true;
                    self.to_serve.push_back(key);
                }
            }
            Stage::Leaving | Stage::Ended => {}
        }
    }

    /// Nothing more will be read. Closes now, or when the last lines are durable and acked.
    pub(super) fn ended(&mut self, key: Key, reason: &str) {
        let Some(connection) = self.peers.get_mut(key) else { return };
        connection.stage = Stage::Ended;
        connection.peer.part();
        connection.end.get_or_insert_with(|| reason.into());
        if connection.broken || !connection.peer.is_owed() {
            return self.close(key, reason);
        }
        let deadline = self.parts.driver.monotonic() + CLOSING;
        self.timers.set(deadline, Timer::Peer(key));
        // A line that was begun may have room for its rest by now.
        self.reply(key);
    }

    /// Closes the socket. What was not acked, the peer still owns.
    pub(super) fn close(&mut self, key: Key, reason: &str) {
        let Some(connection) = self.peers.remove(key) else { return };
        let Connection { peer, origin, stage, end, seat, .. } = connection;
        if let Some(seat) = seat {
            self.quit(seat, &peer);
        }
        self.unacked -= peer.unacked();
        let reason = end.as_deref().unwrap_or(reason);
        if stage != Stage::Connecting {
            if peer.source.role == Role::Peers {
                self.parts.counters.connected.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
            }
            tracing::debug!(
                source = &*peer.source.name,
                peer = &*peer.name,
                lines = peer.lines,
                reason,
                "peer closed"
            );
        }
        match origin {
            Origin::Accepted => peer.source.counters.leave(),
            Origin::Dialled(target) => self.lost(target, &peer, reason),
        }
    }
}

/// What an I/O error means, in the words of the operating system without its number.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}
