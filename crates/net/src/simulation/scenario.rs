//! What a seed decides before anything happens.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use journal::{AtCap, FRAME_HEADER_BYTES};
use wire::AckText;

use super::collector::Setup;
use super::peer::Manners;
use crate::driver::sim::SimOptions;
use crate::peer::Peer;
use crate::{DialOptions, Role, Source, SourceCounters};

/// A network with small and large queues, on which little or much time passes by itself.
pub(super) fn network(random: &mut Rng) -> SimOptions {
    SimOptions {
        seed: random.u64(..),
        buffer_bytes: random.usize(8..2000),
        rough: random.bool(),
        wait_max: Duration::from_millis(random.u64(1..20)),
    }
}

pub(super) fn source(random: &mut Rng, name: &str, chunk_bytes: usize) -> Arc<Source> {
    Arc::new(Source {
        name: name.into(),
        chunk_bytes,
        line_bytes_max: (chunk_bytes * [1, 2, 5, 20][random.usize(..4)]) as u32,
        ack: Some(ack()),
        idle_timeout: (random.u32(..4) == 0).then_some(Duration::from_secs(5)),
        keepalive: None,
        peers_max: if random.u32(..4) == 0 { 3 } else { 1000 },
        dial: DialOptions {
            connect_timeout: Duration::from_secs(3),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
            once: false,
        },
        role: Role::Peers,
        fanout: None,
        counters: SourceCounters::default(),
    })
}

pub(super) fn ack() -> AckText {
    AckText::new(b"ACK\n")
}

/// Small batches and segments, so that everything that happens at their ends happens often.
pub(super) fn setup(random: &mut Rng, source: &Source, seed: u64) -> Setup {
    let batch_bytes = Peer::room(source, "255.255.255.255:65535") * random.usize(1..8) + FRAME_HEADER_BYTES;
    let segment_bytes = (batch_bytes * random.usize(2..8)).next_multiple_of(512).max(1024) as u64;
    Setup {
        loops: random.usize(1..=2),
        journal: journal::Options {
            segment_bytes,
            bytes_max: 1 << 30,
            at_cap: AtCap::Block,
            keep_bytes: 0,
            batch_bytes,
            batches: random.usize(2..5),
        },
        hold_back: Duration::from_millis(random.u64(..3)),
        open_row_span: segment_bytes * random.u64(1..6),
        seed,
    }
}

pub(super) fn manners(random: &mut Rng) -> Manners {
    let mut rare = |most: u32| if random.bool() { random.u32(..most) } else { 0 };
    let (resets, closes, half_closes) = (rare(30), rare(30), rare(30));
    Manners {
        window: [1, 3, 20, 1000][random.usize(..4)],
        write_max: [1, 20, 300, 3000][random.usize(..4)],
        reads: [0, 50, 300, 600][random.usize(..4)],
        resets,
        closes,
        half_closes,
    }
}
