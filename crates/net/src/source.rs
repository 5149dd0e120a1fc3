use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use wire::AckText;

use crate::Fanout;

/// What all peers of one configured source have in common. Shared by the event loops.
#[derive(Debug)]
pub struct Source {
    /// Its name in the configuration.
    pub name: Arc<str>,
    /// A read takes at most this many bytes, and a peer holds at most so many of an unfinished line. 16 to 65,536.
    pub chunk_bytes: usize,
    /// A line is cut into rows of at most this many bytes.
    pub line_bytes_max: u32,
    /// What is sent for each durable line, if anything.
    pub ack: Option<AckText>,
    /// A peer that sends nothing for so long is closed.
    pub idle_timeout: Option<Duration>,
    /// After so long without traffic the kernel asks whether the other end is still there.
    pub keepalive: Option<Duration>,
    /// Connections accepted at once; the next is closed as soon as it is accepted.
    pub peers_max: usize,
    /// How dialling goes.
    pub dial: DialOptions,
    /// What its connections are for.
    pub role: Role,
    /// Lines that its connections get.
    pub fanout: Option<Fanout>,
    /// What happened so far.
    pub counters: SourceCounters,
}

/// What connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Their lines are collected.
    Peers,
    /// They get the lines of a fan-out. What they send is read and thrown away: only its end means something.
    Subscribers,
}

/// How a target is dialled.
#[derive(Clone, Copy, Debug, Default)]
pub struct DialOptions {
    /// How long one address may take to answer.
    pub connect_timeout: Duration,
    /// The first wait after a failure is random, up to this; it doubles with every further failure.
    pub backoff_min: Duration,
    /// No wait is longer.
    pub backoff_max: Duration,
    /// A target that was connected and has closed is not dialled again.
    pub once: bool,
}

/// Counts of one source since the program started.
#[derive(Debug, Default)]
pub struct SourceCounters {
    peers: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
}

impl SourceCounters {
    /// Accepted connections now open.
    pub fn peers(&self) -> usize {
        self.peers.load(Ordering::Relaxed)
    }

    /// Connections accepted and kept.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections closed at once, because there were `peers_max` already.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Takes a place for one more accepted connection, or counts a refusal.
    pub(crate) fn admit(&self, peers_max: usize) -> bool {
        let admitted = self
            .peers
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |peers| {
                (peers < peers_max).then_some(peers + 1)
            })
            .is_ok();
        let count = if admitted { &self.accepted } else { &self.refused };
        count.fetch_add(1, Ordering::Relaxed);
        admitted
    }

    pub(crate) fn leave(&self) {
        self.peers.fetch_sub(1, Ordering::Relaxed);
    }
}
