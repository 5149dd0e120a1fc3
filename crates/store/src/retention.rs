//! Old parts go, and files that nobody needs.

use std::io;
use std::time::Duration;

use record::clock::wall;

use crate::catalog::Live;
use crate::change::Change;
use crate::core::{Core, Leaving};
use crate::limits::Reason;
use crate::service::{Next, Work};
use crate::status::{Service, Status};
use crate::{StoreError, copies};

/// How often it looks.
const LOOK: Duration = Duration::from_secs(5);
/// And how often while files wait for snapshots.
const LOOK_AT_FILES: Duration = Duration::from_millis(500);

/// The service that drops what may be dropped, and removes the files of parts that are no longer in the table.
///
/// Owns nothing. Killed at any point it leaves files that do not count, which are removed when the store is opened.
#[derive(Debug, Default)]
pub(crate) struct Retention;

impl Work for Retention {
    const NAME: &'static str = "retention";

    fn step(&mut self, core: &Core) -> Result<Next, StoreError> {
        let now = i64::try_from(wall().0).unwrap_or(i64::MAX);
        retain(core, now)?;
        let left = remove_files(core)?;
        Ok(Next::Wait(if left == 0 { LOOK } else { LOOK_AT_FILES }))
    }

    fn end(&mut self, core: &Core) -> Result<(), StoreError> {
        remove_files(core).map(|_| ())
    }

    fn status(status: &mut Status) -> &mut Service {
        &mut status.retention
    }
}

/// Drops the parts that the limits let go.
pub(crate) fn retain(core: &Core, now: i64) -> Result<(), StoreError> {
    let limits = core.limits();
    let missing = missing_bytes(core, limits.disk_free_min);
    // What is on object storage as well goes first. How much that helps is seen at the next look.
    let missing = if copies::free(core, missing)? > 0 { 0 } else { missing };
    let mut change = Change::default();
    let mut dropped = Vec::new();
    {
        let ledger = core.ledger();
        let catalog = &ledger.catalog;
        let parts: Vec<_> = catalog.parts.iter().map(|(id, live)| (*id, live.part.summary())).collect();
        let uploaded = |id| catalog.parts.get(&id).is_some_and(|live| frees_nothing(core, live));
        for (id, reason) in limits.choose(&parts, now, missing, uploaded) {
            change.removed.push(id);
            let Some(live) = catalog.parts.get(&id) else { continue };
            dropped.push((reason, live.part.summary().rows, live.part.summary().bytes));
        }
        let aside = catalog.aside.values().filter(|aside| limits.too_old(&aside.part.summary, now));
        change.forgotten.extend(aside.map(|aside| aside.part.id));
    }
    if change == Change::default() {
        return Ok(());
    }
    let (removed, forgotten) = (change.removed.len(), change.forgotten.clone());
    let committed = core.commit(change, |state| {
        state.counts.retention.done += 1;
        for (reason, rows, bytes) in &dropped {
            let count = state.counts.dropped(*reason);
            *count = crate::Dropped {
                parts: count.parts + 1,
                rows: count.rows + rows,
                bytes: count.bytes + bytes,
            };
        }
    });
    // When a part was merged meanwhile, the next look finds its rows in another one.
    if core.committed(committed)? && removed > 0 {
        for why in [Reason::Age, Reason::Bytes, Reason::FreeDisk] {
            let these = dropped.iter().filter(|(reason, ..)| *reason == why);
            let (parts, rows) = these.fold((0, 0), |(parts, all), (_, rows, _)| (parts + 1, all + rows));
            if parts > 0 {
                tracing::info!(parts, rows, ?why, "retention dropped parts");
            }
        }
    }
    for id in forgotten {
        if let Err(error) = core.disk.remove_aside(id) {
            tracing::warn!(%error, part = id, "a damaged part stays though its age is over");
        }
    }
    let dir = core.disk.dir().to_owned();
    let dropped = core.disk.point("retention-dropped");
    dropped.map_err(|source| StoreError::Io { doing: "drop parts", dir, source })
}

/// True for a part that is on object storage: its copy has gone for the free disk, or can go.
fn frees_nothing(core: &Core, live: &Live) -> bool {
    let has_file = || core.disk.len(live.part.path()).is_ok_and(|len| len.is_some());
    live.uploaded && (core.shelf.prefix.is_some() || !has_file())
}

/// How many bytes have to become free, apart from those that are about to.
fn missing_bytes(core: &Core, wanted: u64) -> u64 {
    if wanted == 0 {
        return 0;
    }
    let leaving: Vec<_> = core.state().leaving.iter().map(|leaving| leaving.path.clone()).collect();
    let soon: u64 = leaving.iter().filter_map(|path| core.disk.len(path).ok().flatten()).sum();
    // Without an answer nothing is dropped.
    let free = core.disk.free_bytes().unwrap_or(u64::MAX);
    wanted.saturating_sub(free.saturating_add(soon))
}

/// Removes the files of parts that nobody holds any more, or puts them aside. Returns how many are left.
pub(crate) fn remove_files(core: &Core) -> Result<usize, StoreError> {
    let (free, held): (Vec<Leaving>, Vec<Leaving>) = {
        let mut state = core.state();
        std::mem::take(&mut state.leaving).into_iter().partition(|leaving| leaving.part.strong_count() == 0)
    };
    let mut left = held;
    let mut failure = None;
    for leaving in free {
        let gone = match leaving.aside {
            Some(id) => core.disk.put_aside(&leaving.path, id),
            None => core.disk.unlink(&leaving.path),
        };
        match gone {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                failure = Some(error);
                left.push(leaving);
            }
            _ => {}
        }
    }
    let count = left.len();
    core.state().leaving.extend(left);
    match failure {
        None => Ok(count),
        Some(source) => {
            Err(StoreError::Io { doing: "remove a file", dir: core.disk.dir().to_owned(), source })
        }
    }
}
