//! Where consumers stand, durably.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use record::Position;

use crate::disk::Disk;
use crate::format::{get_u32, get_u64, put_u32, put_u64};
use crate::queue::Queue;
use record::fault;

const DIR: &str = "cursors";
const MAGIC: [u8; 4] = *b"CMJC";
const VERSION: u32 = 1;
const FILE_BYTES: usize = 20;

/// Owns the cursor files and what they hold. Bounded by the number of names in use, which the configuration
/// decides. A file that cannot be written leaves the checkpoint where it was.
#[derive(Debug)]
pub(crate) struct Cursors {
    disk: Arc<dyn Disk>,
    known: Mutex<BTreeMap<String, Known>>,
}

#[derive(Debug)]
struct Known {
    position: Position,
    in_use: bool,
}

/// Why there is no such cursor.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The name is empty, longer than 64 bytes or has other characters than `a-z`, `0-9`, `_` and `-`.
    #[error("`{0}` cannot name a cursor: use 1 to 64 of `a-z`, `0-9`, `_` and `-`")]
    Name(String),
    /// There is a [`Cursor`] of this name already.
    #[error("the cursor `{0}` is in use: each consumer needs a name of its own")]
    InUse(String),
    /// The checkpoint cannot be read.
    #[error("the checkpoint in `{path}` is damaged: remove the file to let its consumer start over")]
    Damaged {
        /// The cursor's file.
        path: String,
    },
    /// The checkpoint cannot be read or written.
    #[error("could not {doing} `{path}`: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The cursor's file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Where one consumer stands in the journal. While a cursor exists, on disk, no segment goes that holds a row
/// at or behind its checkpoint, unless the journal drops the oldest segment at its cap.
///
/// Owns its name until dropped; the checkpoint on disk stays until [`crate::Handle::remove_cursor`].
#[derive(Debug)]
pub struct Cursor {
    name: String,
    cursors: Arc<Cursors>,
    queue: Arc<Queue>,
}

impl Cursor {
    /// The first row not dealt with is at this position or behind it: reading goes on there.
    pub fn position(&self) -> Position {
        self.cursors.lock().get(&self.name).map_or(Position(0), |known| known.position)
    }

    /// Says, durably, that every row before `position` is dealt with. It costs two syncs: not for every line.
    ///
    /// # Errors
    /// Whatever the system reports, and [`io::ErrorKind::InvalidInput`] for a position before the last one.
    /// The checkpoint is then where it was, or, when only the directory's sync failed, at one of both after a
    /// crash.
    pub fn checkpoint(&mut self, position: Position) -> io::Result<()> {
        let before = self.position();
        if position < before {
            let why = format!("checkpoint {position} of `{}` is before its last, {before}", self.name);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        self.cursors.write(&self.name, position)?;
        if let Some(known) = self.cursors.lock().get_mut(&self.name) {
            known.position = position;
        }
        self.queue.nudge();
        Ok(())
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        if let Some(known) = self.cursors.lock().get_mut(&self.name) {
            known.in_use = false;
        }
    }
}

impl Cursors {
    /// Reads every checkpoint there is, and removes what a crash left half written.
    pub(crate) fn open(disk: Arc<dyn Disk>) -> Result<Self, CursorError> {
        let io = |doing, name: &str, source| CursorError::Io {
            doing,
            path: disk.path(name).display().to_string(),
            source,
        };
        disk.make_dir(DIR).map_err(|error| io("create", DIR, error))?;
        let mut known = BTreeMap::new();
        for name in disk.list(DIR).map_err(|error| io("list", DIR, error))? {
            let file = file_of(&name);
            if name.ends_with(TMP) {
                disk.remove(&file).map_err(|error| io("remove", &file, error))?;
            } else if is_name(&name) {
                let position = read(&*disk, &file).map_err(|error| io("read", &file, error))?;
                let path = || disk.path(&file).display().to_string();
                let position = position.ok_or_else(|| CursorError::Damaged { path: path() })?;
                known.insert(name, Known { position, in_use: false });
            }
        }
        let cursors = Self { disk, known: Mutex::new(known) };
        // What was read need not be durable: the sync of a checkpoint may have failed. Before segments are freed by it, it
        // is written again.
        for (name, known) in cursors.lock().iter() {
            cursors.write(name, known.position).map_err(|error| cursors.io("write", name, error))?;
        }
        Ok(cursors)
    }

    /// The oldest checkpoint, or `None` when there is no cursor.
    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        self.lock().values().map(|known| known.position.0).min()
    }

    /// The cursor `name`; a new one begins at position 0, durably.
    pub(crate) fn cursor(self: &Arc<Self>, name: &str, queue: &Arc<Queue>) -> Result<Cursor, CursorError> {
        if !is_name(name) {
            return Err(CursorError::Name(name.to_owned()));
        }
        let mut known = self.lock();
        match known.get_mut(name) {
            Some(known) if known.in_use => return Err(CursorError::InUse(name.to_owned())),
            Some(known) => known.in_use = true,
            None => {
                self.write(name, Position(0)).map_err(|error| self.io("write", name, error))?;
                known.insert(name.to_owned(), Known { position: Position(0), in_use: true });
            }
        }
        drop(known);
        Ok(Cursor { name: name.to_owned(), cursors: Arc::clone(self), queue: Arc::clone(queue) })
    }

    /// Forgets a cursor that is not in use; one that is not there is forgotten already.
    pub(crate) fn remove(&self, name: &str) -> Result<(), CursorError> {
        let mut known = self.lock();
        match known.get(name) {
            None => return Ok(()),
            Some(known) if known.in_use => return Err(CursorError::InUse(name.to_owned())),
            Some(_) => {}
        }
        let removed = self.disk.remove(&file_of(name)).and_then(|()| self.disk.sync_dir(DIR));
        removed.map_err(|error| self.io("remove", name, error))?;
        known.remove(name);
        Ok(())
    }

    /// Puts a whole new file in place of the old one: at any instant one of both is there.
    fn write(&self, name: &str, position: Position) -> io::Result<()> {
        let (file_name, tmp_name) = (file_of(name), format!("{}{TMP}", file_of(name)));
        let mut bytes = [0; FILE_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        put_u32(&mut bytes, 4, VERSION);
        put_u64(&mut bytes, 8, position.0);
        let checksum = crc32c::crc32c(&bytes[..16]);
        put_u32(&mut bytes, 16, checksum);
        let tmp = self.disk.create(&tmp_name)?;
        tmp.write_at(&bytes, 0)?;
        fault::point("cursor-tmp-written")?;
        tmp.sync()?;
        self.disk.rename(&tmp_name, &file_name)?;
        fault::point("cursor-renamed")?;
        self.disk.sync_dir(DIR)
    }

    fn io(&self, doing: &'static str, name: &str, source: io::Error) -> CursorError {
        CursorError::Io { doing, path: self.disk.path(&file_of(name)).display().to_string(), source }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cannot be part of a cursor's name.
const TMP: &str = ".tmp";

fn file_of(name: &str) -> String {
    format!("{DIR}/{name}")
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}

fn read(disk: &dyn Disk, file: &str) -> io::Result<Option<Position>> {
    let mut bytes = [0; FILE_BYTES];
    let read = disk.open_to_read(file)?.read_at(&mut bytes, 0)?;
    let good = read == FILE_BYTES
        && bytes[..4] == MAGIC
        && get_u32(&bytes, 4) == VERSION
        && get_u32(&bytes, 16) == crc32c::crc32c(&bytes[..16]);
    Ok(good.then(|| Position(get_u64(&bytes, 8))))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use record::Position;

    use super::{CursorError, Cursors};
    use crate::SimDisk;
    use crate::queue::Queue;

    fn open(disk: &SimDisk) -> Result<Arc<Cursors>, CursorError> {
        Cursors::open(Arc::new(disk.clone())).map(Arc::new)
    }

    #[test]
    fn a_checkpoint_survives_a_crash_as_the_last_or_the_one_being_written() {
        for seed in 0..40 {
            let disk = SimDisk::new();
            let (cursors, queue) = (open(&disk).unwrap(), Arc::new(Queue::new()));
            let mut cursor = cursors.cursor("main", &queue).unwrap();
            cursor.checkpoint(Position(7)).unwrap();
            // The next one dies at one of its syncs: of the file, or of the directory.
            disk.fail_sync(1 + seed % 2);
            assert!(cursor.checkpoint(Position(9)).is_err());
            assert_eq!(cursor.position(), Position(7));
            let after = disk.crash(seed);
            let position = open(&after).unwrap().cursor("main", &queue).unwrap().position().0;
            assert!(position == 7 || (position == 9 && seed % 2 == 1), "seed {seed}: {position}");
        }
    }

    #[test]
    fn a_checkpoint_that_was_believed_once_stays() {
        for seed in 0..40 {
            let disk = SimDisk::new();
            let (cursors, queue) = (open(&disk).unwrap(), Arc::new(Queue::new()));
            let mut cursor = cursors.cursor("main", &queue).unwrap();
            disk.fail_sync(2);
            assert!(cursor.checkpoint(Position(9)).is_err());
            let killed = disk.kill();
            let believed = open(&killed).unwrap().oldest();
            assert_eq!(open(&killed.crash(seed)).unwrap().oldest(), believed, "seed {seed}");
        }
    }

    #[test]
    fn names_and_rewinding_are_checked() {
        let disk = SimDisk::new();
        let (cursors, queue) = (open(&disk).unwrap(), Arc::new(Queue::new()));
        for name in ["", "Main", "a/b", "a.tmp", "..", &"x".repeat(65)] {
            assert!(matches!(cursors.cursor(name, &queue), Err(CursorError::Name(_))), "{name}");
        }
        let mut cursor = cursors.cursor("a", &queue).unwrap();
        assert!(matches!(cursors.cursor("a", &queue), Err(CursorError::InUse(_))));
        assert!(matches!(cursors.remove("a"), Err(CursorError::InUse(_))));
        cursor.checkpoint(Position(5)).unwrap();
        assert_eq!(cursor.checkpoint(Position(4)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(cursors.oldest(), Some(5));
        drop(cursor);
        cursors.remove("a").unwrap();
        assert_eq!(cursors.oldest(), None);
        assert_eq!(open(&disk).unwrap().oldest(), None);
    }

    #[test]
    fn a_damaged_checkpoint_is_refused() {
        let disk = SimDisk::new();
        open(&disk).unwrap().cursor("a", &Arc::new(Queue::new())).unwrap();
        disk.edit("cursors/a", |bytes| bytes[9] ^= 1);
        let error = open(&disk).unwrap_err();
        assert!(error.to_string().contains("cursors/a"), "{error}");
    }
}
