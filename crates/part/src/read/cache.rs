//! Which parts are open.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use super::opened::Opened;

/// The most memory that the ends of open parts take, in bytes.
const MEMORY_MAX: usize = 64 << 20;
/// The most parts that are open at once, each with a file descriptor.
const OPEN_MAX: usize = 256;

/// The parts of this process that are open, by their number.
///
/// What it owns: their ends, and their files. What bounds it: 64 MiB and 256 files; the ones that were not used for the
/// longest time are closed, as soon as nobody reads them any more.
#[derive(Default)]
pub(crate) struct Cache {
    tick: u64,
    memory: usize,
    open: HashMap<u64, Entry>,
}

struct Entry {
    used: u64,
    memory: usize,
    opened: Arc<Opened>,
}

impl Cache {
    pub(crate) fn of_process() -> MutexGuard<'static, Self> {
        static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);
        CACHE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&mut self, part: u64) -> Option<Arc<Opened>> {
        self.tick += 1;
        let entry = self.open.get_mut(&part)?;
        entry.used = self.tick;
        Some(Arc::clone(&entry.opened))
    }

    pub(crate) fn insert(&mut self, part: u64, opened: &Arc<Opened>) {
        self.remove(part);
        self.tick += 1;
        let memory = opened.memory();
        self.memory += memory;
        self.open.insert(part, Entry { used: self.tick, memory, opened: Arc::clone(opened) });
        while self.open.len() > 1 && (self.memory > MEMORY_MAX || self.open.len() > OPEN_MAX) {
            let Some(oldest) = self.open.iter().min_by_key(|(_, entry)| entry.used).map(|(part, _)| *part)
            else {
                return;
            };
            self.remove(oldest);
        }
    }

    pub(crate) fn remove(&mut self, part: u64) {
        if let Some(entry) = self.open.remove(&part) {
            self.memory -= entry.memory;
        }
    }
}
