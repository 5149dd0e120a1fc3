//! Connections: who may have one, for how long, and how they end.

mod connection;
mod patient;
mod refusal;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use query::Engine;
use record::clock;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::guard::Guard;
use crate::limits::{EXPORTS_MAX, FAREWELL, QUERIES_MAX};
use crate::state::State;
use crate::{Collector, Token};

/// Threads that read and write connections.
const THREADS: usize = 2;

/// Threads that ask: one for each query, and some for reports and the like.
const BLOCKING_THREADS_MAX: usize = QUERIES_MAX + EXPORTS_MAX + 8;

/// How the API is served.
#[derive(Debug)]
pub struct Options {
    /// Where clients connect. With port 0 the system chooses a free one.
    pub address: SocketAddr,
    /// The certificate and its key, for TLS.
    pub tls: Option<Tls>,
    /// What lets clients in; none for all.
    pub token: Option<Token>,
    /// Further names under which clients ask, without ports.
    pub hosts: Vec<String>,
    /// How many may follow the tail at once.
    pub tails_max: usize,
}

/// Where the certificate and its key are, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate, and behind it those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Why the API cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot serve the page on {address}: {source}")]
    Address {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// There is no use in a certificate or its key.
    #[error("`{path}`: {why}", path = .path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The threads could not be started.
    #[error("starting the threads for the page: {0}")]
    Threads(io::Error),
}

/// The API, being served.
///
/// What it owns: a runtime of two threads named `web`, its connections, and their queries. What bounds it: see the crate. How it stops:
/// [`Web::stop`], or when it is dropped; clients have half a second for their answers. What happens when a connection fails: it is closed, and
/// nothing else is touched.
pub struct Web {
    runtime: Option<Runtime>,
    stopping: watch::Sender<bool>,
    state: Option<Arc<State>>,
    address: SocketAddr,
}

impl Web {
    /// Listens, and answers from now on.
    ///
    /// # Errors
    /// When the address is taken, or a file is not what it should be.
    pub fn start(
        options: Options,
        collector: Arc<dyn Collector>,
        engine: Arc<Engine>,
    ) -> Result<Self, StartError> {
        let tls = options.tls.as_ref().map(tls::acceptor).transpose()?;
        let address = options.address;
        let failed = |source| StartError::Address { address, source };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(BLOCKING_THREADS_MAX)
            .thread_name("web")
            .enable_all()
            .build()
            .map_err(StartError::Threads)?;
        let (stopping, stops) = watch::channel(false);
        let hosts = options.hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        let guard = Guard { token: options.token, hosts };
        let state = Arc::new(State::new(collector, engine, guard, options.tails_max, stops, tls.is_some()));
        let listener = {
            let _entered = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(failed)?
        };
        runtime.spawn(connection::accept(listener, tls, Arc::clone(&state), options.tails_max));
        Ok(Self { runtime: Some(runtime), stopping, state: Some(state), address })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets answers end for half a second, and gives up what is left.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stopping.send_replace(true);
        let deadline = clock::monotonic() + FAREWELL;
        if let Some(state) = self.state.take() {
            while state.counts.connections.load(Ordering::Acquire) > 0 && clock::monotonic() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        if let Some(runtime) = self.runtime.take() {
            // What still waits for a client or a query is given up.
            runtime.shutdown_background();
        }
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.end();
    }
}
