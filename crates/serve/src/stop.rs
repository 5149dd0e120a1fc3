//! How a run is told to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells [`crate::Server::run`] to end, from any thread or from a signal handler. Clones are the same flag; once
/// set it stays set.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to end. It does within 100 ms, unless a disk keeps it waiting.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether the run was asked to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl From<Arc<AtomicBool>> for StopFlag {
    /// Shares a flag that something else sets, such as a registered signal.
    fn from(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }
}
