//! Everything that this crate does to the file system, apart from the bytes inside parts, which [`part`] writes.
//!
//! Before and after every step is a named point at which a test can end the process or let the step fail.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use record::fault;

use crate::place::Place;

mod blocks;

pub(crate) use self::blocks::BlockFiles;

const LOCK: &str = "lock";
const LOGS: &str = "logs";
const ASIDE: &str = "damaged";
const CACHE: &str = "cache";
const TMP: &str = ".tmp";

/// A store's directory. Owns nothing of it but the order of its changes to directories.
#[derive(Debug)]
pub(crate) struct Disk {
    dir: PathBuf,
    /// Held while a directory gets its first file, and while an empty one is removed.
    tree: Mutex<()>,
    #[cfg(test)]
    pub(crate) faults: crate::tests::Faults,
}

/// A file below `logs`.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    /// Its number, if its name is that of a part, finished or not.
    pub(crate) id: Option<u64>,
    /// It is what a crash left of a part that was being written.
    pub(crate) unfinished: bool,
}

pub(crate) fn part_path(dir: &Path, place: Place, id: u64) -> PathBuf {
    dir.join(LOGS).join(place.dir()).join(part_name(id))
}

pub(crate) fn aside_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(ASIDE).join(part_name(id))
}

pub(crate) fn cache_dir(dir: &Path) -> PathBuf {
    dir.join(CACHE)
}

pub(crate) fn manifest_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("manifest-{number}.cms"))
}

fn part_name(id: u64) -> String {
    format!("part-{id:020}.parquet")
}

fn with_tmp(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TMP);
    name.into()
}

impl Disk {
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            tree: Mutex::new(()),
            #[cfg(test)]
            faults: crate::tests::Faults::default(),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Passes a named point of a test.
    pub(crate) fn point(&self, name: &str) -> io::Result<()> {
        #[cfg(test)]
        self.faults.pass(name)?;
        fault::point(name)
    }

    /// Makes the store's directories, durably.
    pub(crate) fn make(&self) -> io::Result<()> {
        self.point("make")?;
        fs::create_dir_all(self.dir.join(LOGS))?;
        fs::create_dir_all(self.dir.join(ASIDE))?;
        sync_dir(&self.dir)?;
        match self.dir.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
            _ => sync_dir(Path::new(".")),
        }
    }

    /// Keeps every other store out of the directory until the file is dropped.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when it is locked already, with the owner in the message.
    pub(crate) fn lock(&self) -> io::Result<File> {
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).clone();
        let mut file = open(&options, &self.dir.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut owner = String::new();
                // The number only helps the reader of the message; without it there still is one.
                let _ = file.read_to_string(&mut owner);
                let owner = if owner.trim().is_empty() { "?" } else { owner.trim() };
                return Err(io::Error::new(io::ErrorKind::WouldBlock, format!("in use by process {owner}")));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Who has it is for messages only: a full disk need not keep the store closed.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(file)
    }

    /// The numbers of the manifests there are, in order.
    pub(crate) fn manifests(&self) -> io::Result<Vec<u64>> {
        let names = match names(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            names => names?,
        };
        let number = |name: &String| name.strip_prefix("manifest-")?.strip_suffix(".cms")?.parse().ok();
        let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// All bytes of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    /// Writes a manifest, durably, and opens it. Either all of it is there under its name, or nothing.
    pub(crate) fn create_manifest(&self, number: u64, bytes: &[u8]) -> io::Result<File> {
        self.point("manifest-begun")?;
        let path = manifest_path(&self.dir, number);
        let tmp = with_tmp(&path);
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(true).clone();
        let file = open(&options, &tmp)?;
        file.write_all_at(bytes, 0)?;
        self.point("manifest-tmp-written")?;
        file.sync_all()?;
        self.point("manifest-tmp-synced")?;
        fs::rename(&tmp, &path)?;
        self.point("manifest-renamed")?;
        sync_dir(&self.dir)?;
        self.point("manifest-rewritten")?;
        Ok(file)
    }

    /// Opens a manifest to append to it at `end`; what is behind is cut off. All before is durable afterwards.
    pub(crate) fn open_manifest(&self, number: u64, end: u64) -> io::Result<File> {
        self.point("manifest-opened")?;
        let file = open(OpenOptions::new().read(true).write(true), &manifest_path(&self.dir, number))?;
        self.cut(&file, end)?;
        Ok(file)
    }

    /// Cuts a manifest off at `end`, durably.
    pub(crate) fn cut(&self, file: &File, end: u64) -> io::Result<()> {
        self.point("manifest-cut")?;
        if file.metadata()?.len() != end {
            file.set_len(end)?;
        }
        file.sync_all()
    }

    /// Writes behind the end of a manifest.
    pub(crate) fn append(&self, file: &File, bytes: &[u8], end: u64) -> io::Result<()> {
        self.point("before-manifest-append")?;
        let (one, other) = bytes.split_at(bytes.len() / 2);
        file.write_all_at(one, end)?;
        self.point("manifest-half-appended")?;
        file.write_all_at(other, end + one.len() as u64)?;
        self.point("manifest-appended")
    }

    pub(crate) fn sync_manifest(&self, file: &File) -> io::Result<()> {
        self.point("before-manifest-sync")?;
        file.sync_data()?;
        self.point("manifest-synced")
    }

    /// Removes a manifest that a newer one has replaced. If it stays, it is removed when the store is opened.
    pub(crate) fn remove_manifest(&self, number: u64) {
        let removed = self.point("before-manifest-removed");
        let removed = removed.and_then(|()| fs::remove_file(manifest_path(&self.dir, number)));
        if let Err(error) = removed.and_then(|()| self.point("manifest-removed")) {
            tracing::debug!(%error, number, "an old manifest stays until the store is opened again");
        }
    }

    /// Removes what crashes left of manifests: unfinished ones, and those before `newest`.
    pub(crate) fn tidy_manifests(&self, newest: u64) -> io::Result<()> {
        for number in self.manifests()?.into_iter().filter(|number| *number < newest) {
            self.remove_manifest(number);
        }
        for name in names(&self.dir)?.into_iter().filter(|name| name.ends_with(TMP)) {
            self.point("before-manifest-removed")?;
            fs::remove_file(self.dir.join(name))?;
        }
        Ok(())
    }

    /// Makes room for a part: its directory, and an empty file to be written. Returns the file's path.
    pub(crate) fn begin_part(&self, place: Place, id: u64) -> io::Result<PathBuf> {
        self.point("before-part")?;
        let path = part_path(&self.dir, place, id);
        let tmp = with_tmp(&path);
        let tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        open(OpenOptions::new().write(true).create(true).truncate(true), &tmp)?;
        drop(tree);
        self.point("part-begun")?;
        Ok(tmp)
    }

    /// Gives parts that are written and synced their names, durably.
    pub(crate) fn finish_parts(&self, parts: &[(Place, u64)]) -> io::Result<()> {
        let mut dirs = Vec::new();
        for (place, id) in parts {
            self.point("part-written")?;
            let path = part_path(&self.dir, *place, *id);
            fs::rename(with_tmp(&path), &path)?;
            self.point("part-renamed")?;
            // Its directory, that of the day, and `logs`: each of them may be new.
            dirs.extend(path.ancestors().skip(1).take(3).map(Path::to_owned));
        }
        dirs.sort_unstable();
        dirs.dedup();
        dirs.iter().try_for_each(|dir| sync_dir(dir))?;
        self.point("parts-synced")
    }

    /// Removes what there is of a part that did not become part of the table. What stays is removed when the store is
    /// opened.
    pub(crate) fn discard_part(&self, place: Place, id: u64) {
        let path = part_path(&self.dir, place, id);
        for path in [with_tmp(&path), path] {
            match self.unlink(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::debug!(%error, path = %path.display(), "an unused part stays until the store is opened again");
                }
                _ => {}
            }
        }
    }

    /// Removes a file below `logs`, and its directories when they are empty.
    pub(crate) fn unlink(&self, path: &Path) -> io::Result<()> {
        self.point("before-part-unlinked")?;
        fs::remove_file(path)?;
        self.prune(path);
        self.point("part-unlinked")
    }

    /// Removes the local copy of a part that is on object storage. True when there was one.
    pub(crate) fn evict_part(&self, path: &Path) -> io::Result<bool> {
        self.point("before-copy-evicted")?;
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            removed => removed?,
        }
        self.prune(path);
        self.point("copy-evicted")?;
        Ok(true)
    }

    /// Opens a part, to send it away.
    pub(crate) fn open_part(&self, path: &Path) -> io::Result<File> {
        self.point("part-opened")?;
        open(OpenOptions::new().read(true), path)
    }

    /// Moves a part that can no longer be read out of the way of readers.
    pub(crate) fn put_aside(&self, path: &Path, id: u64) -> io::Result<()> {
        self.point("before-part-aside")?;
        fs::create_dir_all(self.dir.join(ASIDE))?;
        fs::rename(path, aside_path(&self.dir, id))?;
        self.prune(path);
        self.point("part-aside")
    }

    /// Removes a part that was put aside, if there still is a file of it.
    pub(crate) fn remove_aside(&self, id: u64) -> io::Result<()> {
        self.point("before-aside-removed")?;
        match fs::remove_file(aside_path(&self.dir, id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Removes the directories of an hour and a day when they are empty.
    fn prune(&self, path: &Path) {
        let _tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        for dir in path.ancestors().skip(1).take(2) {
            // Mostly there are other parts in it.
            let _ = fs::remove_dir(dir);
        }
    }

    /// All files below `logs`.
    pub(crate) fn parts(&self) -> io::Result<Vec<Found>> {
        let mut found = Vec::new();
        let logs = self.dir.join(LOGS);
        for day in names_or_none(&logs)? {
            for hour in names_or_none(&logs.join(&day))? {
                let dir = logs.join(&day).join(hour);
                found.extend(names_or_none(&dir)?.into_iter().map(|name| Found::new(&dir, &name)));
            }
        }
        Ok(found)
    }

    /// The length of a file, or `None` when there is none.
    pub(crate) fn len(&self, path: &Path) -> io::Result<Option<u64>> {
        match fs::metadata(path) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Bytes that the file system still has for this program.
    pub(crate) fn free_bytes(&self) -> io::Result<u64> {
        #[cfg(test)]
        if let Some(bytes) = self.faults.free_bytes() {
            return Ok(bytes);
        }
        let stat = rustix::fs::statvfs(&self.dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl Found {
    fn new(dir: &Path, name: &str) -> Self {
        let finished = name.strip_suffix(TMP).unwrap_or(name);
        let digits = finished.strip_prefix("part-").and_then(|rest| rest.strip_suffix(".parquet"));
        Self {
            path: dir.join(name),
            id: digits.and_then(|digits| digits.parse().ok()),
            unfinished: name.ends_with(TMP),
        }
    }
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(dir)?.map(name).collect()
}

/// The names in a directory; none when it is a file, or gone.
fn names_or_none(dir: &Path) -> io::Result<Vec<String>> {
    match names(dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        names => names,
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the store's disk module")]
fn open(options: &OpenOptions, path: &Path) -> io::Result<File> {
    options.open(path)
}

#[expect(clippy::disallowed_methods, reason = "this is the store's disk module")]
fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
