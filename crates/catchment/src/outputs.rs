//! The pipelines with their outputs: what the configuration says, as it runs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use journal::Handle;
use pipeline::{
    FileOutput, Format, ForwardOutput, ForwardStatus, ForwardWatch, Options, Output, OutputError, Running,
    Spec, StdoutOutput, Tail,
};
use query::Engine;
use record::{Batch, Position, clock};
use search::Query;
use store::{Snapshot, Store};

use crate::config::{self, Pipeline};
use crate::past::Past;
use crate::tailing::Tailing;

/// The memory of the tail: who is slower than the records in it misses some.
pub(crate) const TAIL_BYTES: usize = 8 << 20;

/// Where file outputs keep their places, below the data directory.
const OUTPUTS_DIR: &str = "outputs";

/// The store, for whoever reads it.
#[derive(Clone)]
pub(crate) struct StoreHandle(pub(crate) Arc<Store>);

impl StoreHandle {
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.0.snapshot()
    }

    /// Writes what is in memory to parts, for at most `within`. What is not written comes again from the journal.
    pub(crate) fn stop(self, within: Duration) {
        let stopped = match Arc::try_unwrap(self.0) {
            Ok(store) => store.stop(within),
            // Somebody is still being answered, or a pipeline cannot let go of it.
            Err(shared) => shared.flush(),
        };
        if let Err(error) = stopped {
            tracing::warn!(%error, "the store goes on from the journal at the next start");
        }
    }
}

/// Every pipeline of the configuration, running.
///
/// What it owns: a thread for each. What bounds them: a batch each, and the tail's ring. They stop with [`Pipelines::stop`]; what has not passed
/// through them by then does so after the next start.
#[derive(Clone)]
pub(crate) struct Pipelines {
    shared: Arc<Shared>,
}

struct Shared {
    /// The pipelines that lead to a tail.
    tails: Vec<(Tail, Spec)>,
    /// If only one does, and leads to the store as well: its name.
    stored: Option<(String, StoreHandle)>,
    /// What leads where.
    routes: Vec<Route>,
    /// The outputs that send records on.
    forwards: Vec<ForwardWatch>,
    running: std::sync::Mutex<Vec<(String, Running)>>,
}

/// From where to where a pipeline leads.
struct Route {
    pipeline: String,
    from: Vec<String>,
    to: Vec<String>,
}

/// Why the pipelines cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PipelineError {
    #[error("pipeline `{name}`: {source}")]
    Start { name: String, source: pipeline::StartError },
    #[error("pipeline `{name}`: {source}")]
    File { name: String, source: pipeline::FileError },
    #[error("cannot create `{path}`: {source}")]
    Directory { path: String, source: std::io::Error },
    #[error("output `{name}`: cannot start its thread: {source}")]
    Forward { name: String, source: std::io::Error },
}

impl Pipelines {
    /// Starts every pipeline. Places in the journal that no pipeline of this configuration has are forgotten: nothing would ever move
    /// them on, and the journal would keep everything behind them.
    pub(crate) fn start(
        pipelines: &[Pipeline],
        data_dir: &Path,
        journal: &Handle,
        store: &StoreHandle,
    ) -> Result<Self, PipelineError> {
        forget_others(pipelines, journal);
        let tailed = pipelines.iter().filter(|pipeline| pipeline.to.contains(&config::Output::Tail)).count();
        let (mut tails, mut running, mut forwards) = (Vec::new(), Vec::new(), Vec::new());
        for pipeline in pipelines {
            let spec = spec(pipeline);
            let tail = Tail::new(TAIL_BYTES / tailed.max(1));
            let outputs = pipeline
                .to
                .iter()
                .map(|output| open(output, &pipeline.name, data_dir, store, &tail, &mut forwards))
                .collect::<Result<Vec<_>, _>>()?;
            if pipeline.to.contains(&config::Output::Tail) {
                tails.push((tail, spec.clone()));
            }
            let started = pipeline::start(journal.clone(), spec, outputs, Options::default());
            let name = pipeline.name.clone();
            match started {
                Ok(pipeline) => running.push((name, pipeline)),
                Err(source) => return Err(PipelineError::Start { name, source }),
            }
        }
        let to = |output| move |pipeline: &&Pipeline| pipeline.to.contains(&output);
        let tailed: Vec<_> = pipelines.iter().filter(to(config::Output::Tail)).collect();
        let stored = match tailed[..] {
            [one] if one.to.contains(&config::Output::Store) => Some((one.name.clone(), store.clone())),
            _ => None,
        };
        let routes = pipelines.iter().map(Route::of).collect();
        Ok(Self { shared: Arc::new(Shared { tails, stored, routes, forwards, running: running.into() }) })
    }

    /// The sources that a pipeline takes lines from, none for all, and its outputs.
    pub(crate) fn route(&self, pipeline: &str) -> (Vec<String>, Vec<String>) {
        let route = self.shared.routes.iter().find(|route| route.pipeline == pipeline);
        route.map(|route| (route.from.clone(), route.to.clone())).unwrap_or_default()
    }

    /// Records that match, as they come, or from behind a position on.
    pub(crate) fn tail(
        &self,
        query: &Query,
        after: Option<u64>,
        journal: &Handle,
        engine: &Arc<Engine>,
    ) -> Result<Tailing, String> {
        let past = self.shared.stored.clone().map(|(pipeline, store)| Past {
            store,
            engine: Arc::clone(engine),
            pipeline,
        });
        Tailing::start(&self.shared.tails, query, after, journal, past)
    }

    /// How many follow the tail.
    pub(crate) fn subscribers(&self) -> usize {
        self.shared.tails.iter().map(|(tail, _)| tail.status().subscribers).sum()
    }

    /// What the tails keep, in bytes.
    pub(crate) fn tail_bytes(&self) -> u64 {
        self.shared.tails.iter().map(|(tail, _)| tail.status().bytes as u64).sum()
    }

    /// How the outputs are that send records on.
    pub(crate) fn forwards(&self) -> Vec<ForwardStatus> {
        self.shared.forwards.iter().map(ForwardWatch::status).collect()
    }

    /// How each is, by name.
    pub(crate) fn status(&self) -> Vec<(String, pipeline::Status)> {
        let running = self.shared.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.iter().map(|(name, pipeline)| (name.clone(), pipeline.status())).collect()
    }

    /// Loads the code of all Python handlers anew.
    pub(crate) fn reload_handlers(&self) {
        let running = self.shared.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        running.iter().for_each(|(_, pipeline)| pipeline.reload_handlers());
    }

    /// Lets what is durable in the journal pass through, for at most `within` altogether.
    pub(crate) fn stop(self, within: Duration) {
        let deadline = clock::monotonic() + within;
        let running = std::mem::take(
            &mut *self.shared.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for (name, pipeline) in running {
            if let Err(error) = pipeline.stop(deadline.saturating_sub(clock::monotonic())) {
                tracing::warn!(pipeline = name, %error, "it goes on at the next start");
            }
        }
    }
}

impl Route {
    fn of(pipeline: &Pipeline) -> Self {
        let to = pipeline.to.iter().map(config::Output::title).collect();
        Self { pipeline: pipeline.name.clone(), from: pipeline.from.clone(), to }
    }
}

/// What the configuration says, as the pipeline takes it.
pub(crate) fn spec(pipeline: &Pipeline) -> Spec {
    Spec {
        name: pipeline.name.clone(),
        from: pipeline.from.clone(),
        multiline: pipeline.multiline.clone(),
        stages: pipeline.stages.clone(),
        threads: pipeline.threads,
    }
}

fn forget_others(pipelines: &[Pipeline], journal: &Handle) {
    let ours: Vec<_> = pipelines.iter().map(|pipeline| spec(pipeline).cursor_name()).collect();
    for name in journal.cursor_names() {
        if !ours.contains(&name) {
            match journal.remove_cursor(&name) {
                Ok(()) => tracing::info!(cursor = name, "forgotten: the configuration has no such pipeline"),
                Err(error) => {
                    tracing::warn!(cursor = name, %error, "this place in the journal could not be forgotten");
                }
            }
        }
    }
}

fn open(
    output: &config::Output,
    pipeline: &str,
    data_dir: &Path,
    store: &StoreHandle,
    tail: &Tail,
    forwards: &mut Vec<ForwardWatch>,
) -> Result<Box<dyn Output>, PipelineError> {
    Ok(match output {
        config::Output::Store => {
            Box::new(StoreOutput { store: Arc::clone(&store.0), pipeline: pipeline.to_owned() })
        }
        config::Output::Tail => Box::new(tail.output()),
        config::Output::Stdout => Box::new(StdoutOutput::new(Format::Text)),
        config::Output::File { path, json } => Box::new(file(path, *json, pipeline, data_dir)?),
        config::Output::Named(config::Named { name, sink: config::Sink::File { path, json } }) => {
            Box::new(file(path, *json, pipeline, data_dir)?.named(name))
        }
        config::Output::Named(config::Named { name, sink: config::Sink::Forward(forward) }) => {
            let output = ForwardOutput::start(name, forward.options())
                .map_err(|source| PipelineError::Forward { name: name.clone(), source })?;
            forwards.push(output.watch());
            Box::new(output)
        }
    })
}

fn file(path: &Path, json: bool, pipeline: &str, data_dir: &Path) -> Result<FileOutput, PipelineError> {
    let places = data_dir.join(OUTPUTS_DIR);
    std::fs::create_dir_all(&places)
        .map_err(|source| PipelineError::Directory { path: places.display().to_string(), source })?;
    let format = if json { Format::Json } else { Format::Text };
    let state = places.join(format!("{pipeline}-{:08x}", crc(path)));
    FileOutput::open_with_state(path, &state, format)
        .map_err(|source| PipelineError::File { name: pipeline.to_owned(), source })
}

/// Tells the files of one pipeline apart.
fn crc(path: &Path) -> u32 {
    crc32c::crc32c(path.as_os_str().as_encoded_bytes())
}

/// The store as the output of one pipeline. It keeps its place in the same step as the records, so each is there once.
struct StoreOutput {
    store: Arc<Store>,
    pipeline: String,
}

impl Output for StoreOutput {
    fn name(&self) -> &str {
        "store"
    }

    fn resume_from(&self) -> Position {
        self.store.checkpoint(&self.pipeline)
    }

    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        self.store.append(&self.pipeline, records, upto).map_err(OutputError::failed)
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        Ok(self.store.checkpoint(&self.pipeline))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.store.flush().map_err(OutputError::failed)
    }
}
