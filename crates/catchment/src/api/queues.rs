//! Every queue of the collector: what is in it, what it may hold, how long its oldest has waited.

use web::Queue;

use super::bridge::Bridge;
use crate::control::{Parts, Status};
use crate::outputs::TAIL_BYTES;

pub(super) fn queues(bridge: &Bridge, parts: &Parts, status: &Status) -> Vec<Queue> {
    let queue = |name: &str, label: &str, depth, limit, unit| Queue {
        name: name.to_owned(),
        label: label.to_owned(),
        depth,
        limit,
        unit,
        oldest_seconds: None,
    };
    let (ages, limits, durable) = (&bridge.ages, &bridge.limits, status.journal.durable);
    let mut all = vec![
        queue("acks", "lines that wait for their ACK", status.totals.unacked, None, "lines"),
        queue("journal", "the journal on disk", status.journal.disk_bytes, Some(limits.journal), "bytes"),
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
    let first = parts.store.0.status().checkpoints.values().map(|position| position.0).min();
    let oldest_seconds =
        first.filter(|_| store.memory_rows > 0).and_then(|position| ages.of(position, durable));
    all.push(Queue { oldest_seconds, ..in_memory });
    if let Some(remote) = &store.remote {
        let label = "parts that are not on object storage yet";
        all.push(queue("store_upload", label, remote.waiting_bytes, None, "bytes"));
    }
    let tail = parts.pipelines.tail_bytes();
    all.push(queue("tail", "the newest records, for who follows", tail, Some(TAIL_BYTES as u64), "bytes"));
    all
}
