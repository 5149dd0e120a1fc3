//! The parts, wired in the order the data flows: peers, journal, pipelines, store, whoever asks.

use std::sync::Arc;
use std::time::Duration;

use journal::{Handle, Journal, OpenError, Options, RealDisk, State, StopError, Writer};
use net::{Net, NetError, NetHandle, Settings};
use query::{Engine, Limits, QueryError};
use store::Store;
use web::Web;

use crate::api::{self, ApiError};
use crate::config::{self, AtCap, Config};
use crate::control::{self, Ages, Control};
use crate::exit::Exit;
use crate::fanouts::Fanouts;
use crate::limits::{self, BATCHES, LimitError, Memory};
use crate::outputs::{PipelineError, Pipelines, StoreHandle};
use crate::remote;
use crate::saved;
use crate::sources::Sources;

/// The store's place below the data directory.
pub(crate) const STORE_DIR: &str = "store";

/// Threads that queries share.
const QUERY_THREADS: usize = 2;

/// An unfinished line may lie across so many segments before it is cut.
const OPEN_ROW_SEGMENTS: u64 = 4;

/// A running collector.
///
/// What it owns: the event loops, the journal, the pipelines, the store, the control socket, the page. What bounds it: [`limits::check`]. It stops with
/// [`App::stop`]. When the journal fails it stays, takes no more lines, and says why; when a loop fails,
/// [`App::has_failed`] tells.
pub(crate) struct App {
    config: Config,
    net: Net,
    writer: Writer,
    sources: Sources,
    fanouts: Fanouts,
    pipelines: Pipelines,
    store: StoreHandle,
    control: Control,
    web: Option<Web>,
    ages: Ages,
    told: State,
}

/// Why the collector cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error("{0}")]
    Journal(#[from] OpenError),
    #[error(transparent)]
    Net(#[from] NetError),
    #[error("{0}")]
    Store(#[from] store::OpenError),
    #[error("{0}")]
    Pipeline(#[from] PipelineError),
    #[error("{0}")]
    Query(#[from] QueryError),
    #[error("{0}")]
    Api(#[from] ApiError),
    #[error("{0}")]
    Remote(#[from] objects::ConnectError),
    #[error("cannot keep the pipelines in `{dir}`: {source}")]
    Save { dir: String, source: std::io::Error },
}

/// How a collector is started beside its configuration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mode {
    /// Targets are dialled until they have closed once.
    pub(crate) once: bool,
}

impl App {
    pub(crate) fn start(config: Config, mode: Mode) -> Result<Self, StartError> {
        limits::check(&config)?;
        let memory = Memory::of(&config);
        tracing::info!(data_dir = %config.data_dir.display(), "memory, in the worst case:\n{memory}");

        let (mut journal, recovered) =
            Journal::open(RealDisk::new(&config.data_dir), options(&config.journal))?;
        tracing::info!(oldest = recovered.oldest, end = recovered.end, "the journal is open");
        let engine = Arc::new(Engine::new(query_limits(&config))?);
        let remote = config.store.remote.as_ref().map(remote::connect).transpose()?;
        let options = store::Options { remote, ..store_options(&config) };
        let store = StoreHandle(Arc::new(Store::open(&config.data_dir.join(STORE_DIR), options)?));
        saved::save(&config.data_dir, &config.pipelines, config.store.remote.as_ref())
            .map_err(|source| StartError::Save { dir: config.data_dir.display().to_string(), source })?;
        let net = Net::start(&mut journal, settings(&config))?;
        let writer = journal.start();
        let fanouts = Fanouts::of(&config.pipelines);
        let mut sources = Sources::new(net.handle(), mode.once, fanouts.clone());
        let handle = writer.handle();
        let started = Pipelines::start(&config.pipelines, &config.data_dir, &handle, &store, &fanouts)
            .map_err(StartError::from)
            .and_then(|pipelines| {
                fanouts.listen(&net.handle())?;
                sources.apply(&config.sources)?;
                Ok(pipelines)
            });
        let pipelines = match started {
            Ok(started) => started,
            Err(error) => {
                let _ = net.stop(config.stop_timeout);
                let _ = writer.stop();
                return Err(error);
            }
        };
        tracing::info!(pipelines = config.pipelines.len(), "pipelines run");
        let ages = Ages::default();
        let parts = Arc::new(control::Parts {
            net: net.handle(),
            journal: writer.handle(),
            store: store.clone(),
            pipelines: pipelines.clone(),
            engine,
            sources: sources.iter().cloned().collect::<Vec<_>>().into(),
            fanouts: fanouts.clone(),
            ages: ages.clone(),
            limits: control::Limits::of(&config),
        });
        let control = Control::start(&config.data_dir, Arc::clone(&parts));
        let web = api::start(&config, &parts);
        drop(parts);
        let mut app = Self {
            config,
            net,
            writer,
            sources,
            fanouts,
            pipelines,
            store,
            control,
            web: None,
            ages,
            told: State::Running,
        };
        match web {
            Ok(web) => app.web = web,
            Err(error) => {
                app.stop();
                return Err(error.into());
            }
        }
        Ok(app)
    }

    pub(crate) fn net(&self) -> NetHandle {
        self.net.handle()
    }

    pub(crate) fn journal(&self) -> Handle {
        self.writer.handle()
    }

    /// Where the page is, if there is one.
    pub(crate) fn page(&self) -> Option<std::net::SocketAddr> {
        self.web.as_ref().map(Web::address)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// How many targets are dialled.
    pub(crate) fn targets(&self) -> usize {
        self.sources.targets()
    }

    /// Now and then: the log learns how the journal is, and the ages how far it has come.
    pub(crate) fn tick(&mut self) {
        self.ages.durable.look(self.writer.handle().durable());
        self.ages.received.look(self.net.handle().counts().lines);
        let state = self.writer.handle().state();
        if state != self.told {
            if let State::Failed { reason } = &state {
                tracing::error!(reason, "the journal has failed: no more lines are taken and none is acked");
            }
            self.told = state;
        }
    }

    /// True when something that cannot be mended here is broken.
    pub(crate) fn has_failed(&self) -> bool {
        !self.net.is_running()
    }

    /// Goes over to another configuration. What can change only at a start is named in the log.
    pub(crate) fn reload(&mut self, config: Config) {
        if let Err(error) = limits::check(&config) {
            return tracing::error!(%error, "the new configuration changes nothing");
        }
        if let Err(error) = self.sources.apply(&config.sources) {
            return tracing::error!(%error, "the new configuration changes nothing");
        }
        let fixed = |config: &Config| Config { sources: Vec::new(), tests: Vec::new(), ..config.clone() };
        if fixed(&config) != fixed(&self.config) {
            tracing::warn!(
                "what the configuration says outside of `[[source]]` takes effect at the next start"
            );
        }
        self.control.sources(self.sources.iter().cloned().collect());
        self.config.sources = config.sources;
        tracing::info!(
            sources = self.config.sources.len(),
            targets = self.sources.targets(),
            "configuration reloaded"
        );
    }

    /// Loads the code of the Python handlers anew.
    pub(crate) fn reload_handlers(&self) {
        self.pipelines.reload_handlers();
    }

    /// Stops in this order, within `stop_timeout`:
    pub(crate) fn stop(self) -> Exit {
        let Self { config, net, writer, sources, fanouts, pipelines, store, control, web, .. } = self;
        let began = record::clock::monotonic();
        let failed_before = matches!(writer.handle().state(), State::Failed { .. });
        tracing::info!("stopping: no more is read");
        // 1. accept and dial nothing more, read nothing more; what was read is committed and synced;
        //    the last ACKs leave, and the rest of lines that receivers have a part of; the sockets close
        let counts = net.handle();
        //    (when the journal has failed, nothing becomes durable that could be waited for)
        let loops = net.stop(if failed_before { Duration::ZERO } else { config.stop_timeout });
        sources.remove_socket_files();
        fanouts.remove_socket_files();
        // 2. nobody asks any more
        if let Some(web) = web {
            web.stop();
        }
        control.stop();
        // 3. what is durable passes through the pipelines, and what they gave the store becomes parts: as far as there is
        //    time, for the journal keeps it
        let left = || config.stop_timeout.saturating_sub(record::clock::monotonic() - began);
        pipelines.stop(left());
        store.stop(left());
        // 4. the journal writes its mark and syncs it
        let journal = writer.stop();
        let took = record::clock::monotonic() - began;
        if let Err(error) = loops {
            tracing::error!(%error, "an event loop had failed");
            return Exit::Failed;
        }
        if failed_before {
            return Exit::Failed;
        }
        let unfinished = match journal {
            Ok(()) => took > config.stop_timeout,
            Err(StopError::Stalled { .. }) => true,
            Err(error) => {
                tracing::error!(%error, "the journal could not be closed in order");
                return Exit::Failed;
            }
        };
        if unfinished {
            let unacked = counts.counts().unacked;
            tracing::warn!(unacked, "stopped before all was done; the peers own what was not acked");
            return Exit::Unfinished;
        }
        tracing::info!(?took, "stopped");
        Exit::Done
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        loops: limits::loops(config),
        hold_back: config.journal.hold_back,
        open_row_span: config.journal.segment_bytes * OPEN_ROW_SEGMENTS,
    }
}

fn store_options(config: &Config) -> store::Options {
    let retention =
        |retention: &config::Retention| store::Retention { age: retention.age, bytes: retention.bytes };
    let own = |source: &config::Source| Some((source.name.clone(), retention(source.retention.as_ref()?)));
    store::Options {
        memtable_bytes: config.store.memtable_bytes,
        flush_after: config.store.flush_after,
        retention: retention(&config.store.retention),
        source_retention: config.sources.iter().filter_map(own).collect(),
        disk_free_min: config.store.disk_free_min.unwrap_or(0),
        ..store::Options::default()
    }
}

fn query_limits(config: &Config) -> Limits {
    Limits { memory_bytes: config.query.memory_bytes, time: config.query.time_max, threads: QUERY_THREADS }
}

fn options(journal: &config::Journal) -> Options {
    Options {
        segment_bytes: journal.segment_bytes,
        bytes_max: journal.bytes_max,
        at_cap: match journal.at_cap {
            AtCap::Block => journal::AtCap::Block,
            AtCap::DropOldest => journal::AtCap::DropOldest,
        },
        keep_bytes: journal.keep_bytes,
        batch_bytes: journal.batch_bytes,
        batches: BATCHES,
    }
}
