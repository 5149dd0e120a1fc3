//! Records as they come, for whoever looks.
//!
//! A pipeline's [`TailOutput`] puts its records into a ring, while there is a subscriber. Each subscriber looks through the ring
//! at its own pace, in its own thread, and applies its own query. Who falls behind what the ring keeps is told how much was
//! skipped, or, with a [`TailReader`], goes on in the journal.

mod copy;
mod event;
mod hub;
mod output;
mod reader;
mod ring;
mod subscription;

use std::sync::Arc;

use journal::Handle;
use record::Position;
use search::Query;

pub use event::{Event, Matches};
use hub::Hub;
pub use output::TailOutput;
pub use reader::{SubscribeError, TailReader};
pub use subscription::Subscription;

use crate::{Options, Spec};

/// The tail of one pipeline. Clones are the same.
///
/// What it owns: a ring of recent records. What bounds it: the ring's bytes; of records that no longer fit, subscribers may hold
/// one block each. It is closed when its [`TailOutput`] is dropped or by [`Tail::close`]; it cannot fail, and holds up nobody.
#[derive(Clone, Debug)]
pub struct Tail(Arc<Hub>);

/// What an output is called that leads here.
pub(crate) const TAIL: &str = "tail";

/// How a tail is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TailStatus {
    /// Who looks.
    pub subscribers: usize,
    /// Records that came while somebody looked.
    pub records: u64,
    /// Records in the ring.
    pub kept: u64,
    /// The memory they are taken to use, in bytes.
    pub bytes: usize,
}

impl Tail {
    /// A tail that keeps records of up to `bytes` of memory.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Hub::new(bytes)))
    }

    /// What the pipeline writes to. One per tail: its records come in the order of positions.
    pub fn output(&self) -> TailOutput {
        TailOutput::new(Arc::clone(&self.0))
    }

    /// Subscribes to what comes from now on.
    pub fn subscribe(&self, query: Query) -> Subscription {
        Subscription::new(&self.0, query)
    }

    /// Subscribes to what comes behind `after`, without a gap: what the ring does not have is read from the journal and goes
    /// through the stages of `spec`, which must be the pipeline's. What they remember of earlier lines (`dedupe`, `rate_limit`) begins
    /// with the first one that is read.
    ///
    /// # Errors
    /// When a stage cannot be, or the journal cannot be read.
    pub fn subscribe_from(
        &self,
        after: Position,
        query: Query,
        journal: &Handle,
        spec: Spec,
        options: Options,
    ) -> Result<TailReader, SubscribeError> {
        TailReader::new(&self.0, after, query, journal, spec, options)
    }

    /// How it is doing.
    pub fn status(&self) -> TailStatus {
        self.0.status()
    }

    /// Tells all subscribers that nothing more comes.
    pub fn close(&self) {
        self.0.close();
    }
}
