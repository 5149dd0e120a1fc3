use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use record::Position;

use crate::cursors::{Cursor, CursorError, Cursors};
use crate::disk::Disk;
use crate::queue::Queue;
use crate::status::Status;
use crate::{ReadError, Reader, State, Stats};

/// What others may ask of an open journal. Clones are the same.
#[derive(Clone)]
pub struct Handle {
    disk: Arc<dyn Disk>,
    queue: Arc<Queue>,
    status: Arc<Status>,
    cursors: Arc<Cursors>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("disk", &self.disk).finish_non_exhaustive()
    }
}

impl Handle {
    pub(crate) fn new(
        disk: &Arc<dyn Disk>,
        queue: &Arc<Queue>,
        status: &Arc<Status>,
        cursors: &Arc<Cursors>,
    ) -> Self {
        Self {
            disk: Arc::clone(disk),
            queue: Arc::clone(queue),
            status: Arc::clone(status),
            cursors: Arc::clone(cursors),
        }
    }

    /// How the journal is doing.
    pub fn state(&self) -> State {
        self.status.state()
    }

    /// Everything below this address is written and synced. One atomic load.
    #[inline]
    pub fn durable(&self) -> u64 {
        self.status.durable()
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        self.status.stats()
    }

    /// Batches that wait for their commit, and how many can.
    pub fn waiting(&self) -> (usize, usize) {
        self.queue.waiting()
    }

    /// Waits until more than `beyond` is durable, at most `timeout`, and returns what is. Returns at once
    /// when the journal has failed.
    pub fn wait_durable(&self, beyond: u64, timeout: Duration) -> u64 {
        self.status.wait_durable(beyond, timeout)
    }

    /// The cursor `name`. A new one stands before the oldest row, durably.
    ///
    /// # Errors
    /// When the name is in use or is none, or its file cannot be written.
    pub fn cursor(&self, name: &str) -> Result<Cursor, CursorError> {
        self.cursors.cursor(name, &self.queue)
    }

    /// The names of all cursors there are, in use or left from an earlier run.
    pub fn cursor_names(&self) -> Vec<String> {
        self.cursors.names()
    }

    /// Forgets a cursor for good; it no longer keeps segments. One that is not there is forgotten already.
    ///
    /// # Errors
    /// When it is in use, or its file cannot be removed.
    pub fn remove_cursor(&self, name: &str) -> Result<(), CursorError> {
        self.cursors.remove(name)?;
        self.queue.nudge();
        Ok(())
    }

    /// A reader of this journal that stops at what is durable now; [`Reader::limit`] takes it further.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn reader(&self, from: Position) -> Result<Reader, ReadError> {
        let durable = self.durable();
        let mut reader = Reader::on(Arc::clone(&self.disk), from)?;
        reader.limit(durable);
        Ok(reader)
    }
}
