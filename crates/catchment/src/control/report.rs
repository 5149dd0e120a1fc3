//! How a running collector is, in one JSON document.

use std::sync::PoisonError;
use std::time::Duration;

use journal::{Handle, State};
use net::{PeerState, PeerStatus};
use record::clock;
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::outputs::StoreHandle;

/// How long a loop may take to say how its peers are.
const ANSWER: Duration = Duration::from_secs(2);

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) process: u32,
    pub(crate) uptime_seconds: u64,
    pub(crate) journal: JournalStatus,
    pub(crate) totals: Totals,
    pub(crate) pipelines: Vec<PipelineStatus>,
    /// Outputs that send records on to other collectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forwards: Vec<ForwardStatus>,
    pub(crate) tail: TailStatus,
    pub(crate) store: StoreStatus,
    pub(crate) sources: Vec<SourceStatus>,
    pub(crate) peers: Vec<Peer>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JournalStatus {
    /// `running`, `stalled` or `failed`
    pub(crate) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) oldest: u64,
    pub(crate) durable: u64,
    pub(crate) segments: u64,
    pub(crate) disk_bytes: u64,
    pub(crate) commits: u64,
    pub(crate) sync_mean_micros: u64,
    pub(crate) sync_max_micros: u64,
    pub(crate) dropped_lines: u64,
    pub(crate) dropped_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) connected: u64,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) acked: u64,
    pub(crate) unacked: u64,
    pub(crate) connect_failures: u64,
    pub(crate) descriptor_waits: u64,
    pub(crate) watch_failures: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PipelineStatus {
    pub(crate) name: String,
    /// The sources that it takes lines from; none for all.
    #[serde(default)]
    pub(crate) from: Vec<String>,
    /// Its outputs.
    #[serde(default)]
    pub(crate) to: Vec<String>,
    /// `running`, `waiting` or `ended`
    pub(crate) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    pub(crate) position: u64,
    pub(crate) behind_bytes: u64,
    pub(crate) lines: u64,
    pub(crate) records: u64,
    pub(crate) dropped: u64,
    pub(crate) failures: u64,
    pub(crate) damaged: u64,
    pub(crate) missed_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
    /// In the order of the configuration.
    #[serde(default)]
    pub(crate) stages: Vec<StageStatus>,
    /// Its Python handlers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) handlers: Vec<HandlerStatus>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StageStatus {
    pub(crate) stage: String,
    pub(crate) records: u64,
    pub(crate) dropped: u64,
    pub(crate) changed: u64,
    pub(crate) failed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_failure: Option<StageFailure>,
    /// What is wrong with a file that it would read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StageFailure {
    pub(crate) position: u64,
    pub(crate) reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HandlerStatus {
    pub(crate) handler: String,
    /// `def`, `generator`, `async` or `async generator`
    pub(crate) kind: String,
    pub(crate) python: String,
    pub(crate) threads: usize,
    pub(crate) concurrency: usize,
    /// Workers that are ready.
    pub(crate) ready: usize,
    pub(crate) processes: Vec<u32>,
    pub(crate) lines: u64,
    pub(crate) failed: u64,
    pub(crate) unhandled: u64,
    pub(crate) restarts: u64,
    pub(crate) left_out_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
    /// The last tracebacks.
    pub(crate) samples: Vec<Traceback>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Traceback {
    pub(crate) position: u64,
    pub(crate) text: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForwardStatus {
    pub(crate) output: String,
    pub(crate) target: String,
    pub(crate) connected: bool,
    pub(crate) reconnects: u64,
    pub(crate) sent: u64,
    pub(crate) acked: u64,
    pub(crate) unacked: u64,
    pub(crate) window_bytes: u64,
    pub(crate) window_bytes_max: u64,
    pub(crate) failures: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TailStatus {
    pub(crate) subscribers: usize,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoreStatus {
    pub(crate) memory_rows: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) parts: u64,
    pub(crate) part_rows: u64,
    pub(crate) part_bytes: u64,
    pub(crate) flush: ServiceStatus,
    pub(crate) compaction: ServiceStatus,
    pub(crate) retention: ServiceStatus,
    pub(crate) upload: ServiceStatus,
    /// The place on object storage, if one is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remote: Option<RemoteStatus>,
    pub(crate) dropped_by_age_rows: u64,
    pub(crate) dropped_by_bytes_rows: u64,
    pub(crate) dropped_by_free_disk_rows: u64,
    /// Parts that could not be read and were set aside.
    pub(crate) damaged: Vec<DamagedPart>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RemoteStatus {
    pub(crate) url: String,
    pub(crate) manifest: u64,
    pub(crate) parts: u64,
    pub(crate) waiting_parts: u64,
    pub(crate) waiting_bytes: u64,
    pub(crate) cached_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ServiceStatus {
    pub(crate) done: u64,
    pub(crate) bytes_written: u64,
    pub(crate) failures: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DamagedPart {
    pub(crate) path: String,
    pub(crate) rows: u64,
    pub(crate) why: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SourceStatus {
    pub(crate) name: String,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Peer {
    pub(crate) source: String,
    pub(crate) peer: String,
    pub(crate) state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) backing_off_until: Option<String>,
    pub(crate) lines: u64,
    pub(crate) bytes: u64,
    pub(crate) unacked: u64,
    pub(crate) reconnects: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) last_error: Option<String>,
}

pub(crate) fn status(parts: &Parts) -> Status {
    let counts = parts.net.counts();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        uptime_seconds: clock::monotonic().as_secs(),
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
        store: store_status(&parts.store),
        sources: parts
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|source| source_status(source))
            .collect(),
        peers: parts.net.status(ANSWER).peers.into_iter().map(peer).collect(),
    }
}

fn pipeline_status(
    (from, to): (Vec<String>, Vec<String>),
    name: String,
    status: pipeline::Status,
) -> PipelineStatus {
    let (state, reason) = match status.state {
        pipeline::State::Running => ("running", None),
        pipeline::State::Waiting { reason } => ("waiting", Some(reason)),
        pipeline::State::Ended { reason } => ("ended", Some(reason)),
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
        last_error: status.last_error,
        stages: status.stages.into_iter().map(stage_status).collect(),
        handlers: status.handlers.into_iter().map(handler_status).collect(),
    }
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
    let failure =
        |(position, reason): (record::Position, String)| StageFailure { position: position.0, reason };
    StageStatus {
        stage: counts.stage.to_owned(),
        records: counts.records,
        dropped: counts.dropped,
        changed: counts.changed,
        failed: counts.failed,
        last_failure: counts.last_failure.map(failure),
        trouble: counts.trouble,
    }
}

fn handler_status((handler, status): (String, workers::Status)) -> HandlerStatus {
    let about = status.about.unwrap_or_default();
    let traceback = |(position, text): (record::Position, String)| Traceback { position: position.0, text };
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
        last_error: status.last_error,
        samples: status.samples.into_iter().map(traceback).collect(),
    }
}

fn store_status(store: &StoreHandle) -> StoreStatus {
    let status = store.0.status();
    let service = |service: store::Service| ServiceStatus {
        done: service.done,
        bytes_written: service.bytes_written,
        failures: service.failures,
        trouble: service.trouble,
    };
    let damaged = |damaged: store::Damaged| DamagedPart {
        path: damaged.path.display().to_string(),
        rows: damaged.rows,
        why: damaged.why,
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

fn journal_status(journal: &Handle) -> JournalStatus {
    let (state, reason) = match journal.state() {
        State::Running => ("running", None),
        State::Stalled { reason } => ("stalled", Some(reason)),
        State::Failed { reason } => ("failed", Some(reason)),
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
        sync_mean_micros: micros(stats.sync_sum).checked_div(stats.commits).unwrap_or(0),
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
        last_error: status.last_error.map(Into::into),
    }
}
