//! What was done so far, for a status line, and in the end.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Live counts of a run, readable from any thread. Each is right by itself; together they are a moment apart.
#[derive(Debug, Default)]
pub struct Stats {
    pub(crate) sent: AtomicU64,
    pub(crate) acked: AtomicU64,
    pub(crate) resent: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) unacked: AtomicU64,
    collector: Mutex<Option<SocketAddr>>,
}

impl Stats {
    /// Lines sent, each time they were.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Lines acked.
    pub fn acked(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }

    /// Lines sent that had been sent before over a connection that broke.
    pub fn resent(&self) -> u64 {
        self.resent.load(Ordering::Relaxed)
    }

    /// Connections refused because a collector was being served.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Lines in flight to the present collector.
    pub fn unacked(&self) -> u64 {
        self.unacked.load(Ordering::Relaxed)
    }

    /// The collector that is being served.
    pub fn collector(&self) -> Option<SocketAddr> {
        *self.collector.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All counts as they are now.
    pub fn summary(&self) -> Summary {
        Summary { sent: self.sent(), acked: self.acked(), resent: self.resent(), refused: self.refused() }
    }

    pub(crate) fn set_collector(&self, collector: Option<SocketAddr>) {
        *self.collector.lock().unwrap_or_else(PoisonError::into_inner) = collector;
    }
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines sent, each time they were.
    pub sent: u64,
    /// Lines acked.
    pub acked: u64,
    /// Lines sent that had been sent before over a connection that broke.
    pub resent: u64,
    /// Connections refused because a collector was being served.
    pub refused: u64,
}
