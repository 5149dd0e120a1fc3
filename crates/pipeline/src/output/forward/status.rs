use std::sync::Arc;

use super::Shared;

/// Tells how a [`super::ForwardOutput`] is doing, from any thread.
#[derive(Clone, Debug)]
pub struct ForwardWatch {
    name: Arc<str>,
    shared: Arc<Shared>,
}

/// How an output that sends records on is doing, and what it has done since its start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardStatus {
    /// Its name.
    pub name: String,
    /// Where it sends to.
    pub target: String,
    /// It has a connection.
    pub connected: bool,
    /// How often a connection was made again.
    pub reconnects: u64,
    /// Lines that were sent, each time they were.
    pub sent: u64,
    /// Lines that were acked, or sent where nothing is acked.
    pub acked: u64,
    /// Lines that are not.
    pub unacked: u64,
    /// The memory that those take, in bytes.
    pub window_bytes: u64,
    /// What they may take.
    pub window_bytes_max: u64,
    /// Attempts to connect that failed, and connections that broke.
    pub failures: u64,
    /// Why the last one did, also when all is well again.
    pub last_error: Option<String>,
}

impl ForwardWatch {
    pub(super) fn new(name: &str, shared: &Arc<Shared>) -> Self {
        Self { name: name.into(), shared: Arc::clone(shared) }
    }

    /// How it is now.
    pub fn status(&self) -> ForwardStatus {
        let state = self.shared.lock();
        ForwardStatus {
            name: self.name.to_string(),
            target: self.shared.target.clone(),
            connected: state.connected,
            reconnects: state.connects.saturating_sub(1),
            sent: state.sent,
            acked: state.window.done(),
            unacked: state.window.lines() as u64,
            window_bytes: state.window.size() as u64,
            window_bytes_max: state.window_bytes as u64,
            failures: state.failures,
            last_error: state.last_error.clone(),
        }
    }
}
