//! Every queue of the collector: what is in it, what it may hold, how long its oldest has waited.

use record::clock;
use web::Queue;

use super::{Parts, Status};
use crate::config::Config;
use crate::outputs::TAIL_BYTES;

/// What queues may hold, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    journal: u64,
    store_memory: u64,
}

impl Limits {
    pub(crate) fn of(config: &Config) -> Self {
        Self { journal: config.journal.bytes_max, store_memory: 2 * config.store.memtable_bytes as u64 }
    }
}

pub(super) fn queues(parts: &Parts, status: &Status) -> Vec<Queue> {
    let queue = |name: &str, label: &str, depth, limit, unit: &str| Queue {
        name: name.to_owned(),
        label: label.to_owned(),
        depth,
        limit,
        unit: unit.to_owned(),
        oldest_seconds: None,
    };
    let (ages, limits, durable) = (&parts.ages.durable, parts.limits, status.journal.durable);
    let (totals, disk_bytes) = (&status.totals, status.journal.disk_bytes);
    let acks = queue("acks", "lines that wait for their ACK", totals.unacked, None, "lines");
    // ACKs leave in the order of the lines, so those that wait are about the last that came.
    let unacked_since = parts.ages.received.of(totals.lines.saturating_sub(totals.unacked), totals.lines);
    let (waiting, batches) = parts.journal.waiting();
    let commits = queue(
        "journal_commits",
        "batches that wait for their sync",
        waiting as u64,
        Some(batches as u64),
        "batches",
    );
    // What any pipeline has not read keeps the journal.
    let behind = status.pipelines.iter().filter(|pipeline| pipeline.behind_bytes > 0);
    let unread_since =
        behind.filter_map(|pipeline| ages.of(pipeline.position, durable)).max_by(f64::total_cmp);
    let journal = queue("journal", "the journal on disk", disk_bytes, Some(limits.journal), "bytes");
    let mut all = vec![
        Queue { oldest_seconds: unacked_since, ..acks },
        Queue { oldest_seconds: unacked_since.filter(|_| waiting > 0), ..commits },
        Queue { oldest_seconds: unread_since, ..journal },
    ];
    for pipeline in &status.pipelines {
        let (name, label) =
            (format!("pipeline:{}", pipeline.name), format!("the journal before pipeline {}", pipeline.name));
        let oldest_seconds = ages.of(pipeline.position, durable).filter(|_| pipeline.behind_bytes > 0);
        let waiting = queue(&name, &label, pipeline.behind_bytes, Some(limits.journal), "bytes");
        all.push(Queue { oldest_seconds, ..waiting });
    }
    for forward in &status.forwards {
        let (name, label) =
            (format!("forward:{}", forward.output), format!("what {} has not acked", forward.target));
        all.push(queue(&name, &label, forward.window_bytes, Some(forward.window_bytes_max), "bytes"));
    }
    let (store, limit) = (&status.store, Some(limits.store_memory));
    let in_memory =
        queue("store_memory", "records that are in no part yet", store.memory_bytes, limit, "bytes");
    let in_store = parts.store.0.status();
    let first = in_store.checkpoints.values().map(|position| position.0).min();
    let oldest_seconds =
        first.filter(|_| store.memory_rows > 0).and_then(|position| ages.of(position, durable));
    all.push(Queue { oldest_seconds, ..in_memory });
    if let Some(remote) = &store.remote {
        let label = "parts that are not on object storage yet";
        let since = in_store.remote.and_then(|remote| remote.waiting_since);
        let oldest_seconds = since.map(|since| clock::monotonic().saturating_sub(since).as_secs_f64());
        let upload = queue("store_upload", label, remote.waiting_bytes, None, "bytes");
        all.push(Queue { oldest_seconds, ..upload });
    }
    let tail = parts.pipelines.tail_bytes();
    all.push(queue("tail", "the newest records, for who follows", tail, Some(TAIL_BYTES as u64), "bytes"));
    all
}
