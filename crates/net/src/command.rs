use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use crate::Source;
use crate::slab::Key;
use crate::status::LoopStatus;

/// What an event loop is told from outside. The queue is bounded in number; each command is small.
pub(crate) enum Command<S, L> {
    /// Dial this target from now on.
    Dial { source: Arc<Source>, name: Arc<str>, host: Box<str>, port: u16 },
    /// Close this target's connection and dial it no more.
    Forget { source: Arc<str>, name: Arc<str> },
    /// Accept what connects here.
    Listen { source: Arc<Source>, listener: L },
    /// Accept nothing more for this source, and close what was accepted.
    Unlisten { source: Arc<str> },
    /// A connection that another loop accepted.
    Adopt { source: Arc<Source>, socket: S, name: String },
    /// What the resolver found for a target.
    Resolved(Resolved),
    /// Say how every peer is.
    Status(SyncSender<LoopStatus>),
    /// Stop: no more reading, the last lines to disk, the last ACKs, in at most this time.
    Stop(Duration),
}

/// The answer to one question to the resolver.
pub(crate) struct Resolved {
    pub(crate) target: Key,
    pub(crate) phase: u32,
    pub(crate) addresses: io::Result<Vec<SocketAddr>>,
}
