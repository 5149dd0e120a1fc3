use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::EventLoop;
use super::connection::{Connection, Origin, reason};
use crate::Source;
use crate::command::Resolved;
use crate::driver::Driver;
use crate::peer::Peer;
use crate::slab::Key;
use crate::status::{PeerState, PeerStatus};
use crate::target::{Phase, Target};
use crate::timers::Timer;

/// Targets dialled in one turn. There is no bound on how many are under way at once: the dead ones would take all
/// places and make the living wait.
const DIALS: usize = 64;

impl<D: Driver> EventLoop<D> {
    /// A target that is dialled from now on.
    pub(super) fn add_target(&mut self, source: Arc<Source>, name: Arc<str>, host: &str, port: u16) {
        let place = (Arc::clone(&source.name), Arc::clone(&name));
        if self.target_keys.contains_key(&place) {
            return;
        }
        let key = self.targets.insert(Target::new(source, name, host, port));
        self.target_keys.insert(place, key);
        self.to_dial.push_back(key);
    }

    /// A target that is dialled no more; its connection is closed.
    pub(super) fn remove_target(&mut self, source: Arc<str>, name: Arc<str>) {
        let Some(key) = self.target_keys.remove(&(source, name)) else { return };
        let Some(target) = self.targets.remove(key) else { return };
        if let Phase::Connecting { peer, .. } | Phase::Connected { peer, .. } = target.phase {
            self.leave(peer, "the target was removed");
        }
    }

    /// Dials some of the targets whose turn it is.
    pub(super) fn dial(&mut self, now: Duration) {
        for _ in 0..DIALS {
            let Some(key) = self.to_dial.pop_front() else { return };
            let Some(target) = self.targets.get_mut(key) else { continue };
            let port = target.port;
            if let Ok(address) = target.host.parse::<IpAddr>() {
                self.connect(key, VecDeque::from([SocketAddr::new(address, port)]), now);
                continue;
            }
            // The name is resolved anew for every attempt: its address may have changed.
            let host = target.host.clone();
            let phase = target.enter(Phase::Resolving);
            let deliver = Arc::clone(&self.parts.deliver);
            let answer = Box::new(move |addresses| deliver(Resolved { target: key, phase, addresses }));
            self.parts.resolver.resolve(&host, port, answer);
        }
    }

    /// The addresses of a target are known, or not to be had.
    pub(super) fn resolved(&mut self, answer: Resolved, now: Duration) {
        let Some(target) = self.targets.get_mut(answer.target) else { return };
        if target.phase_number != answer.phase {
            return;
        }
        match answer.addresses {
            Ok(addresses) => self.connect(answer.target, addresses.into(), now),
            Err(error) => {
                let error = format!("cannot resolve `{}`: {}", target.host, reason(&error));
                self.attempt_failed(answer.target, &error, now);
            }
        }
    }

    /// Tries the addresses one after the other.
    fn connect(&mut self, key: Key, mut addresses: VecDeque<SocketAddr>, now: Duration) {
        let mut last_error = "the name has no address".to_owned();
        while let Some(address) = addresses.pop_front() {
            let Some(target) = self.targets.get_mut(key) else { return };
            let (source, name) = (Arc::clone(&target.source), Arc::clone(&target.name));
            let peer = self.peers.next_key();
            match self.parts.driver.connect(address, source.keepalive, peer.index as usize) {
                Ok(socket) => {
                    let deadline = now + source.dial.connect_timeout;
                    let phase = target.enter(Phase::Connecting { peer, rest: addresses });
                    self.timers.set(deadline, Timer::Target(key, phase));
                    let state = Peer::new(source, name, self.next_conn(), peer);
                    self.peers.insert(Connection::new(socket, state, Origin::Dialled(key), now));
                    return;
                }
                Err(error) => last_error = format!("cannot connect to {address}: {}", reason(&error)),
            }
        }
        self.attempt_failed(key, &last_error, now);
    }

    /// A dialled socket has news: it is connected, or it cannot be.
    pub(super) fn answered(&mut self, peer: Key) {
        let now = self.parts.driver.monotonic();
        let Some(connection) = self.peers.get_mut(peer) else { return };
        let Origin::Dialled(key) = connection.origin else { return };
        match self.parts.driver.connected(&mut connection.socket) {
            Ok(false) => {}
            Ok(true) => {
                let Some(target) = self.targets.get_mut(key) else { return };
                target.connected(peer, now);
                tracing::info!(source = &*target.source.name, peer = &*target.name, "connected");
                self.opened(peer, now);
            }
            Err(error) => self.next_address(key, peer, &reason(&error), now),
        }
    }

    /// An attempt has taken too long, or a wait is over.
    pub(super) fn target_timer(&mut self, key: Key, phase: u32, now: Duration) {
        let Some(target) = self.targets.get_mut(key).filter(|target| target.phase_number == phase) else {
            return;
        };
        match target.phase {
            Phase::Connecting { peer, .. } => {
                let timeout = target.source.dial.connect_timeout;
                self.next_address(key, peer, &format!("no answer within {timeout:?}"), now);
            }
            Phase::BackingOff { .. } => {
                target.enter(Phase::Queued);
                self.to_dial.push_back(key);
            }
            Phase::Queued | Phase::Resolving | Phase::Connected { .. } | Phase::Done => {}
        }
    }

    /// One address did not answer as it should. Tries the target's next one.
    fn next_address(&mut self, key: Key, peer: Key, error: &str, now: Duration) {
        self.peers.remove(peer);
        let Some(target) = self.targets.get_mut(key) else { return };
        let Phase::Connecting { rest, .. } = &mut target.phase else { return };
        let rest = std::mem::take(rest);
        if rest.is_empty() {
            self.attempt_failed(key, &format!("cannot connect: {error}"), now);
        } else {
            self.connect(key, rest, now);
        }
    }

    fn attempt_failed(&mut self, key: Key, error: &str, now: Duration) {
        self.parts.counters.connect_failures.fetch_add(1, Ordering::Relaxed);
        self.back_off(key, error, 0, now);
    }

    /// A dialled connection has ended.
    pub(super) fn lost(&mut self, key: Key, peer: &Peer, reason: &str) {
        let now = self.parts.driver.monotonic();
        if let Some(target) = self.targets.get_mut(key) {
            target.past.lines += peer.lines;
            target.past.bytes += peer.bytes;
            if target.source.dial.once {
                target.last_error = Some(reason.into());
                target.enter(Phase::Done);
                self.parts.counters.targets_done.fetch_add(1, Ordering::Relaxed);
                return;
            }
            self.back_off(key, reason, peer.lines, now);
        }
    }

    fn back_off(&mut self, key: Key, error: &str, lines: u64, now: Duration) {
        let (wall, random) = (self.parts.driver.wall(), self.parts.random.u64(..));
        let Some(target) = self.targets.get_mut(key) else { return };
        let first = target.last_error.as_deref() != Some(error);
        let until = target.failed(error, lines, now, wall, random);
        let wait = until.saturating_sub(now);
        // The same failure again is no news: it shows in the target's state.
        if first {
            tracing::warn!(
                source = &*target.source.name,
                peer = &*target.name,
                error,
                ?wait,
                "not connected"
            );
        }
        let phase = target.phase_number;
        self.timers.set(until, Timer::Target(key, phase));
    }

    pub(super) fn target_status(&self, target: &Target) -> PeerStatus {
        let peer = match target.phase {
            Phase::Connected { peer, .. } => self.peers.get(peer),
            _ => None,
        };
        let state = match (&target.phase, peer) {
            (Phase::BackingOff { wall, .. }, _) => PeerState::BackingOff { until: *wall },
            (Phase::Done, _) => PeerState::Done,
            (_, Some(connection)) => connection.state(),
            _ => PeerState::Connecting,
        };
        let live = peer.map(Connection::status);
        PeerStatus {
            source: Arc::clone(&target.source.name),
            peer: Arc::clone(&target.name),
            state,
            lines: target.past.lines + live.as_ref().map_or(0, |live| live.lines),
            bytes: target.past.bytes + live.as_ref().map_or(0, |live| live.bytes),
            unacked: live.as_ref().map_or(0, |live| live.unacked),
            reconnects: target.connects.saturating_sub(1),
            last_error: target.last_error.clone(),
        }
    }
}
