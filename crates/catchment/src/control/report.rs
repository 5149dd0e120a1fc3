//! How a running collector is, in one JSON document.

use serde::{Deserialize, Serialize};

use super::health::Trouble;
use crate::fanouts::FanoutStatus;

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) process: u32,
    pub(crate) uptime_seconds: u64,
    /// What is wrong; nothing when all is well.
    #[serde(default)]
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) journal: JournalStatus,
    pub(crate) totals: Totals,
    pub(crate) pipelines: Vec<PipelineStatus>,
    /// Outputs that send records on to other collectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forwards: Vec<ForwardStatus>,
    pub(crate) tail: TailStatus,
    /// Outputs whose lines go to connections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fanouts: Vec<FanoutStatus>,
    pub(crate) store: StoreStatus,
    #[serde(default)]
    pub(crate) queues: Vec<web::Queue>,
    pub(crate) sources: Vec<SourceStatus>,
    #[serde(default)]
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
    #[serde(default)]
    pub(crate) outputs: Vec<OutputStatus>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OutputStatus {
    pub(crate) output: String,
    pub(crate) position: u64,
    pub(crate) behind_bytes: u64,
    pub(crate) records: u64,
    pub(crate) failures: u64,
    pub(crate) retries: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StageStatus {
    pub(crate) stage: String,
    pub(crate) records: u64,
    /// Records that came out of it.
    #[serde(default)]
    pub(crate) passed: u64,
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
