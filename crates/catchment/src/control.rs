use std::io::{self, BufWriter, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use journal::{Handle, State};
use net::{NetHandle, PeerState, PeerStatus};
use record::clock;
use serde::{Deserialize, Serialize};

/// The socket in the data directory.
pub(crate) const SOCKET: &str = "catchment.sock";

/// How long a loop may take to say how its peers are.
const ANSWER: Duration = Duration::from_secs(2);

/// How long whoever asks may take to read the answer.
const READ: Duration = Duration::from_secs(5);

/// Says how the collector is to whoever connects to the socket in the data directory: one JSON document, then it closes.
/// Who may open the directory may ask.
///
/// What it owns: the socket and a thread. What bounds it: one answer at a time, each with a time limit. It stops with
/// [`Control::stop`]. When the socket cannot be made, the collector goes on without it and says so.
pub(crate) struct Control {
    sources: Sources,
    running: Option<Running>,
}

struct Running {
    path: PathBuf,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

type Sources = Arc<Mutex<Vec<Arc<net::Source>>>>;

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) version: String,
    pub(crate) process: u32,
    pub(crate) uptime_seconds: u64,
    pub(crate) journal: JournalStatus,
    pub(crate) totals: Totals,
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

impl Control {
    pub(crate) fn start(
        data_dir: &Path,
        net: NetHandle,
        journal: Handle,
        sources: Vec<Arc<net::Source>>,
    ) -> Self {
        let path = data_dir.join(SOCKET);
        let sources = Arc::new(Mutex::new(sources));
        let running = Running::start(path.clone(), net, journal, Arc::clone(&sources))
            .inspect_err(
                |error| tracing::warn!(path = %path.display(), %error, "nobody can ask for the status"),
            )
            .ok();
        Self { sources, running }
    }

    /// The sources that are served from now on.
    pub(crate) fn sources(&self, sources: Vec<Arc<net::Source>>) {
        *self.sources.lock().unwrap_or_else(PoisonError::into_inner) = sources;
    }

    pub(crate) fn stop(self) {
        let Some(Running { path, stopping, thread }) = self.running else { return };
        stopping.store(true, Ordering::Relaxed);
        // Somebody who connects and says nothing is what it waits for.
        if UnixStream::connect(&path).is_ok() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(path);
    }
}

impl Running {
    fn start(path: PathBuf, net: NetHandle, journal: Handle, sources: Sources) -> io::Result<Self> {
        // The lock of the data directory is ours, so a socket that is there is left from a process that was killed.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            for client in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                match client.and_then(|client| answer(client, &status(&net, &journal, &sources))) {
                    Ok(()) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a status was not delivered");
                        // Without descriptors accepting fails at once, again and again.
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
            }
        })?;
        Ok(Self { path, stopping, thread })
    }
}

fn answer(client: UnixStream, status: &Status) -> io::Result<()> {
    client.set_write_timeout(Some(READ))?;
    let mut out = BufWriter::new(client);
    serde_json::to_writer(&mut out, status)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn status(net: &NetHandle, journal: &Handle, sources: &Sources) -> Status {
    let counts = net.counts();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        uptime_seconds: clock::monotonic().as_secs(),
        journal: journal_status(journal),
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
        sources: sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|source| source_status(source))
            .collect(),
        peers: net.status(ANSWER).peers.into_iter().map(peer).collect(),
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
