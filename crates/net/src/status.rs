use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use record::Micros;

/// How the peers of one event loop are.
#[derive(Debug, Default)]
pub struct LoopStatus {
    /// Every target, connected or not, and every accepted peer.
    pub peers: Vec<PeerStatus>,
}

/// How one peer is.
#[derive(Clone, Debug)]
pub struct PeerStatus {
    /// Its source.
    pub source: Arc<str>,
    /// The target as written, or the remote address.
    pub peer: Arc<str>,
    /// Where it stands.
    pub state: PeerState,
    /// Lines that came in whole, over all its connections.
    pub lines: u64,
    /// Bytes read, over all its connections.
    pub bytes: u64,
    /// Lines of this connection whose ACK has not left.
    pub unacked: u64,
    /// How often the connection was made again.
    pub reconnects: u64,
    /// Why the last attempt or connection ended, until the next one stands.
    pub last_error: Option<Box<str>>,
}

/// Where a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// It waits for its turn, its name is being resolved, or an address was dialled.
    Connecting,
    /// Lines may come.
    Connected,
    /// The next attempt is made at this time.
    BackingOff {
        /// UTC.
        until: Micros,
    },
    /// It has closed or is to be closed; its last lines are on their way to disk and its last ACKs to it.
    Closing,
    /// It has closed, and is not to be dialled again.
    Done,
}

impl PeerState {
    /// The state in one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::BackingOff { .. } => "backing_off",
            Self::Closing => "closing",
            Self::Done => "done",
        }
    }
}

/// Counts of one event loop since the program started, to be read at any time.
#[derive(Debug, Default)]
pub(crate) struct LoopCounters {
    /// Connections open now.
    pub(crate) connected: AtomicU64,
    /// Lines that came in whole.
    pub(crate) lines: AtomicU64,
    /// Bytes read.
    pub(crate) bytes: AtomicU64,
    /// Lines acked.
    pub(crate) acked: AtomicU64,
    /// Lines in the journal's hands or waiting for their ACK to leave.
    pub(crate) unacked: AtomicU64,
    /// Attempts to connect that failed.
    pub(crate) connect_failures: AtomicU64,
    /// Targets that have closed and are not dialled again.
    pub(crate) targets_done: AtomicU64,
    /// How often accepting had to wait for file descriptors.
    pub(crate) descriptor_waits: AtomicU64,
    /// Connections closed because the kernel would not watch them.
    pub(crate) watch_failures: AtomicU64,
}

/// Sums over all loops since the program started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections open now.
    pub connected: u64,
    /// Lines that came in whole.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Lines acked.
    pub acked: u64,
    /// Lines in the journal's hands or waiting for their ACK to leave.
    pub unacked: u64,
    /// Attempts to connect that failed.
    pub connect_failures: u64,
    /// Targets that have closed and are not dialled again.
    pub targets_done: u64,
    /// How often accepting had to wait for file descriptors.
    pub descriptor_waits: u64,
    /// Connections closed because the kernel would not watch them.
    pub watch_failures: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, counters: &LoopCounters) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        self.connected += read(&counters.connected);
        self.lines += read(&counters.lines);
        self.bytes += read(&counters.bytes);
        self.acked += read(&counters.acked);
        self.unacked += read(&counters.unacked);
        self.connect_failures += read(&counters.connect_failures);
        self.targets_done += read(&counters.targets_done);
        self.descriptor_waits += read(&counters.descriptor_waits);
        self.watch_failures += read(&counters.watch_failures);
    }
}
