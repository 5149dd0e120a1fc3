//! One target that is dialled: a state machine without I/O. It decides what to do next; the event loop does it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use record::{Micros, backoff};

use crate::Source;
use crate::slab::Key;

/// A connection that lasted so long, or brought a line, makes the next failure the first one again. A server
/// that accepts and closes at once is not dialled in a tight loop.
const STABLE: Duration = Duration::from_secs(10);

/// What it owns: where the target is, and how the attempts to reach it went. What bounds it: one attempt at a
/// time, one address at a time. It ends when its target leaves the configuration. When an attempt fails, it waits for
/// a [`backoff`].
pub(crate) struct Target {
    pub(crate) source: Arc<Source>,
    /// As the configuration writes it.
    pub(crate) name: Arc<str>,
    pub(crate) host: Box<str>,
    pub(crate) port: u16,
    pub(crate) phase: Phase,
    /// Grows with every change of phase: a timer or an answer from an earlier one means nothing any more.
    pub(crate) phase_number: u32,
    pub(crate) last_error: Option<Box<str>>,
    /// How often a connection was made.
    pub(crate) connects: u64,
    /// Lines, bytes and acked lines of the connections that have ended.
    pub(crate) past: Totals,
    failures: u32,
}

/// Sums over connections.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
}

/// Where a target stands.
pub(crate) enum Phase {
    /// It waits for its turn to be dialled.
    Queued,
    /// Its name is being resolved.
    Resolving,
    /// An address was dialled; these are left to try.
    Connecting { peer: Key, rest: VecDeque<SocketAddr> },
    /// The peer is there.
    Connected { peer: Key, since: Duration },
    /// The next attempt is made at this time of day.
    BackingOff { wall: Micros },
    /// It was to be dialled until it had closed once, and has.
    Done,
}

impl Target {
    pub(crate) fn new(source: Arc<Source>, name: Arc<str>, host: &str, port: u16) -> Self {
        Self {
            source,
            name,
            host: host.into(),
            port,
            phase: Phase::Queued,
            phase_number: 0,
            last_error: None,
            connects: 0,
            past: Totals::default(),
            failures: 0,
        }
    }

    /// Moves on. Returns the number of the new phase.
    pub(crate) fn enter(&mut self, phase: Phase) -> u32 {
        self.phase = phase;
        self.phase_number = self.phase_number.wrapping_add(1);
        self.phase_number
    }

    /// The socket is connected.
    pub(crate) fn connected(&mut self, peer: Key, now: Duration) {
        self.connects += 1;
        self.last_error = None;
        self.enter(Phase::Connected { peer, since: now });
    }

    /// The attempt or the connection has ended. Returns when to try again, for [`Phase::BackingOff`].
    pub(crate) fn failed(
        &mut self,
        error: &str,
        lines: u64,
        now: Duration,
        wall: Micros,
        random: u64,
    ) -> Duration {
        let lasted =
            matches!(self.phase, Phase::Connected { since, .. } if lines > 0 || now - since >= STABLE);
        if lasted {
            self.failures = 0;
        }
        let wait = backoff(self.failures, self.source.dial.backoff_min, self.source.dial.backoff_max, random);
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(error.into());
        let until = now + wait;
        let wall = Micros(wall.0 + u64::try_from(wait.as_micros()).unwrap_or(u64::MAX));
        self.enter(Phase::BackingOff { wall });
        until
    }
}
