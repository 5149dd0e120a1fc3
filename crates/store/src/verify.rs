use std::path::{Path, PathBuf};
use std::sync::Arc;

use part::Part;

use crate::disk::Disk;
use crate::manifest::newest;
use crate::{Damaged, OpenError, Snapshot};

/// What [`verify`] found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Parts that are as they were written.
    pub good: Vec<Arc<Part>>,
    /// Parts that are missing or not as they were written, and those set aside before.
    pub damaged: Vec<Damaged>,
    /// Parts that could not be read for another reason, with that: nothing is known about them.
    pub unread: Vec<(PathBuf, String)>,
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
    let Snapshot { parts, damaged, .. } = Snapshot::open(dir)?;
    let mut report = Report { damaged, ..Report::default() };
    let disk = Disk::new(dir);
    let Some(replayed) = newest(&disk)? else { return Ok(report) };
    report.torn = replayed.torn;
    let known: Vec<&Path> = replayed.catalog.parts.values().map(|live| live.part.path()).collect();
    for found in disk.parts().map_err(OpenError::io("list", dir))? {
        if !known.contains(&&*found.path) {
            report.unknown.push(found.path);
        }
    }
    for part in parts {
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
