//! Everything that can be counted, for Prometheus.

use std::collections::BTreeMap;

use web::{Metrics, Queue};

use crate::control::{ForwardStatus, Parts, PipelineStatus, ServiceStatus, Status};

pub(super) fn add(metrics: &mut Metrics, parts: &Parts, status: &Status, queues: &[Queue]) {
    let version = [("version", status.version.as_str())];
    metrics.gauge("catchment_build_info", "The version that runs, as a label.", &version, 1.0);
    let help = "How long the program has been running.";
    metrics.gauge("catchment_uptime_seconds", help, &[], status.uptime_seconds as f64);
    peers(metrics, status);
    journal(metrics, parts, status);
    for pipeline in &status.pipelines {
        of_pipeline(metrics, pipeline);
    }
    for forward in &status.forwards {
        of_forward(metrics, forward);
    }
    store(metrics, status);
    drops(metrics, status);
    for queue in queues {
        of_queue(metrics, queue);
    }
    let help = "Who follows the tail.";
    metrics.gauge("catchment_tail_subscribers", help, &[], status.tail.subscribers as f64);
}

fn peers(metrics: &mut Metrics, status: &Status) {
    let totals = &status.totals;
    for (name, help, count) in [
        ("catchment_lines_received_total", "Lines that came in whole.", totals.lines),
        ("catchment_received_bytes_total", "Bytes that were read from peers.", totals.bytes),
        ("catchment_lines_acked_total", "Lines whose ACK has left.", totals.acked),
        (
            "catchment_connect_failures_total",
            "Attempts to connect to a target that failed.",
            totals.connect_failures,
        ),
        (
            "catchment_descriptor_waits_total",
            "How often accepting had to wait for file descriptors.",
            totals.descriptor_waits,
        ),
        (
            "catchment_watch_failures_total",
            "Connections that were closed because the system would not watch them.",
            totals.watch_failures,
        ),
    ] {
        metrics.counter(name, help, &[], count);
    }
    let unacked = totals.unacked as f64;
    metrics.gauge("catchment_lines_unacked", "Lines whose ACK has not left.", &[], unacked);
    metrics.gauge("catchment_peers_connected", "Connections that are open.", &[], totals.connected as f64);
    let mut states: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for source in &status.sources {
        for state in ["connecting", "connected", "backing_off", "closing", "done"] {
            states.insert((&source.name, state), 0);
        }
    }
    for peer in &status.peers {
        *states.entry((&peer.source, &peer.state)).or_default() += 1;
    }
    for ((source, state), count) in states {
        let labels = [("source", source), ("state", state)];
        metrics.gauge("catchment_peers", "Peers, by where they stand.", &labels, count as f64);
    }
    for source in &status.sources {
        let labels = [("source", source.name.as_str())];
        let help = "Connections that were taken.";
        metrics.counter("catchment_connections_accepted_total", help, &labels, source.accepted);
        let help = "Connections that were refused because there were too many.";
        metrics.counter("catchment_connections_refused_total", help, &labels, source.refused);
    }
}

fn journal(metrics: &mut Metrics, parts: &Parts, status: &Status) {
    let (stats, journal) = (parts.journal.stats(), &status.journal);
    for state in ["running", "stalled", "failed"] {
        let is = f64::from(u8::from(journal.state == state));
        metrics.gauge("catchment_journal_state", "1 for how the journal is.", &[("state", state)], is);
    }
    for (name, help, count) in [
        ("catchment_journal_commits_total", "Syncs that made lines durable.", stats.commits),
        ("catchment_journal_batches_total", "Batches that were made durable.", stats.batches),
        ("catchment_journal_lines_total", "Lines that were made durable.", stats.lines),
        (
            "catchment_journal_written_bytes_total",
            "Bytes that were made durable, with their heads.",
            stats.bytes,
        ),
    ] {
        metrics.counter(name, help, &[], count);
    }
    let (sum, max) = (stats.sync_sum.as_secs_f64(), stats.sync_max.as_secs_f64());
    metrics.summary("catchment_journal_sync_seconds", "How long syncs took.", &[], sum, stats.commits);
    metrics.gauge("catchment_journal_sync_max_seconds", "How long the longest sync took.", &[], max);
    for (name, help, value) in [
        ("catchment_journal_segments", "Segments on disk.", stats.segments),
        ("catchment_journal_disk_bytes", "What the journal takes on disk.", stats.disk_bytes),
        ("catchment_journal_oldest_position", "Where the journal begins.", stats.oldest),
        ("catchment_journal_durable_position", "Everything before this is durable.", journal.durable),
    ] {
        metrics.gauge(name, help, &[], value as f64);
    }
}

fn of_pipeline(metrics: &mut Metrics, pipeline: &PipelineStatus) {
    let name = ("pipeline", pipeline.name.as_str());
    for state in ["running", "waiting", "ended"] {
        let is = f64::from(u8::from(pipeline.state == state));
        let labels = [name, ("state", state)];
        metrics.gauge("catchment_pipeline_state", "1 for how the pipeline is.", &labels, is);
    }
    for (metric, help, count) in [
        ("catchment_pipeline_lines_total", "Lines that a pipeline has read.", pipeline.lines),
        (
            "catchment_pipeline_records_total",
            "Records that a pipeline gave to its outputs.",
            pipeline.records,
        ),
        (
            "catchment_pipeline_failures_total",
            "Records on which a stage failed, and which were kept.",
            pipeline.failures,
        ),
        (
            "catchment_pipeline_damaged_total",
            "Frames of the journal that could not be read.",
            pipeline.damaged,
        ),
        (
            "catchment_pipeline_missed_bytes_total",
            "Bytes that the journal freed before the pipeline had read them.",
            pipeline.missed_bytes,
        ),
    ] {
        metrics.counter(metric, help, &[name], count);
    }
    let help = "Bytes of the journal that the pipeline has not read.";
    metrics.gauge("catchment_pipeline_behind_bytes", help, &[name], pipeline.behind_bytes as f64);
}

fn of_forward(metrics: &mut Metrics, forward: &ForwardStatus) {
    let labels = [("output", forward.output.as_str())];
    let (connected, unacked) = (f64::from(u8::from(forward.connected)), forward.unacked as f64);
    let help = "1 while an output that sends lines on is connected.";
    metrics.gauge("catchment_forward_connected", help, &labels, connected);
    let help = "Lines that the other end has not acked.";
    metrics.gauge("catchment_forward_lines_unacked", help, &labels, unacked);
    for (name, help, count) in [
        ("catchment_forward_lines_sent_total", "Lines that were sent on, each time they were.", forward.sent),
        ("catchment_forward_lines_acked_total", "Lines that the other end has acked.", forward.acked),
        ("catchment_forward_reconnects_total", "Connections that were made again.", forward.reconnects),
        (
            "catchment_forward_failures_total",
            "Attempts to connect that failed, and connections that broke.",
            forward.failures,
        ),
    ] {
        metrics.counter(name, help, &labels, count);
    }
}

fn store(metrics: &mut Metrics, status: &Status) {
    let store = &status.store;
    for (name, help, value) in [
        ("catchment_store_memory_records", "Records that are in no part yet.", store.memory_rows),
        ("catchment_store_memory_bytes", "The memory that they take.", store.memory_bytes),
        ("catchment_store_parts", "Parts.", store.parts),
        ("catchment_store_part_records", "Records in parts.", store.part_rows),
        ("catchment_store_part_bytes", "What parts take on disk.", store.part_bytes),
        (
            "catchment_store_damaged_parts",
            "Parts that could not be read and were set aside.",
            store.damaged.len() as u64,
        ),
    ] {
        metrics.gauge(name, help, &[], value as f64);
    }
    for (name, service) in [
        ("flush", &store.flush),
        ("compaction", &store.compaction),
        ("retention", &store.retention),
        ("upload", &store.upload),
    ] {
        of_service(metrics, name, service);
    }
    let Some(remote) = &store.remote else { return };
    for (name, help, value) in [
        ("catchment_store_remote_parts", "Parts that are on object storage.", remote.parts),
        ("catchment_store_remote_waiting_parts", "Parts that are not there yet.", remote.waiting_parts),
        ("catchment_store_remote_waiting_bytes", "Their bytes.", remote.waiting_bytes),
        (
            "catchment_store_remote_cached_bytes",
            "What this disk keeps of what is there.",
            remote.cached_bytes,
        ),
    ] {
        metrics.gauge(name, help, &[], value as f64);
    }
}

fn of_service(metrics: &mut Metrics, name: &str, service: &ServiceStatus) {
    let labels = [("service", name)];
    let help = "Changes that a service of the store has made.";
    metrics.counter("catchment_store_service_done_total", help, &labels, service.done);
    let help = "Bytes of the parts that a service has written.";
    metrics.counter("catchment_store_service_written_bytes_total", help, &labels, service.bytes_written);
    let help = "Attempts of a service that failed.";
    metrics.counter("catchment_store_service_failures_total", help, &labels, service.failures);
    let troubled = f64::from(u8::from(service.trouble.is_some()));
    metrics.gauge(
        "catchment_store_service_in_trouble",
        "1 while its last attempt has failed.",
        &labels,
        troubled,
    );
}

/// What was dropped, and why: each by a policy that somebody wrote.
fn drops(metrics: &mut Metrics, status: &Status) {
    let help = "Lines that went unread with the oldest segments, at the journal's cap.";
    let (journal, store) = (&status.journal, &status.store);
    metrics.counter(
        "catchment_dropped_lines_total",
        help,
        &[("reason", "journal_cap")],
        journal.dropped_lines,
    );
    let help = "Bytes of the journal that went with them.";
    metrics.counter(
        "catchment_dropped_bytes_total",
        help,
        &[("reason", "journal_cap")],
        journal.dropped_bytes,
    );
    let by_stages = status.pipelines.iter().map(|pipeline| pipeline.dropped).sum();
    for (reason, count) in [
        ("stages", by_stages),
        ("retention_age", store.dropped_by_age_rows),
        ("retention_bytes", store.dropped_by_bytes_rows),
        ("retention_free_disk", store.dropped_by_free_disk_rows),
    ] {
        let help = "Records that were dropped, by the policy that said so.";
        metrics.counter("catchment_dropped_records_total", help, &[("reason", reason)], count);
    }
}

fn of_queue(metrics: &mut Metrics, queue: &Queue) {
    let labels = [("queue", queue.name.as_str()), ("unit", queue.unit)];
    metrics.gauge("catchment_queue_depth", "What is in a queue.", &labels, queue.depth as f64);
    if let Some(limit) = queue.limit {
        metrics.gauge("catchment_queue_limit", "What a queue may hold.", &labels, limit as f64);
    }
    let oldest = queue.oldest_seconds.unwrap_or(0.0);
    let help = "How long the oldest in a queue has waited; 0 when it is empty or not known.";
    metrics.gauge("catchment_queue_oldest_seconds", help, &labels, oldest);
}
