use serde::{Deserialize, Serialize};

use super::{One, To};

/// How the receivers of one output are.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FanoutStatus {
    pub(crate) output: String,
    /// `peers` or `subscribers`
    pub(crate) kind: String,
    pub(crate) receivers: u64,
    pub(crate) ring_bytes: u64,
    pub(crate) ring_bytes_max: u64,
    /// Lines that went to all.
    pub(crate) published: u64,
    /// Lines that left whole, each counted for each receiver.
    pub(crate) sent: u64,
    /// Lines that receivers missed, counted in the same way.
    pub(crate) skipped: u64,
    /// Receivers that were closed because they did not take their lines in time.
    pub(crate) closed: u64,
    /// Subscribers that were refused because there were too many.
    pub(crate) refused: u64,
}

impl FanoutStatus {
    pub(super) fn of(one: &One) -> Self {
        let net::FanoutStatus { receivers, ring_bytes, ring_bytes_max, published, sent, skipped, closed } =
            one.fanout.status();
        let (kind, refused) = match &one.to {
            To::Peers(_) => ("peers", 0),
            To::Subscribers { source, .. } => ("subscribers", source.counters.refused()),
        };
        Self {
            output: one.output.clone(),
            kind: kind.to_owned(),
            receivers,
            ring_bytes,
            ring_bytes_max,
            published,
            sent,
            skipped,
            closed,
            refused,
        }
    }
}
