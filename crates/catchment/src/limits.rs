//! What the program may need at most, added up before it starts.

use std::fmt;

use net::{PEER_BYTES, RECEIVER_BYTES};
use pipeline::Stage;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::{Config, Kind, Named, Output, Sink};
use crate::fanouts;
use crate::outputs::TAIL_BYTES;
use crate::units::{Bytes, rounded};

/// Batches that each event loop has: one is filled while others are written, synced and waiting.
pub(crate) const BATCHES: usize = 4;

/// The program itself: code, stacks, allocator, the log, the resolver.
const PROGRAM_BYTES: u64 = 16 << 20;

/// ACKs repeated for one write, for each source.
const SOURCE_BYTES: u64 = 64 << 10;

/// A batch of a pipeline before and behind its stages, and a frame of the journal.
const PIPELINE_BYTES: u64 = 8 << 20;

/// What a Python handler needs here: the batches that are on their way, and, for each worker, jobs as they are sent and what it says.
const HANDLER_BYTES: u64 = 8 << 20;
const WORKER_BYTES: u64 = 1 << 20;
/// Lines that wait for what continues them, before and behind they are moved.
const HELD_BYTES: u64 = 12 << 20;

/// A thread for stages: its part of a batch, and what the stages need.
const THREAD_BYTES: u64 = 4 << 20;

/// What writes, merges and reads parts beside the tables in memory.
const STORE_BYTES: u64 = 32 << 20;

/// An upload, and what reads there are of parts that are only on object storage.
const REMOTE_BYTES: u64 = 24 << 20;

/// Descriptors beside the peers': segments, readers, listeners, readiness queues, standard streams.
const OTHER_DESCRIPTORS: u64 = 64;

/// Why the program does not start with this configuration on this machine.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitError {
    #[error(
        "the configuration may need {needed} of memory, more than `memory_limit`, which is {limit}\n{memory}\n\
             raise `memory_limit`, or lower `peers_max`, `chunk_bytes`, `ring_bytes`, `loops`, `journal.batch_bytes`, `store.memtable_bytes`, `query.memory_bytes`, `web.tails_max`, the `bytes_max` of a stage or the `window_bytes` of an output"
    )]
    Memory { needed: Bytes, limit: Bytes, memory: Box<Memory> },
    #[error(
        "the configuration may need {needed} file descriptors, but this process may have {limit}; \
             raise the hard limit (`ulimit -Hn`), or lower `peers_max`, `web.tails_max` or the number of targets"
    )]
    Descriptors { needed: u64, limit: u64 },
}

/// The worst case in bytes, one line for each part that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    peers: u64,
    tables: u64,
    unfinished_lines: u64,
    loops: u64,
    batches: u64,
    reader: u64,
    pipelines: u64,
    stages: u64,
    /// Connections that get the lines of outputs, and those of them that only do that.
    receivers: u64,
    subscribers: u64,
    fanouts: u64,
    handlers: u64,
    /// In processes of their own, which `memory_limit` does not bound.
    workers: u64,
    worker_bytes: u64,
    store: u64,
    queries: u64,
    web: u64,
    inputs: u64,
}

impl Memory {
    pub(crate) fn of(config: &Config) -> Self {
        let loops = loops(config) as u64;
        let mut memory = Self {
            peers: 0,
            tables: config.sources.len() as u64 * SOURCE_BYTES,
            unfinished_lines: 0,
            loops,
            batches: loops * BATCHES as u64 * config.journal.batch_bytes as u64,
            reader: 0,
            pipelines: config.pipelines.len() as u64 * PIPELINE_BYTES,
            stages: config
                .pipelines
                .iter()
                .flat_map(|pipeline| &pipeline.stages)
                .map(Stage::memory_bytes)
                .sum(),
            receivers: 0,
            subscribers: 0,
            fanouts: 0,
            handlers: 0,
            workers: 0,
            worker_bytes: 0,
            // Two tables in memory: one takes records while the other becomes parts.
            store: 2 * config.store.memtable_bytes as u64
                + STORE_BYTES
                + config.store.remote.as_ref().map_or(0, |_| REMOTE_BYTES),
            queries: config.query.memory_bytes as u64,
            web: config.web.address.map_or(0, |_| web::memory_bytes(config.web.tails_max) as u64),
            inputs: config.inputs as u64 * download::MEMORY_BYTES,
        };
        for pipeline in &config.pipelines {
            memory.pipelines += if pipeline.multiline.is_some() { HELD_BYTES } else { 0 };
            memory.pipelines += (pipeline.threads as u64 - 1) * THREAD_BYTES;
            memory.pipelines += pipeline.to.iter().map(output_bytes).sum::<u64>();
        }
        if config.pipelines.iter().any(|pipeline| pipeline.to.contains(&Output::Tail)) {
            memory.pipelines += TAIL_BYTES as u64;
        }
        for spec in config.pipelines.iter().flat_map(|pipeline| &pipeline.stages).filter_map(handler) {
            let workers = spec.workers.map_or_else(workers::processors, std::num::NonZeroUsize::get) as u64;
            memory.handlers += HANDLER_BYTES + workers * WORKER_BYTES;
            memory.workers += workers;
            memory.worker_bytes += workers.saturating_mul(spec.memory_max);
        }
        for source in &config.sources {
            let peers = peers(&source.kind);
            memory.peers += peers;
            memory.tables += peers * PEER_BYTES as u64;
            memory.unfinished_lines += peers * source.chunk_bytes as u64;
            // Printing joins one line at a time, and reads one frame at a time.
            memory.reader = memory.reader.max((source.line_bytes_max + config.journal.batch_bytes) as u64);
        }
        for output in config.pipelines.iter().flat_map(|pipeline| &pipeline.to) {
            memory.add_fanout(output, config);
        }
        memory
    }

    fn add_fanout(&mut self, output: &Output, config: &Config) {
        let Output::Named(Named { sink, .. }) = output else { return };
        let (fanout, receivers) = match sink {
            Sink::Peers(to) => {
                let source = config.sources.iter().find(|source| source.name == to.source);
                (to.fanout, source.map_or(0, |source| peers(&source.kind)))
            }
            Sink::Subscribers(to) => {
                self.subscribers += to.peers_max as u64;
                self.fanouts += (to.peers_max * PEER_BYTES) as u64;
                (to.fanout, to.peers_max as u64)
            }
            Sink::File { .. } | Sink::Forward(_) => return,
        };
        self.receivers += receivers;
        self.fanouts += receivers * RECEIVER_BYTES as u64;
        self.fanouts += (fanout.ring_bytes + fanouts::TEXT_BYTES) as u64;
    }

    pub(crate) fn total(&self) -> u64 {
        PROGRAM_BYTES
            + self.tables
            + self.unfinished_lines
            + self.batches
            + self.reader
            + self.pipelines
            + self.stages
            + self.fanouts
            + self.handlers
            + self.store
            + self.queries
            + self.web
            + self.inputs
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { peers, tables, unfinished_lines, loops, batches, reader, .. } = *self;
        let Self { receivers, fanouts, inputs, .. } = *self;
        let Self { pipelines, stages, handlers, workers, worker_bytes, store, queries, web, .. } = *self;
        let mut part = |bytes, what: fmt::Arguments<'_>| writeln!(f, "  {:>10}  {what}", rounded(bytes));
        part(PROGRAM_BYTES, format_args!("the program"))?;
        part(tables, format_args!("{peers} peers"))?;
        part(unfinished_lines, format_args!("their unfinished lines, one chunk each"))?;
        part(batches, format_args!("{loops} event loops with {BATCHES} batches each"))?;
        part(reader, format_args!("printing: one frame and one line"))?;
        part(pipelines, format_args!("pipelines: a batch each, the tail, and what goes on to others"))?;
        part(stages, format_args!("what stages remember, and tables they look things up in"))?;
        if fanouts > 0 {
            part(fanouts, format_args!("the newest lines for {receivers} connections that get them"))?;
        }
        if workers > 0 {
            part(handlers, format_args!("Python handlers: what is on its way to workers"))?;
        }
        part(store, format_args!("the newest records, and what makes parts of them"))?;
        part(queries, format_args!("queries"))?;
        part(web, format_args!("the page: its connections, and who follows the tail"))?;
        if inputs > 0 {
            part(inputs, format_args!("what is fetched, read and unpacked here"))?;
        }
        write!(f, "  {:>10}  in all, at most", rounded(self.total()))?;
        if workers > 0 {
            write!(
                f,
                "\n  {:>10}  and {workers} Python workers, each a process of its own",
                rounded(worker_bytes)
            )?;
        }
        Ok(())
    }
}

/// The number of event loops: as configured, or half the cores, so that the journal and whoever reads have the rest.
pub(crate) fn loops(config: &Config) -> usize {
    let by_cores = || std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 8));
    config.loops.map_or_else(by_cores, std::num::NonZeroUsize::get)
}

/// What an output holds beside its pipeline's batch.
fn output_bytes(output: &Output) -> u64 {
    match output {
        Output::Named(Named { sink: Sink::Forward(forward), .. }) => forward.memory_bytes(),
        _ => 0,
    }
}

fn handler(stage: &pipeline::Stage) -> Option<&workers::Spec> {
    if let pipeline::Stage::Python(spec) = stage { Some(spec) } else { None }
}

fn peers(kind: &Kind) -> u64 {
    match kind {
        Kind::Connect(connect) => (connect.targets.len() + connect.file_targets.len()) as u64,
        Kind::Listen(listen) => listen.peers_max as u64,
    }
}

/// Refuses a configuration that this machine or its own `memory_limit` cannot bear. Raises the soft limit of open files
/// to the hard one first.
pub(crate) fn check(config: &Config) -> Result<(), LimitError> {
    let memory = Memory::of(config);
    if memory.total() > config.memory_limit {
        let (needed, limit) = (Bytes(memory.total().next_multiple_of(1 << 20)), Bytes(config.memory_limit));
        return Err(LimitError::Memory { needed, limit, memory: Box::new(memory) });
    }
    let web = config.web.address.map_or(0, |_| web::connections_max(config.web.tails_max) as u64);
    let needed = memory.peers + memory.subscribers + web + OTHER_DESCRIPTORS;
    match raise_open_files() {
        Some(limit) if needed > limit => Err(LimitError::Descriptors { needed, limit }),
        _ => Ok(()),
    }
}

/// Returns the number of files this process may open now; none means as many as it likes.
fn raise_open_files() -> Option<u64> {
    let now = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: now.maximum, maximum: now.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => now.maximum,
        // Some systems refuse a soft limit without bound. What there is, is what there is.
        Err(_) => now.current,
    }
}
