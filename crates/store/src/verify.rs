use std::path::{Path, PathBuf};
use std::sync::Arc;

use part::Part;

use crate::disk::Disk;
use crate::manifest::newest;
use crate::prefix::{Prefix, Shelf};
use crate::{Damaged, OpenError, Remote, Snapshot, recovery};

/// What [`verify`] found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Parts that are as they were written.
    pub good: Vec<Arc<Part>>,
    /// Parts that are missing or not as they were written, and those set aside before.
    pub damaged: Vec<Damaged>,
    /// Parts that could not be read for another reason, with that: nothing is known about them.
    pub unread: Vec<(PathBuf, String)>,
    /// Parts that are only on object storage, when that was not looked at.
    pub elsewhere: Vec<Arc<Part>>,
    /// Files below `logs` that are not in the table: what a crash left, or what someone put there. The former are
    /// removed when the store is opened; a running store writes some.
    pub unknown: Vec<PathBuf>,
    /// The manifest ends with a record that was not finished.
    pub torn: bool,
}

impl Report {
    /// True when nothing is damaged and everything could be read.
    pub fn is_good(&self) -> bool {
        self.damaged.is_empty() && self.unread.is_empty()
    }
}

/// Reads every part of a store's directory whole and checks it. Nothing is changed. One part after the other, in the
/// memory of some of its pages.
///
/// # Errors
/// When the manifest cannot be read.
pub fn verify(dir: &Path) -> Result<Report, OpenError> {
    verify_on(&Shelf::local(dir))
}

/// As [`verify`], with the parts that are only on object storage: they are read from there, whole.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(dir: &Path, remote: &Remote) -> Result<Report, OpenError> {
    let prefix = Some(Arc::new(Prefix::of_store(remote, dir)));
    verify_on(&Shelf { dir: dir.to_owned(), prefix })
}

fn verify_on(shelf: &Shelf) -> Result<Report, OpenError> {
    let Snapshot { parts, damaged, .. } = recovery::view(shelf)?;
    let mut report = Report { damaged, ..Report::default() };
    let (dir, disk) = (&*shelf.dir, Disk::new(&shelf.dir));
    let Some(replayed) = newest(&disk, shelf)? else { return Ok(report) };
    report.torn = replayed.torn;
    let known: Vec<&Path> = replayed.catalog.parts.values().map(|live| live.part.path()).collect();
    for found in disk.parts().map_err(OpenError::io("list", dir))? {
        if !known.contains(&&*found.path) {
            report.unknown.push(found.path);
        }
    }
    for part in parts {
        if shelf.prefix.is_none() && disk.len(part.path()).is_ok_and(|len| len != Some(part.summary().bytes))
        {
            report.elsewhere.push(part);
            continue;
        }
        match part.verify() {
            Ok(()) => report.good.push(part),
            Err(error) if error.is_damage() => report.damaged.push(Damaged {
                path: part.path().to_owned(),
                rows: part.summary().rows,
                why: error.to_string(),
            }),
            Err(error) => report.unread.push((part.path().to_owned(), error.to_string())),
        }
    }
    Ok(report)
}
