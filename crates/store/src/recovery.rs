//! What a store's directory says when it is opened.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::change::{Added, Change};
use crate::core::Ledger;
use crate::disk::{Disk, Found, part_path};
use crate::manifest::{Manifest, Replayed, newest};
use crate::prefix::Shelf;
use crate::{Damaged, OpenError, Snapshot, identity};

/// Opens a directory to write: reads the manifest, removes what a crash left, sets aside parts that are missing or cut
/// off, and takes back those that were restored.
pub(crate) fn open(disk: &Disk, shelf: &Shelf) -> Result<(Ledger, File), OpenError> {
    let dir = disk.dir();
    disk.make().map_err(OpenError::io("create", dir))?;
    let lock = disk.lock().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => OpenError::Locked { dir: dir.to_owned(), owner: error.to_string() },
        _ => OpenError::io("lock", dir)(error),
    })?;
    let there = disk.parts().map_err(OpenError::io("list", dir))?;
    let replayed = newest(disk, shelf)?;
    if let Some(prefix) = &shelf.prefix {
        let known = replayed.as_ref().and_then(|replayed| replayed.catalog.identity.as_ref());
        identity::admit(known, prefix, dir)?;
    }
    let mut ledger = match replayed {
        Some(replayed) => {
            if replayed.torn {
                tracing::warn!(dir = %dir.display(), "the manifest's last record was not finished, the one before it counts");
            }
            let manifest =
                Manifest::resume(disk, &replayed).map_err(OpenError::io("open the manifest in", dir))?;
            Ledger { manifest, catalog: replayed.catalog }
        }
        None if there.iter().any(|found| found.id.is_some() && !found.unfinished) => {
            return Err(OpenError::NoManifest { dir: dir.to_owned() });
        }
        None => {
            let manifest = Manifest::create(disk).map_err(OpenError::io("create a manifest in", dir))?;
            Ledger { manifest, catalog: Catalog::default() }
        }
    };
    if let Err(error) = disk.tidy_manifests(ledger.manifest.number()) {
        tracing::warn!(%error, "old manifests stay");
    }
    restore(disk, shelf, &mut ledger);
    tidy(disk, &mut ledger, there);
    set_aside(disk, shelf, &mut ledger);
    Ok((ledger, lock))
}

/// What is in a directory, without changing it.
pub(crate) fn view(shelf: &Shelf) -> Result<Snapshot, OpenError> {
    let dir = &*shelf.dir;
    let disk = Disk::new(dir);
    let mut catalog = match newest(&disk, shelf)? {
        Some(Replayed { catalog, .. }) => catalog,
        None => {
            let there = disk.parts().map_err(OpenError::io("list", dir))?;
            if there.iter().any(|found| found.id.is_some() && !found.unfinished) {
                return Err(OpenError::NoManifest { dir: dir.to_owned() });
            }
            return Ok(Snapshot::default());
        }
    };
    if let Some(prefix) = &shelf.prefix {
        identity::look_elsewhere(catalog.identity.as_ref(), prefix);
    }
    let mut wrong: BTreeMap<u64, String> = wrong_lengths(&disk, &catalog).into_iter().collect();
    for (id, live) in &mut catalog.parts {
        if live.uploaded && wrong.remove(id).is_some() {
            live.part = Arc::new(shelf.remote_part(&live.added(*id)));
        }
    }
    let mut damaged = catalog.damaged(dir);
    damaged.extend(wrong.iter().filter_map(|(id, why)| {
        let part = &catalog.parts.get(id)?.part;
        Some(Damaged { path: part.path().to_owned(), rows: part.summary().rows, why: why.clone() })
    }));
    let parts = catalog.newest_first();
    let good = |path: &Path| {
        wrong.keys().all(|id| catalog.parts.get(id).is_none_or(|live| live.part.path() != path))
    };
    Ok(Snapshot {
        memory: Vec::new(),
        parts: parts.into_iter().filter(|part| good(part.path())).collect(),
        checkpoints: catalog.checkpoints,
        damaged,
    })
}

/// Parts that were set aside and whose files someone has put back are parts again.
fn restore(disk: &Disk, shelf: &Shelf, ledger: &mut Ledger) {
    let mut change = Change::default();
    for (id, aside) in &ledger.catalog.aside {
        let part = &aside.part;
        let path = part_path(disk.dir(), part.place, *id);
        let whole = disk.len(&path).is_ok_and(|len| len == Some(part.summary.bytes));
        if whole && part::Part::open(path, part.summary.clone()).verify().is_ok() {
            // Its object may be what was damaged: it is uploaded again.
            change.added.push(Added { uploaded: false, ..part.clone() });
            change.forgotten.push(*id);
        }
    }
    for part in &change.added {
        tracing::info!(part = part.id, rows = part.summary.rows, "a part that was set aside is whole again");
    }
    record(disk, shelf, ledger, change);
}

/// Removes what a crash left of parts that are not in the table.
fn tidy(disk: &Disk, ledger: &mut Ledger, there: Vec<Found>) {
    let catalog = &mut ledger.catalog;
    for Found { path, id, unfinished } in there {
        let Some(id) = id else { continue };
        // Should its file stay, its number must not be used again.
        catalog.next = catalog.next.max(id.saturating_add(1));
        let known = catalog.parts.get(&id).is_some_and(|live| live.part.path() == path);
        if known && !unfinished {
            continue;
        }
        let is_aside = !unfinished && catalog.aside.contains_key(&id);
        let done = if is_aside { disk.put_aside(&path, id) } else { disk.unlink(&path) };
        match done {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %path.display(), "an unused file stays");
            }
            _ => {}
        }
    }
}

/// Sets aside the parts that are missing or do not have their length. Of a part on object storage, what is here is removed.
fn set_aside(disk: &Disk, shelf: &Shelf, ledger: &mut Ledger) {
    for (id, why) in wrong_lengths(disk, &ledger.catalog) {
        let Some(live) = ledger.catalog.parts.get(&id) else { continue };
        let (path, rows) = (live.part.path().to_owned(), live.part.summary().rows);
        if live.uploaded {
            tracing::warn!(path = %path.display(), why, "the copy of a part is damaged, it is read from object storage");
            if let Err(error) = disk.evict_part(&path) {
                tracing::warn!(%error, path = %path.display(), "a damaged copy stays where it is");
            }
            continue;
        }
        tracing::error!(path = %path.display(), rows, why, "a damaged part is set aside, the rest stays readable");
        let change = ledger.catalog.set_aside(id, why).unwrap_or_default();
        record(disk, shelf, ledger, change);
        match disk.put_aside(&path, id) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, path = %path.display(), "a damaged part stays where it is");
            }
            _ => {}
        }
    }
}

/// Takes a step that the next opening finds again, should there be no room for its record now.
fn record(disk: &Disk, shelf: &Shelf, ledger: &mut Ledger, change: Change) {
    if change == Change::default() {
        return;
    }
    if let Err(error) = ledger.manifest.append(disk, &ledger.catalog, &change) {
        tracing::warn!(%error, "the manifest could not be written, this is found again when the store is next opened");
    }
    if let Err(error) = ledger.catalog.apply(change, shelf) {
        tracing::error!(error, "a change does not follow");
    }
}

/// The parts whose files are missing, unless they are on object storage, or have another length. Where the system gives no answer, nothing is said.
fn wrong_lengths(disk: &Disk, catalog: &Catalog) -> Vec<(u64, String)> {
    let wrong = catalog.parts.iter().filter_map(|(id, live)| {
        let wanted = live.part.summary().bytes;
        match disk.len(live.part.path()).ok()? {
            None if live.uploaded => None,
            None => Some((*id, "its file is missing".to_owned())),
            Some(len) if len != wanted => Some((*id, format!("it has {len} bytes instead of {wanted}"))),
            Some(_) => None,
        }
    });
    wrong.collect()
}
