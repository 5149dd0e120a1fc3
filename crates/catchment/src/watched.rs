use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{Config, Connect, Kind};

/// The files that a configuration was read from, and what they were like then.
pub(crate) struct Watched {
    files: Vec<(PathBuf, Option<Stamp>)>,
}

/// Tells one state of a file from another.
#[derive(PartialEq, Eq)]
struct Stamp {
    modified: SystemTime,
    bytes: u64,
}

impl Watched {
    /// The configuration file and the targets files that it names, as they are now.
    pub(crate) fn new(file: &Path, config: &Config) -> Self {
        let targets_files = config.sources.iter().filter_map(|source| match &source.kind {
            Kind::Connect(Connect { targets_file, .. }) => targets_file.clone(),
            Kind::Listen(_) => None,
        });
        let files = [file.to_owned()].into_iter().chain(targets_files);
        Self { files: files.map(|file| (file.clone(), stamp(&file))).collect() }
    }

    /// True when one of them is another than before. One that is missing for a moment, while an editor replaces it, is
    /// looked at again later.
    pub(crate) fn have_changed(&self) -> bool {
        self.files.iter().any(|(file, before)| stamp(file).is_some_and(|now| Some(&now) != before.as_ref()))
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    Some(Stamp { modified: metadata.modified().ok()?, bytes: metadata.len() })
}
