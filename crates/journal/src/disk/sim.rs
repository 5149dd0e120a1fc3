use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sim_file::{Contents, Random};
use super::{Disk, DiskFile};

/// A disk in memory that fails as real ones do, the same way for the same seed.
///
/// Clones are the same disk. Owns what is stored; bounded by its capacity; needs no stop. It fails only as
/// asked: the n-th write or sync, writes without room, and [`SimDisk::crash`], which keeps what was synced
/// and a subset of the rest.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Every file there ever was; a name or an open file holds its number.
    files: Vec<Contents>,
    names: BTreeMap<String, usize>,
    /// As names were at the last sync of their directory.
    durable_names: BTreeMap<String, usize>,
    /// What was done to names since, oldest first.
    unsynced: Vec<NameChange>,
    dirs: BTreeSet<String>,
    capacity: Option<u64>,
    locked: bool,
    /// The machine that had it mounted is gone: nothing works any more.
    dead: bool,
    writes: u64,
    syncs: u64,
    failing_write: Option<(u64, io::ErrorKind)>,
    failing_sync: Option<u64>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Set(String, usize),
    Rename(String, String),
    Remove(String),
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self { state: Arc::default() }
    }

    /// Lets the `n`-th write from now (1 is the next) fail with `kind`, having written half of its bytes.
    pub fn fail_write(&self, n: u64, kind: io::ErrorKind) {
        let mut state = self.state();
        state.failing_write = Some((state.writes + n, kind));
    }

    /// Lets the `n`-th sync of a file or directory from now (1 is the next) fail. What it was to make durable
    /// is lost at a crash, whatever later syncs say.
    pub fn fail_sync(&self, n: u64) {
        let mut state = self.state();
        state.failing_sync = Some(state.syncs + n);
    }

    /// Limits the bytes of all files; `None` takes the limit away. Only writes that make a file longer need
    /// room.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    /// Syncs of files and directories so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Changes bytes of a file behind everybody's back, durably.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn edit(&self, name: &str, edit: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.state();
        let file = state.names[name];
        let contents = &mut state.files[file];
        edit(&mut contents.now);
        contents.durable.clone_from(&contents.now);
        contents.dirty.clear();
    }

    /// The disk as it is found after the power went: what was synced, a subset of the 512-byte sectors that
    /// were not, and the names as they were after some of the unsynced changes. This disk is dead from then
    /// on.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut state = self.state();
        state.dead = true;
        let mut names = state.durable_names.clone();
        let kept = random.below(state.unsynced.len() as u64 + 1) as usize;
        for change in &state.unsynced[..kept] {
            change.apply(&mut names);
        }
        // All, none, or each sector by the throw of a coin: the first two are what real disks do most.
        let odds = random.below(4);
        let files: Vec<Contents> =
            state.files.iter().map(|file| file.after_crash(odds, &mut random)).collect();
        let after = State {
            files,
            durable_names: names.clone(),
            names,
            dirs: state.dirs.clone(),
            capacity: state.capacity,
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(after)) }
    }

    /// The disk as another process finds it after this one was killed: everything that was written, synced or
    /// not.
    #[must_use]
    pub fn kill(&self) -> Self {
        let mut state = self.state();
        state.dead = true;
        let after = State {
            files: state.files.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            unsynced: state.unsynced.clone(),
            dirs: state.dirs.clone(),
            capacity: state.capacity,
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(after)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.dead { Err(io::Error::other("the simulated machine is off")) } else { Ok(state) }
    }

    fn file(&self, number: usize) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), number })
    }

    fn change(&self, change: NameChange) -> io::Result<()> {
        let mut state = self.alive()?;
        change.apply(&mut state.names);
        state.unsynced.push(change);
        Ok(())
    }
}

impl State {
    fn number(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn used(&self) -> u64 {
        self.names.values().map(|&number| self.files[number].now.len() as u64).sum()
    }

    fn count_sync(&mut self) -> bool {
        self.syncs += 1;
        self.failing_sync == Some(self.syncs)
    }
}

impl Disk for SimDisk {
    fn lock(&self) -> io::Result<Box<dyn Send>> {
        let mut state = self.alive()?;
        if state.locked {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "in use by process 0"));
        }
        state.locked = true;
        Ok(Box::new(Unlock(self.clone())))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let number = {
            let mut state = self.alive()?;
            state.files.push(Contents::default());
            state.files.len() - 1
        };
        self.change(NameChange::Set(name.to_owned(), number))?;
        Ok(self.file(number))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let number = self.alive()?.number(name)?;
        Ok(self.file(number))
    }

    fn open_to_read(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.alive()?.number(from)?;
        self.change(NameChange::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.alive()?.number(name)?;
        self.change(NameChange::Remove(name.to_owned()))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.alive()?;
        if !state.dirs.contains(dir) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let within = state.names.keys().filter(|name| dir_of(name) == dir);
        Ok(within.map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect())
    }

    fn make_dir(&self, dir: &str) -> io::Result<()> {
        self.alive()?.dirs.insert(dir.to_owned());
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        let mut state = self.alive()?;
        if state.count_sync() {
            return Err(io::Error::other("simulated: sync of a directory failed"));
        }
        let (synced, other) =
            std::mem::take(&mut state.unsynced).into_iter().partition(|change| change.is_in(dir));
        state.unsynced = other;
        for change in &synced {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new("sim").join(name)
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Set(name, number) => {
                names.insert(name.clone(), *number);
            }
            Self::Rename(from, to) => {
                if let Some(number) = names.remove(from) {
                    names.insert(to.clone(), number);
                }
            }
            Self::Remove(name) => {
                names.remove(name);
            }
        }
    }

    fn is_in(&self, dir: &str) -> bool {
        match self {
            Self::Set(name, _) | Self::Rename(name, _) | Self::Remove(name) => dir_of(name) == dir,
        }
    }
}

fn dir_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(dir, _)| dir)
}

struct Unlock(SimDisk);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    number: usize,
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.alive()?;
        let bytes = &state.files[self.number].now;
        let from = bytes.len().min(offset as usize);
        let n = buffer.len().min(bytes.len() - from);
        buffer[..n].copy_from_slice(&bytes[from..from + n]);
        Ok(n)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        state.writes += 1;
        let end = offset as usize + bytes.len();
        let growth = end.saturating_sub(state.files[self.number].now.len()) as u64;
        if growth > 0 && state.capacity.is_some_and(|capacity| state.used() + growth > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        match state.failing_write {
            Some((n, kind)) if n == state.writes => {
                state.files[self.number].write(&bytes[..bytes.len() / 2], offset as usize);
                Err(io::Error::new(kind, "simulated: write failed"))
            }
            _ => {
                state.files[self.number].write(bytes, offset as usize);
                Ok(())
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.alive()?;
        let fails = state.count_sync();
        let contents = &mut state.files[self.number];
        if fails {
            let dirty = std::mem::take(&mut contents.dirty);
            contents.lost.extend(dirty);
            return Err(io::Error::other("simulated: sync failed"));
        }
        contents.sync();
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.alive()?.files[self.number].now.len() as u64)
    }
}
