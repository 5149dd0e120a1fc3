//! One target that is dialled: a state machine without I/O. It decides what to do next; the event loop does it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use record::Micros;

use crate::Source;
use crate::slab::Key;

/// A connection that lasted so long, or brought a line, makes the next failure the first one again. A server
/// that accepts and closes at once is not dialled in a tight loop.
const STABLE: Duration = Duration::from_secs(10);

/// What it owns: where the target is, and how the attempts to reach it went. What bounds it: one attempt at a
/// time, one address at a time. It ends when its target leaves the configuration. When an attempt fails, it waits: exponential
/// backoff with full jitter (Marc Brooker, "Exponential Backoff And Jitter", AWS, 2015).
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

/// A random time up to `min` doubled for each failure, and up to `max`.
fn backoff(failures: u32, min: Duration, max: Duration, random: u64) -> Duration {
    let ceiling = min.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(max);
    let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(if nanos == 0 { 0 } else { random % nanos })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::backoff;

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_is_random_below() {
        let (min, max) = (Duration::from_millis(500), Duration::from_secs(60));
        let longest = |failures| backoff(failures, min, max, u64::MAX - 1 - u64::MAX % 7);
        for failures in 0..100 {
            assert!(longest(failures) <= max);
            assert!(backoff(failures, min, max, 12_345) <= Duration::from_nanos(12_345));
        }
        assert!(backoff(0, min, max, u64::MAX) < min);
        assert!((0..1000).map(|n| backoff(3, min, max, n * 7_919_777)).max() > Some(Duration::from_secs(2)));
        assert_eq!(backoff(5, Duration::ZERO, max, 9), Duration::ZERO);
    }
}
