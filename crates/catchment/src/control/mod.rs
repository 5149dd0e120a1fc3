//! The socket in the data directory: whoever may open the directory may ask.

mod ages;
mod answer;
pub(crate) mod client;
mod frame;
mod gather;
pub(crate) mod health;
mod queues;
mod report;
pub(crate) mod request;

use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use journal::Handle;
use net::NetHandle;
use query::Engine;

pub(crate) use self::ages::Ages;
pub(crate) use self::gather::{journal_status, status};
pub(crate) use self::queues::Limits;
pub(crate) use self::report::{
    ForwardStatus, HandlerStatus, Peer, PipelineStatus, ServiceStatus, StageStatus, Status, StoreStatus,
};
use crate::fanouts::Fanouts;
use crate::outputs::{Pipelines, StoreHandle};

/// The socket in the data directory.
pub(crate) const SOCKET: &str = "catchment.sock";

/// So many are answered at once; one more is told so.
const CLIENTS_MAX: usize = 64;

/// How long those who are being answered have to notice that the collector stops.
const FAREWELL: Duration = Duration::from_secs(1);

/// Answers whoever connects to the socket in the data directory: each sends one [`request::Request`] and gets frames back.
///
/// What it owns: the socket, and a thread for it and for each client. What bounds it: [`CLIENTS_MAX`], and what the engine and the tail
/// allow each. It stops with [`Control::stop`]; answers that are not complete by then end with an error. When the socket cannot be made, the
/// collector goes on without it and says so.
pub(crate) struct Control {
    shared: Arc<Shared>,
    running: Option<Running>,
}

/// What can be asked about.
pub(crate) struct Parts {
    pub(crate) net: NetHandle,
    pub(crate) journal: Handle,
    pub(crate) store: StoreHandle,
    pub(crate) pipelines: Pipelines,
    pub(crate) engine: Arc<Engine>,
    pub(crate) sources: Mutex<Vec<Arc<net::Source>>>,
    pub(crate) fanouts: Fanouts,
    pub(crate) ages: Ages,
    pub(crate) limits: Limits,
}

struct Shared {
    parts: Arc<Parts>,
    stopping: AtomicBool,
    clients: AtomicUsize,
}

struct Running {
    path: PathBuf,
    thread: JoinHandle<()>,
}

impl Control {
    pub(crate) fn start(data_dir: &Path, parts: Arc<Parts>) -> Self {
        let path = data_dir.join(SOCKET);
        let shared =
            Arc::new(Shared { parts, stopping: AtomicBool::new(false), clients: AtomicUsize::new(0) });
        let running = Running::start(path.clone(), &shared)
            .inspect_err(|error| tracing::warn!(path = %path.display(), %error, "nobody can ask the collector anything"))
            .ok();
        Self { shared, running }
    }

    /// The sources that are served from now on.
    pub(crate) fn sources(&self, sources: Vec<Arc<net::Source>>) {
        *self.shared.parts.sources.lock().unwrap_or_else(PoisonError::into_inner) = sources;
    }

    pub(crate) fn stop(self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        let Some(Running { path, thread }) = self.running else { return };
        // Nobody who connects now is answered; this wakes the thread that waits for somebody.
        if UnixStream::connect(&path).is_ok() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(path);
        let deadline = record::clock::monotonic() + FAREWELL;
        while self.shared.clients.load(Ordering::Acquire) > 0 && record::clock::monotonic() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Running {
    fn start(path: PathBuf, shared: &Arc<Shared>) -> io::Result<Self> {
        // The lock of the data directory is ours, so a socket that is there is left from a process that was killed.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(move || {
            for client in listener.incoming() {
                if shared.stopping.load(Ordering::Relaxed) {
                    return;
                }
                if let Err(error) = client.and_then(|client| Shared::serve(&shared, client)) {
                    tracing::debug!(%error, "somebody could not be answered");
                    // Without descriptors accepting fails at once, again and again.
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        })?;
        Ok(Self { path, thread })
    }
}

impl Shared {
    /// Answers one client on a thread of its own.
    fn serve(shared: &Arc<Self>, client: UnixStream) -> io::Result<()> {
        if shared.clients.fetch_add(1, Ordering::AcqRel) >= CLIENTS_MAX {
            shared.clients.fetch_sub(1, Ordering::AcqRel);
            return answer::refuse(&client, "too many ask at once; try again");
        }
        let (here, guard) = (Arc::clone(shared), Present(Arc::clone(shared)));
        std::thread::Builder::new().name("answer".to_owned()).spawn(move || {
            let _guard = guard;
            if let Err(error) = answer::answer(&client, &here.parts, &here.stopping) {
                tracing::debug!(%error, "an answer was not delivered");
            }
        })?;
        Ok(())
    }
}

/// Counts a client for as long as it is there.
struct Present(Arc<Shared>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::AcqRel);
    }
}
