//! Asks every part how it is, and writes the [report](super::report).

use std::sync::PoisonError;
use std::time::Duration;

use journal::{Handle, State};
use net::{PeerState, PeerStatus};
use record::clock;

use super::health::troubles;
use super::report::{
    DamagedPart, ForwardStatus, HandlerStatus, JournalStatus, OutputStatus, Peer, PipelineStatus,
    RemoteStatus, ServiceStatus, SourceStatus, StageFailure, StageStatus, Status, StoreStatus, TailStatus,
    Totals, Traceback,
};
use super::{Parts, queues};
use crate::outputs::StoreHandle;
use crate::secrets::harmless;

/// How long a loop may take to say how its peers are.
const ANSWER: Duration = Duration::from_secs(2);

pub(crate) fn status(parts: &Parts) -> Status {
    let counts = parts.net.counts();
    let status = Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        uptime_seconds: clock::monotonic().as_secs(),
        troubles: Vec::new(),
        journal: journal_status(&parts.journal),
        totals: Totals {
            connected: counts.connected,
            lines: counts.lines,
            bytes: counts.bytes,
            acked: counts.acked,
            unacked: counts.unacked,
            connect_failures: counts.connect_failures,
            descriptor_waits: counts.descriptor_waits,
            watch_failures: counts.watch_failures,
        },
        pipelines: parts
            .pipelines
            .status()
            .into_iter()
            .map(|(name, status)| pipeline_status(parts.pipelines.route(&name), name, status))
            .collect(),
        forwards: parts.pipelines.forwards().into_iter().map(forward_status).collect(),
        tail: TailStatus { subscribers: parts.pipelines.subscribers() },
        fanouts: parts.fanouts.status(),
        store: store_status(&parts.store),
        queues: Vec::new(),
        sources: parts
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|source| source_status(source))
            .collect(),
        peers: parts.net.status(ANSWER).peers.into_iter().map(peer).collect(),
    };
    Status { troubles: troubles(&status), queues: queues::queues(parts, &status), ..status }
}

fn pipeline_status(
    (from, to): (Vec<String>, Vec<String>),
    name: String,
    status: pipeline::Status,
) -> PipelineStatus {
    let (state, reason) = match status.state {
        pipeline::State::Running => ("running", None),
        pipeline::State::Waiting { reason } => ("waiting", Some(harmless(reason))),
        pipeline::State::Ended { reason } => ("ended", Some(harmless(reason))),
    };
    PipelineStatus {
        name,
        from,
        to,
        state: state.to_owned(),
        reason,
        position: status.position.0,
        behind_bytes: status.behind_bytes,
        lines: status.lines,
        records: status.records,
        dropped: status.dropped,
        failures: status.failures,
        damaged: status.damaged,
        missed_bytes: status.missed_bytes,
        last_error: status.last_error.map(harmless),
        stages: status.stages.into_iter().map(stage_status).collect(),
        handlers: status.handlers.into_iter().map(handler_status).collect(),
        outputs: status.outputs.into_iter().map(output_status).collect(),
    }
}

fn output_status(status: pipeline::OutputStatus) -> OutputStatus {
    let pipeline::OutputStatus { output, position, behind_bytes, records, failures, retries } = status;
    OutputStatus { output, position: position.0, behind_bytes, records, failures, retries }
}

fn forward_status(status: pipeline::ForwardStatus) -> ForwardStatus {
    let pipeline::ForwardStatus { name, target, connected, reconnects, sent, acked, .. } = status;
    ForwardStatus {
        output: name,
        target,
        connected,
        reconnects,
        sent,
        acked,
        unacked: status.unacked,
        window_bytes: status.window_bytes,
        window_bytes_max: status.window_bytes_max,
        failures: status.failures,
        last_error: status.last_error,
    }
}

fn stage_status(counts: pipeline::StageCounts) -> StageStatus {
    let failure = |(position, reason): (record::Position, String)| StageFailure {
        position: position.0,
        reason: harmless(reason),
    };
    StageStatus {
        stage: counts.stage.to_owned(),
        records: counts.records,
        passed: counts.passed,
        dropped: counts.dropped,
        changed: counts.changed,
        failed: counts.failed,
        last_failure: counts.last_failure.map(failure),
        trouble: counts.trouble.map(harmless),
    }
}

fn handler_status((handler, status): (String, workers::Status)) -> HandlerStatus {
    let about = status.about.unwrap_or_default();
    let traceback = |(position, text): (record::Position, String)| Traceback {
        position: position.0,
        text: harmless(text),
    };
    HandlerStatus {
        handler,
        kind: about.kind,
        python: about.python,
        threads: about.threads,
        concurrency: about.concurrency,
        ready: status.ready,
        processes: status.pids,
        lines: status.lines,
        failed: status.failed,
        unhandled: status.unhandled,
        restarts: status.restarts,
        left_out_bytes: status.left_out_bytes,
        last_error: status.last_error.map(harmless),
        samples: status.samples.into_iter().map(traceback).collect(),
    }
}

fn store_status(store: &StoreHandle) -> StoreStatus {
    let status = store.0.status();
    let service = |service: store::Service| ServiceStatus {
        done: service.done,
        bytes_written: service.bytes_written,
        failures: service.failures,
        trouble: service.trouble.map(harmless),
    };
    let damaged = |damaged: store::Damaged| DamagedPart {
        path: damaged.path.display().to_string(),
        rows: damaged.rows,
        why: harmless(damaged.why),
    };
    StoreStatus {
        memory_rows: status.memory_rows,
        memory_bytes: status.memory_bytes,
        parts: status.parts,
        part_rows: status.part_rows,
        part_bytes: status.part_bytes,
        flush: service(status.flush),
        compaction: service(status.compaction),
        retention: service(status.retention),
        upload: service(status.upload),
        remote: status.remote.map(|remote| RemoteStatus {
            url: remote.url,
            manifest: remote.manifest,
            parts: remote.parts,
            waiting_parts: remote.waiting_parts,
            waiting_bytes: remote.waiting_bytes,
            cached_bytes: remote.copy_bytes + remote.block_bytes,
        }),
        dropped_by_age_rows: status.dropped_by_age.rows,
        dropped_by_bytes_rows: status.dropped_by_bytes.rows,
        dropped_by_free_disk_rows: status.dropped_by_free_disk.rows,
        damaged: status.damaged.into_iter().map(damaged).collect(),
    }
}

pub(crate) fn journal_status(journal: &Handle) -> JournalStatus {
    let (state, reason) = match journal.state() {
        State::Running => ("running", None),
        State::Stalled { reason } => ("stalled", Some(harmless(reason))),
        State::Failed { reason } => ("failed", Some(harmless(reason))),
    };
    let stats = journal.stats();
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    JournalStatus {
        state: state.to_owned(),
        reason,
        oldest: stats.oldest,
        durable: journal.durable(),
        segments: stats.segments,
        disk_bytes: stats.disk_bytes,
        commits: stats.commits,
        sync_mean_micros: stats.syncs.sum().checked_div(stats.commits).unwrap_or(0),
        sync_max_micros: micros(stats.sync_max),
        dropped_lines: stats.dropped_lines,
        dropped_bytes: stats.dropped_bytes,
    }
}

fn source_status(source: &net::Source) -> SourceStatus {
    SourceStatus {
        name: source.name.to_string(),
        accepted: source.counters.accepted(),
        refused: source.counters.refused(),
    }
}

fn peer(status: PeerStatus) -> Peer {
    Peer {
        source: status.source.to_string(),
        peer: status.peer.to_string(),
        state: status.state.name().to_owned(),
        backing_off_until: match status.state {
            PeerState::BackingOff { until } => Some(until.to_string()),
            _ => None,
        },
        lines: status.lines,
        bytes: status.bytes,
        unacked: status.unacked,
        reconnects: status.reconnects,
        last_error: status.last_error.map(|error| harmless(error.into())),
    }
}
