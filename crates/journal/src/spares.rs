//! Zero-filled files kept ready, so that a segment begins without waiting for the disk and its syncs change
//! no file's length.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use crate::disk::{BLOCK_BYTES, Disk, DiskFile, is_full};
use record::fault;

/// The most files kept for reuse; more are removed.
const SPARES_MAX: usize = 2;
/// Zeros are written this many bytes at a time.
const FILL_BYTES: usize = 1 << 20;
/// And synced each time this many are written: rarely enough to be fast (synced at every MiB, filling takes
/// three times as long), often enough that a commit's sync does not wait behind a large segment of them.
const FILL_SYNC_BYTES: u64 = 16 << 20;

/// Owns the spare files and the count of bytes on disk. Bounded by [`SPARES_MAX`] files and by the journal's
/// cap. No thread of its own: [`Preparer`] fills it. A file that cannot be made only means that there is no
/// spare.
#[derive(Debug)]
pub(crate) struct Spares {
    disk: Arc<dyn Disk>,
    segment_bytes: u64,
    bytes_max: u64,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    ready: VecDeque<Spare>,
    /// Bytes of segments and spares, the one being made included.
    disk_bytes: u64,
    making: bool,
    wanted: bool,
    stop: bool,
    next: u64,
}

/// A file of a segment's length, open.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(crate) name: String,
    pub(crate) file: Arc<dyn DiskFile>,
}

/// Why there is no file for a segment.
#[derive(Debug)]
pub(crate) enum NoSpare {
    /// One more would pass the journal's cap.
    AtCap,
    /// It could not be made. Nothing is lost by it, and another attempt may succeed.
    Unmade(String, io::Error),
    /// A write or sync failed in a way that more room does not cure.
    Broken(String, io::Error),
}

/// The name of a spare file begins with this.
pub(crate) const SPARE: &str = "spare-";

impl Spares {
    pub(crate) fn new(disk: Arc<dyn Disk>, segment_bytes: u64, bytes_max: u64, disk_bytes: u64) -> Self {
        let inner = Mutex::new(Inner { disk_bytes, ..Inner::default() });
        Self { disk, segment_bytes, bytes_max, inner, changed: Condvar::new() }
    }

    /// Takes over a spare file left by an earlier run, or removes it when it is not of this length or one too
    /// many.
    pub(crate) fn adopt(&self, name: &str) -> io::Result<()> {
        let file = self.disk.open(name)?;
        let mut inner = self.lock();
        let fits = inner.disk_bytes + self.segment_bytes <= self.bytes_max;
        if !fits || inner.ready.len() >= SPARES_MAX || file.len()? != self.segment_bytes {
            return self.disk.remove(name);
        }
        if let Some(number) = name.strip_prefix(SPARE).and_then(|digits| digits.parse::<u64>().ok()) {
            inner.next = inner.next.max(number.saturating_add(1));
        }
        inner.disk_bytes += self.segment_bytes;
        inner.ready.push_back(Spare { name: name.to_owned(), file });
        Ok(())
    }

    /// A spare, made on the spot if none is ready and none is being made.
    pub(crate) fn take(&self) -> Result<Spare, NoSpare> {
        let mut inner = self.lock();
        while inner.making && !inner.stop {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.wanted = false;
        if let Some(spare) = inner.ready.pop_front() {
            return Ok(spare);
        }
        let name = self.reserve(&mut inner).ok_or(NoSpare::AtCap)?;
        drop(inner);
        let made = self.make(&name, || true);
        if made.is_err() {
            self.lock().disk_bytes -= self.segment_bytes;
        }
        made
    }

    /// Turns a segment's file into a spare, or removes it when there are enough. The caller has made sure
    /// that nobody needs it.
    pub(crate) fn recycle(&self, name: &str, bytes: u64) -> io::Result<()> {
        let mut inner = self.lock();
        let over = inner.disk_bytes > self.bytes_max;
        if over || inner.ready.len() >= SPARES_MAX || bytes != self.segment_bytes {
            self.disk.remove(name)?;
            inner.disk_bytes = inner.disk_bytes.saturating_sub(bytes);
        } else {
            let file = self.disk.open(name)?;
            let spare = next_name(&mut inner);
            self.disk.rename(name, &spare)?;
            inner.ready.push_back(Spare { name: spare, file });
        }
        drop(inner);
        // The old name must be gone for good before the file gets another segment's header: else a crash
        // could bring the name back in front of it.
        self.disk.sync_dir("")?;
        fault::point("segment-recycled")
    }

    /// Asks for a spare to be made, if none is ready.
    pub(crate) fn want(&self) {
        let mut inner = self.lock();
        if !inner.wanted && inner.ready.is_empty() {
            inner.wanted = true;
            self.changed.notify_all();
        }
    }

    pub(crate) fn disk_bytes(&self) -> u64 {
        self.lock().disk_bytes
    }

    /// The name of a new file, when the cap allows one.
    fn reserve(&self, inner: &mut Inner) -> Option<String> {
        if inner.disk_bytes + self.segment_bytes > self.bytes_max {
            return None;
        }
        inner.disk_bytes += self.segment_bytes;
        Some(next_name(inner))
    }

    fn make(&self, name: &str, go_on: impl Fn() -> bool) -> Result<Spare, NoSpare> {
        // Only whole blocks can go past the system's cache.
        let whole_blocks = self.segment_bytes.is_multiple_of(BLOCK_BYTES as u64);
        let created = if whole_blocks { self.disk.create_to_fill(name) } else { self.disk.create(name) };
        let file = created.map_err(|error| NoSpare::Unmade(format!("create `{name}`"), error))?;
        let filled = match self.fill(&*file, &go_on) {
            // Some file systems promise to take blocks past the cache, and then do not.
            Err(error) if whole_blocks && error.kind() == io::ErrorKind::InvalidInput => {
                self.disk.create(name).and_then(|file| self.fill(&*file, &go_on))
            }
            filled => filled,
        };
        drop(file);
        match filled.and_then(|()| self.disk.open(name)) {
            Ok(file) => Ok(Spare { name: name.to_owned(), file }),
            Err(error) => {
                // What is left of it is removed when the journal is opened, if not now.
                let _ = self.disk.remove(name);
                let what = format!("fill `{name}` with {} zeros", self.segment_bytes);
                let passing = is_full(&error) || error.kind() == io::ErrorKind::Interrupted;
                Err(if passing { NoSpare::Unmade(what, error) } else { NoSpare::Broken(what, error) })
            }
        }
    }

    fn fill(&self, file: &dyn DiskFile, go_on: &impl Fn() -> bool) -> io::Result<()> {
        let memory = vec![0; FILL_BYTES + BLOCK_BYTES];
        let zeros = &memory[memory.as_ptr().align_offset(BLOCK_BYTES)..][..FILL_BYTES];
        let mut at = 0;
        while at < self.segment_bytes {
            if !go_on() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let n = zeros.len().min((self.segment_bytes - at) as usize);
            file.write_at(&zeros[..n], at)?;
            at += n as u64;
            if at.is_multiple_of(FILL_SYNC_BYTES) || at == self.segment_bytes {
                file.sync()?;
            }
        }
        fault::point("segment-created")
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next_name(inner: &mut Inner) -> String {
    let name = format!("{SPARE}{}", inner.next);
    inner.next += 1;
    name
}

/// The thread that makes spares. Owns the file it is making; makes one at a time, and only when asked; stops
/// when dropped, within one write of [`FILL_BYTES`]. When it fails there is no spare, and the writer makes
/// its own.
#[derive(Debug)]
pub(crate) struct Preparer {
    spares: Arc<Spares>,
    thread: Option<JoinHandle<()>>,
}

impl Preparer {
    pub(crate) fn start(spares: Arc<Spares>) -> io::Result<Self> {
        let of_thread = Arc::clone(&spares);
        let thread =
            std::thread::Builder::new().name("spares".to_owned()).spawn(move || prepare(&of_thread))?;
        Ok(Self { spares, thread: Some(thread) })
    }
}

impl Drop for Preparer {
    fn drop(&mut self) {
        self.spares.lock().stop = true;
        self.spares.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It says nothing of interest, and panics nowhere.
            let _ = thread.join();
        }
    }
}

fn prepare(spares: &Spares) {
    loop {
        let mut inner = spares.lock();
        while !inner.wanted && !inner.stop {
            inner = spares.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        if inner.stop {
            return;
        }
        inner.wanted = false;
        let Some(name) = spares.reserve(&mut inner) else { continue };
        inner.making = true;
        drop(inner);
        let made = spares.make(&name, || !spares.lock().stop);
        let mut inner = spares.lock();
        inner.making = false;
        match made {
            Ok(spare) => inner.ready.push_back(spare),
            Err(reason) => {
                inner.disk_bytes -= spares.segment_bytes;
                tracing::debug!(?reason, "no spare segment");
            }
        }
        spares.changed.notify_all();
    }
}
