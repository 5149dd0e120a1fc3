use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use part::Builder;
use record::clock::monotonic;
use record::{Batch, Position};

use crate::compaction::Compaction;
use crate::core::{Core, Stage, State};
use crate::disk::Disk;
use crate::flush::Flush;
use crate::limits::Limits;
use crate::prefix::{Prefix, Shelf};
use crate::retention::Retention as RetentionService;
use crate::upload::Upload;
use crate::{AppendError, OpenError, Options, Retention, Snapshot, Status, StoreError, recovery, service};

/// The table, open to be written.
///
/// What it owns: its directory, rows in memory, and the threads `flush`, `compaction`, `retention` and, with
/// [`Options::remote`], `upload`. What bounds it:
/// [`Options::memtable_bytes`], twice, and one batch for each pipeline; on disk what retention says. How it stops:
/// [`Store::stop`]. Dropped without that it ends at once, and what is in memory comes again from the journal, as after
/// a crash. What happens when it fails: rows are kept, the threads try again until it works, and [`Store::append`]
/// waits when the memory is full.
#[derive(Debug)]
pub struct Store {
    core: Arc<Core>,
    threads: Vec<JoinHandle<()>>,
    upload: Option<JoinHandle<()>>,
}

/// How long the end of a store waits for an upload to notice.
const UPLOAD_END: Duration = Duration::from_secs(1);

impl Store {
    /// Opens the store in `dir`, or makes one.
    ///
    /// # Errors
    /// When another one has it open, or its manifest is damaged or cannot be read. Object storage is asked only before its
    /// first use: there must be no other store below that URL. That it cannot be reached is no error.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let mut store = Self { core: open_core(dir, options)?, threads: Vec::new(), upload: None };
        let spawn = OpenError::io("start a thread for", dir);
        let core = &store.core;
        let started = (|| {
            let mut threads = vec![service::start(core, Flush::default())?];
            threads.push(service::start(core, Compaction::default())?);
            threads.push(service::start(core, RetentionService)?);
            let remote = core.shelf.prefix.is_some();
            Ok((threads, remote.then(|| service::start(core, Upload::new())).transpose()?))
        })();
        (store.threads, store.upload) = started.map_err(spawn)?;
        Ok(store)
    }

    /// The pipeline need not give again what is up to here: it is in parts, durably, or was dropped by the pipeline.
    /// Position 0 for a pipeline that is not known.
    pub fn checkpoint(&self, pipeline: &str) -> Position {
        self.core.state().checkpoints.get(pipeline).copied().unwrap_or_default()
    }

    /// Adds the records of a pipeline. When it returns, every snapshot taken from now on has them.
    ///
    /// The records are in the order of their positions; those up to what the pipeline has given before are ignored, so
    /// that it can begin again at its checkpoint. `upto` says that there is no other record up to there. Waits while
    /// there is no room, that is as long as the disk takes no parts, until the store stops.
    ///
    /// # Errors
    /// When the store stops, or the records fit no columns. Nothing was added then.
    pub fn append(&self, pipeline: &str, records: &Batch, upto: Position) -> Result<(), AppendError> {
        self.core.append(pipeline, records, upto)
    }

    /// All rows at this instant.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.core.snapshot()
    }

    /// Writes what was appended before this call to parts, durably.
    ///
    /// # Errors
    /// When an attempt failed, or the store stops. It goes on trying without being asked.
    pub fn flush(&self) -> Result<(), StoreError> {
        self.core.flush()
    }

    /// How it is.
    pub fn status(&self) -> Status {
        self.core.status()
    }

    /// Other limits from now on: those of [`Options`] with these names.
    pub fn apply(
        &self,
        retention: Retention,
        source_retention: BTreeMap<String, Retention>,
        disk_free_min: u64,
    ) {
        self.core.set_limits(Limits { retention, sources: source_retention, disk_free_min });
    }

    /// Takes a part out of the table because a reader could not read it: its rows are in no later snapshot, it is
    /// counted in the status, and its file goes to the directory `damaged`. `part` is its path in a snapshot. Returns
    /// false when the table has no such part any more.
    ///
    /// # Errors
    /// When the manifest cannot be written.
    pub fn set_aside(&self, part: &Path, why: &str) -> Result<bool, StoreError> {
        let id = {
            let ledger = self.core.ledger();
            ledger.catalog.parts.iter().find(|(_, live)| live.part.path() == part).map(|(id, _)| *id)
        };
        id.map_or(Ok(false), |id| self.core.set_aside(id, why))
    }

    /// Takes no more rows, writes those in memory to parts, and ends. A merge or an upload that is under way is cut off:
    /// what is not on object storage is uploaded when the store is opened again.
    ///
    /// # Errors
    /// When that takes longer than `timeout`, or rows could not be written. They come again from the journal.
    pub fn stop(mut self, timeout: Duration) -> Result<(), StoreError> {
        let deadline = monotonic() + timeout;
        self.core.set_stage(Stage::Stopping);
        let state = self.core.wait_while(Some(deadline), |state| state.services > 0);
        let (services, dirty) = (state.services, state.is_dirty());
        let trouble = state.counts.flush.trouble.clone();
        drop(state);
        if services > 0 {
            self.core.set_stage(Stage::CutOff);
            // They end by themselves, at their next row or change.
            self.threads.clear();
            return Err(StoreError::Unfinished);
        }
        if dirty {
            return Err(StoreError::Pending(trouble.unwrap_or_else(|| "the flush was cut off".to_owned())));
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.core.set_stage(Stage::CutOff);
        for thread in self.threads.drain(..) {
            // A panic in it was logged.
            let _ = thread.join();
        }
        let deadline = monotonic() + UPLOAD_END;
        let busy = self.core.wait_while(Some(deadline), |state| state.uploading).uploading;
        if let Some(thread) = self.upload.take()
            && !busy
        {
            let _ = thread.join();
        }
    }
}

/// Opens a store without its services.
pub(crate) fn open_core(dir: &Path, options: Options) -> Result<Arc<Core>, OpenError> {
    open_core_on(Disk::new(dir), options)
}

pub(crate) fn open_core_on(disk: Disk, options: Options) -> Result<Arc<Core>, OpenError> {
    let prefix = options.remote.as_ref().map(|remote| Arc::new(Prefix::of_store(remote, disk.dir())));
    let shelf = Shelf { dir: disk.dir().to_owned(), prefix };
    let (ledger, lock) = recovery::open(&disk, &shelf)?;
    Ok(Arc::new(Core::new(disk, shelf, options, ledger, lock)))
}

impl Core {
    pub(crate) fn append(&self, pipeline: &str, records: &Batch, upto: Position) -> Result<(), AppendError> {
        loop {
            let full = |state: &mut State| self.stage() == Stage::Running && state.is_full(&self.options);
            let given = self.wait_while(None, full).given(pipeline);
            let rows = build(records, given);
            let mut state = self.state();
            if self.stage() != Stage::Running {
                return Err(AppendError::Stopped);
            }
            if state.given(pipeline) != given {
                // Someone else was faster with the same pipeline: what is new is decided anew.
                continue;
            }
            let upto = records.last_position().map_or(upto, |last| last.max(upto));
            if upto <= given {
                return Ok(());
            }
            let idle = state.since.is_none();
            state.add(pipeline, rows, upto);
            let full = state.active.bytes() >= self.options.memtable_bytes;
            if full && state.sealed.is_none() {
                state.seal();
            }
            drop(state);
            if idle || full {
                self.tell(|_| {});
            }
            return Ok(());
        }
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let (wanted, failures) = self.tell(|state| {
            state.flush_wanted = true;
            (state.appends, state.counts.flush.failures)
        });
        let state = self.wait_while(None, |state| {
            state.flushed < wanted && state.counts.flush.failures == failures && state.services > 0
        });
        if state.flushed >= wanted {
            return Ok(());
        }
        match &state.counts.flush.trouble {
            Some(trouble) => Err(StoreError::Pending(trouble.clone())),
            None => Err(StoreError::Stopping),
        }
    }
}

impl State {
    fn is_full(&self, options: &Options) -> bool {
        self.sealed.is_some() && self.active.bytes() >= options.memtable_bytes
    }

    fn given(&self, pipeline: &str) -> Position {
        self.appended.get(pipeline).copied().unwrap_or_default()
    }

    fn add(&mut self, pipeline: &str, rows: Option<arrow_array::RecordBatch>, upto: Position) {
        if let Some(rows) = rows {
            self.active.push(rows);
        }
        self.appended.insert(pipeline.to_owned(), upto);
        self.appends += 1;
        self.since.get_or_insert_with(monotonic);
        self.moved();
    }
}

/// The records behind `given`.
fn build(records: &Batch, given: Position) -> Option<arrow_array::RecordBatch> {
    let mut builder = Builder::new();
    records.iter().filter(|record| record.position() > given).for_each(|record| builder.append(record));
    (!builder.is_empty()).then(|| builder.finish())
}

#[cfg(test)]
impl Store {
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }
}
