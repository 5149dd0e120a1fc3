//! What the store's services and users share.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use part::Part;
use record::Position;
use record::clock::monotonic;

use crate::catalog::Catalog;
use crate::change::{Added, Change};
use crate::disk::Disk;
use crate::limits::Limits;
use crate::manifest::Manifest;
use crate::memtable::Memtable;
use crate::place::Place;
use crate::prefix::Shelf;
use crate::{Damaged, Options, RemoteStatus, Snapshot, Status, StoreError, copies};

/// Owns the directory, the manifest and the rows in memory.
///
/// Two locks: the *ledger*, held while a change is made durable, and the *state*, held for moments only, so that
/// neither appends nor snapshots wait for the disk. The ledger is locked first.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) disk: Disk,
    pub(crate) shelf: Shelf,
    pub(crate) options: Options,
    limits: Mutex<Arc<Limits>>,
    ledger: Mutex<Ledger>,
    state: Mutex<State>,
    changed: Condvar,
    stage: AtomicU8,
    next_part: AtomicU64,
    _lock: File,
}

/// What is durable.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) manifest: Manifest,
    pub(crate) catalog: Catalog,
}

/// What is visible.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) active: Memtable,
    /// Rows that are being written to parts.
    pub(crate) sealed: Option<Arc<Sealed>>,
    /// When the first of what is not durable in parts came.
    pub(crate) since: Option<Duration>,
    /// What each pipeline has given.
    pub(crate) appended: BTreeMap<String, Position>,
    pub(crate) checkpoints: BTreeMap<String, Position>,
    parts: Vec<Arc<Part>>,
    damaged: Vec<Damaged>,
    /// Files of parts that are no longer in the table.
    pub(crate) leaving: Vec<Leaving>,
    /// The snapshot of just this state, if someone asked for it.
    view: Option<Arc<Snapshot>>,
    /// Counts what services wait for.
    events: u64,
    pub(crate) flush_wanted: bool,
    /// How many appends there were, and how many of them are in parts.
    pub(crate) appends: u64,
    pub(crate) flushed: u64,
    pub(crate) services: u32,
    /// The service that uploads runs. It is not waited for: the network may keep it.
    pub(crate) uploading: bool,
    pub(crate) counts: Status,
}

/// A full memtable, with what it covers.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) rows: Memtable,
    pub(crate) appended: BTreeMap<String, Position>,
    pub(crate) appends: u64,
}

/// A file that is removed, or put aside, when nobody holds its part any more.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub(crate) part: Weak<Part>,
    pub(crate) path: PathBuf,
    pub(crate) aside: Option<u64>,
}

/// How far the store is with stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    Running,
    /// No more rows are taken, those in memory are flushed.
    Stopping,
    /// Everything ends where it is.
    CutOff,
}

impl Core {
    pub(crate) fn new(disk: Disk, shelf: Shelf, options: Options, ledger: Ledger, lock: File) -> Self {
        let catalog = &ledger.catalog;
        let next_part = catalog.next.max(1);
        let mut state = State { appended: catalog.checkpoints.clone(), ..State::default() };
        state.show(catalog, &disk);
        state.counts.remote = shelf
            .prefix
            .as_ref()
            .map(|prefix| RemoteStatus { url: prefix.objects.url().to_owned(), ..RemoteStatus::default() });
        Self {
            limits: Mutex::new(Arc::new(Limits::of(&options))),
            disk,
            shelf,
            options,
            ledger: Mutex::new(ledger),
            state: Mutex::new(state),
            changed: Condvar::new(),
            stage: AtomicU8::new(Stage::Running as u8),
            next_part: AtomicU64::new(next_part),
            _lock: lock,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.limits.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_limits(&self, limits: Limits) {
        *self.limits.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
        self.tell(|_| {});
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Running,
            1 => Stage::Stopping,
            _ => Stage::CutOff,
        }
    }

    pub(crate) fn set_stage(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::AcqRel);
        self.tell(|_| {});
    }

    /// Changes the state in a way that gives services something to do, and wakes everyone who waits.
    pub(crate) fn tell<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.note(|state| {
            state.events += 1;
            change(state)
        })
    }

    /// Changes the state, and lets everyone who waits look at it. Services go on waiting.
    pub(crate) fn note<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let told = change(&mut state);
        drop(state);
        self.changed.notify_all();
        told
    }

    pub(crate) fn events(&self) -> u64 {
        self.state().events
    }

    /// Waits until something has happened since `seen`, or for so long.
    pub(crate) fn wait_event(&self, seen: u64, timeout: Duration) {
        let wait = self.changed.wait_timeout_while(self.state(), timeout, |state| state.events == seen);
        drop(wait.unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits as long as `waiting` is true, or until `deadline`.
    pub(crate) fn wait_while(
        &self,
        deadline: Option<Duration>,
        mut waiting: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'_, State> {
        let mut state = self.state();
        while waiting(&mut state) {
            // Long enough to be no load, short enough to matter to nobody if a wake-up should be missing.
            let rest =
                deadline.map_or(Duration::from_secs(60), |deadline| deadline.saturating_sub(monotonic()));
            if rest.is_zero() {
                break;
            }
            state = self.changed.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    pub(crate) fn next_part(&self) -> u64 {
        self.next_part.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a change durable, then visible; `publish` changes the state in the same moment. Returns false, and does
    /// nothing, when a part that it removes is no longer there.
    ///
    /// # Errors
    /// Whatever the system reports. A crash may still show the change: the files of the parts it adds must stay, and it
    /// is to be tried again.
    pub(crate) fn commit(&self, change: Change, publish: impl FnOnce(&mut State)) -> io::Result<bool> {
        let mut ledger = self.ledger();
        let Ledger { manifest, catalog } = &mut *ledger;
        let removed = change.removed.iter().copied().chain(change.aside.iter().map(|aside| aside.part.id));
        if removed.into_iter().any(|id| !catalog.parts.contains_key(&id)) {
            return Ok(false);
        }
        if self.stage() == Stage::CutOff {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "the store is stopping"));
        }
        manifest.append(&self.disk, catalog, &change)?;
        let aside: Vec<u64> = change.aside.iter().map(|aside| aside.part.id).collect();
        let gone = catalog.apply(change, &self.shelf).map_err(io::Error::other)?;
        self.tell(|state| {
            state.show(catalog, &self.disk);
            state.leaving.extend(gone.iter().map(|(id, live)| Leaving {
                part: Arc::downgrade(&live.part),
                path: live.part.path().to_owned(),
                aside: aside.contains(id).then_some(*id),
            }));
            publish(state);
        });
        Ok(true)
    }

    pub(crate) fn committed<T>(&self, result: io::Result<T>) -> Result<T, StoreError> {
        let dir = self.disk.dir().to_owned();
        result.map_err(|source| StoreError::Io { doing: "change the manifest", dir, source })
    }

    /// Passes a named point before a call to object storage. It fails when the store stops.
    pub(crate) fn far_point(&self, name: &str) -> Result<(), StoreError> {
        if self.stage() != Stage::Running {
            return Err(StoreError::Stopping);
        }
        let passed = self.disk.point(name);
        passed.map_err(|source| self.far_error("use object storage", source))
    }

    /// What a failed call to object storage is: nothing to speak of when the store stops.
    pub(crate) fn far_error(&self, doing: &'static str, source: io::Error) -> StoreError {
        if self.stage() == Stage::Running {
            StoreError::Remote { doing, source }
        } else {
            StoreError::Stopping
        }
    }

    /// Takes a part that cannot be read out of the table, unless only what is on this disk of it cannot be read: then that
    /// goes, and its object is read from now on.
    pub(crate) fn set_aside(&self, id: u64, why: &str) -> Result<bool, StoreError> {
        if copies::heal(self, id, why)? {
            return Ok(true);
        }
        let change = self.ledger().catalog.set_aside(id, why.to_owned());
        let Some(change) = change else { return Ok(false) };
        let (rows, path) = (change.aside[0].part.summary.rows, change.aside[0].part.place);
        let done = self.committed(self.commit(change, |_| {}))?;
        if done {
            tracing::error!(part = id, place = %path, rows, why, "a damaged part was set aside, the rest stays readable");
        }
        Ok(done)
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        let mut state = self.state();
        if let Some(view) = &state.view {
            return Arc::clone(view);
        }
        let sealed = state.sealed.iter().flat_map(|sealed| sealed.rows.batches());
        let view = Arc::new(Snapshot {
            memory: sealed.chain(state.active.batches()).cloned().collect(),
            parts: state.parts.clone(),
            checkpoints: state.appended.clone(),
            damaged: state.damaged.clone(),
        });
        state.view = Some(Arc::clone(&view));
        view
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.state();
        let sealed = state.sealed.as_ref().map_or((0, 0), |sealed| (sealed.rows.rows(), sealed.rows.bytes()));
        Status {
            memory_rows: (state.active.rows() + sealed.0) as u64,
            memory_bytes: (state.active.bytes() + sealed.1) as u64,
            parts: state.parts.len() as u64,
            part_rows: state.parts.iter().map(|part| part.summary().rows).sum(),
            part_bytes: state.parts.iter().map(|part| part.summary().bytes).sum(),
            waiting_files: state.leaving.len() as u64,
            appended: state.appended.clone(),
            checkpoints: state.checkpoints.clone(),
            damaged: state.damaged.clone(),
            ..state.counts.clone()
        }
    }

    /// Gives parts that are written their names; without success they are removed again.
    pub(crate) fn finish_parts(&self, parts: &[Added]) -> Result<(), StoreError> {
        let names: Vec<(Place, u64)> = parts.iter().map(|part| (part.place, part.id)).collect();
        let dir = self.disk.dir().to_owned();
        self.disk.finish_parts(&names).map_err(|source| {
            self.discard(parts);
            StoreError::Io { doing: "rename a part", dir, source }
        })
    }

    /// Removes parts that never became part of the table.
    pub(crate) fn discard(&self, parts: &[Added]) {
        parts.iter().for_each(|part| self.disk.discard_part(part.place, part.id));
    }
}

impl State {
    /// Shows what is durable.
    pub(crate) fn show(&mut self, catalog: &Catalog, disk: &Disk) {
        self.parts = catalog.newest_first();
        self.checkpoints = catalog.checkpoints.clone();
        self.damaged = catalog.damaged(disk.dir());
        self.view = None;
    }

    /// The snapshot of before no longer is one of this state.
    pub(crate) fn moved(&mut self) {
        self.view = None;
    }
}
