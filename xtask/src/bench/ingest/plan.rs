//! What is run, and for how long.

use std::fmt;
use std::time::Duration;

/// The paced rate over all connections, lines per second.
pub(crate) const PACED_RATE: u64 = 20_000;
/// The yardstick's commit holds at most so much. With less it makes more commits and sends more ACKs: this is its best.
pub(crate) const YARDSTICK_BATCH_BYTES: u32 = 4 << 20;
/// Lines that all connections together send before they fall idle: the same however many they are, so that what does not
/// belong to a connection, such as batches, counts the same. 20 for each of ten thousand.
pub(crate) const IDLE_LINES: u64 = 200_000;
/// Idle memory per connection is the difference between these two.
pub(crate) const IDLE_CONNECTIONS: [u32; 2] = [100, 10_000];
/// The fully loaded case that goals are set for, and the one with the stalled disk.
pub(crate) const MANY: u32 = 10_000;

const ALL: [u32; 5] = [1, 100, 1_000, 10_000, 19_000];
const QUICK: [u32; 2] = [100, 10_000];
const DIALLED: [u32; 2] = [100, 10_000];

/// Who makes the connections, from the collector's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The collector accepts: a `listen` source.
    Listen,
    /// The collector dials: a `connect` source.
    Connect,
}

/// One situation that both contestants are put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) role: Role,
    pub(crate) connections: u32,
}

/// How lines flow in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As fast as they are acked.
    Saturated,
    /// At [`PACED_RATE`].
    Paced,
}

/// The measured window and what goes before it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time {
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
}

/// Everything that one invocation runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) cases: Vec<Case>,
    pub(crate) rounds: u32,
    /// Bytes of one commit of the yardstick at most. Larger ones make it faster and the comparison harder.
    pub(crate) yardstick_batch_bytes: u32,
    /// Whether the run with the stalled disk is made, which needs a build of its own.
    pub(crate) stall: bool,
    quick: bool,
}

impl Plan {
    /// `connections`, `rounds` and the yardstick's `batch` bytes replace the default ones when given.
    pub(crate) fn new(quick: bool, connections: &[u32], rounds: Option<u32>, batch: Option<u32>) -> Self {
        let listened = match (connections, quick) {
            ([], false) => &ALL[..],
            ([], true) => &QUICK[..],
            (given, _) => given,
        };
        let listen = listened.iter().map(|&connections| Case { role: Role::Listen, connections });
        let dialled = DIALLED.iter().filter(|connections| listened.contains(connections)).take(if quick {
            1
        } else {
            2
        });
        let connect = dialled.map(|&connections| Case { role: Role::Connect, connections });
        Self {
            cases: listen.chain(connect).collect(),
            rounds: rounds.unwrap_or(if quick { 1 } else { 3 }),
            yardstick_batch_bytes: batch.unwrap_or(YARDSTICK_BATCH_BYTES),
            stall: !quick,
            quick,
        }
    }

    pub(crate) fn time(&self, kind: Kind) -> Time {
        let (warm_up, window) = match (kind, self.quick) {
            (Kind::Saturated, false) => (2, 5),
            (Kind::Paced, false) => (1, 3),
            (_, true) => (1, 2),
        };
        Time { warm_up: Duration::from_secs(warm_up), window: Duration::from_secs(window) }
    }
}

impl Case {
    /// Lines in flight per connection: 80 are what one turn of sixteen 1 KiB reads takes, and fewer connections need
    /// more each to keep the collector busy. What is in flight lies in the kernel's socket buffers.
    pub(crate) fn window(self) -> u64 {
        (80_000 / u64::from(self.connections)).clamp(80, 16_000)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.role, self.connections)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Role::Listen => "listen",
            Role::Connect => "connect",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Kind::Saturated => "saturated",
            Kind::Paced => "paced",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(plan: &Plan) -> Vec<String> {
        plan.cases.iter().map(Case::to_string).collect()
    }

    #[test]
    fn connect_cases_are_those_that_are_also_listened_to() {
        let full = [
            "listen 1",
            "listen 100",
            "listen 1000",
            "listen 10000",
            "listen 19000",
            "connect 100",
            "connect 10000",
        ];
        assert_eq!(names(&Plan::new(false, &[], None, None)), full);
        assert_eq!(names(&Plan::new(true, &[], None, None)), ["listen 100", "listen 10000", "connect 100"]);
        assert_eq!(
            names(&Plan::new(false, &[7, 10_000], None, None)),
            ["listen 7", "listen 10000", "connect 10000"]
        );
    }
}
