use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::committer::Committer;
use crate::cursors::{Cursor, CursorError, Cursors};
use crate::disk::Disk;
use crate::handle::Handle;
use crate::open_error::OpenError;
use crate::queue::Queue;
use crate::recovery::{Recovered, recover};
use crate::status::Status;
use crate::trouble::Trouble;
use crate::writer::Writer;
use crate::{Batch, Inlet, Options, State};

/// An open journal: everything but the thread.
///
/// Owns the directory, by a lock, and the batches that are waiting to be committed, which are bounded by
/// those of its inlets. [`Journal::start`] gives it a thread; a simulation calls [`Journal::step`] instead.
/// Dropping it stops it as a crash would: nothing that was reported durable is lost. After a failed write or
/// sync it commits nothing more, for ever.
pub struct Journal {
    pub(crate) options: Options,
    pub(crate) committer: Committer,
    pub(crate) queue: Arc<Queue>,
    pub(crate) status: Arc<Status>,
    cursors: Arc<Cursors>,
    disk: Arc<dyn Disk>,
    waiting: VecDeque<(usize, Batch)>,
    done: VecDeque<(usize, Batch)>,
    progress: Progress,
    _lock: Box<dyn Send>,
}

/// How the last attempt to commit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All is committed.
    Done,
    /// Batches wait for room.
    Stalled,
    /// Never again.
    Failed,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("disk", &self.disk)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal on `disk`, or begins one: takes the lock, finds the end again, and makes all that is
    /// there durable. It reads the last segment twice and the other segments' headers, in memory of a fixed
    /// size.
    ///
    /// # Errors
    /// What keeps it from opening, with the file and what to do. Nothing durable is changed then.
    pub fn open(disk: impl Disk, options: Options) -> Result<(Self, Recovered), OpenError> {
        options.check()?;
        let disk: Arc<dyn Disk> = Arc::new(disk);
        let dir = disk.path("").display().to_string();
        let io = |doing, source| OpenError::Io { doing, path: dir.clone(), source };
        disk.make_dir("").map_err(|error| io("create", error))?;
        let lock = disk.lock().map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => OpenError::Locked { dir: dir.clone(), owner: error.to_string() },
            _ => io("lock", error),
        })?;
        let found = recover(&disk, options)?;
        let committer = Committer::new(found.segments, found.recovered.epoch, found.sealed);
        let status = Arc::new(Status::new(committer.durable(), committer.stats()));
        let journal = Self {
            options,
            committer,
            queue: Arc::new(Queue::new()),
            status,
            cursors: Arc::new(found.cursors),
            disk,
            waiting: VecDeque::new(),
            done: VecDeque::new(),
            progress: Progress::Done,
            _lock: lock,
        };
        Ok((journal, found.recovered))
    }

    /// A further inlet, for one event loop. `wake` is called from the writer's thread when batches came back
    /// or the state changed; it must not block.
    pub fn inlet(&mut self, wake: Arc<dyn Fn() + Send + Sync>) -> Inlet {
        let (lane, port) = self.queue.add_lane(self.options.batches, wake);
        self.committer.add_lane();
        let empty = (0..self.options.batches).map(|_| Batch::new(self.options.batch_bytes)).collect();
        Inlet::new(Arc::clone(&self.queue), port, lane, empty)
    }

    /// What others may ask of the journal, now and when it runs.
    pub fn handle(&self) -> Handle {
        Handle::new(&self.disk, &self.queue, &self.status, &self.cursors)
    }

    /// [`Handle::cursor`].
    ///
    /// # Errors
    /// As there.
    pub fn cursor(&self, name: &str) -> Result<Cursor, CursorError> {
        self.handle().cursor(name)
    }

    /// Starts the writer's thread. If the system has none for it, the state is [`State::Failed`].
    pub fn start(self) -> Writer {
        Writer::start(self)
    }

    /// Commits everything that is waiting, hands it back, and frees the segments that nobody needs. Returns
    /// true when something became durable.
    pub fn step(&mut self) -> bool {
        if self.progress == Progress::Failed {
            return false;
        }
        self.queue.take_submitted(&mut self.waiting);
        let committed = self.committer.commit(&mut self.waiting, &mut self.done);
        let any = !self.done.is_empty();
        self.settle(committed);
        self.release();
        any
    }

    /// Writes and syncs a seal mark, unless one covers everything already or batches are waiting. After it,
    /// damage to anything durable is proven damage when the journal is opened again.
    pub fn seal(&mut self) {
        if self.progress != Progress::Done || self.committer.is_sealed() {
            return;
        }
        match self.committer.seal() {
            // Nobody waits for a seal mark: it is written another time.
            Err(Trouble::Stall(reason)) => tracing::debug!(reason, "no room for a seal mark"),
            sealed => self.settle(sealed),
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress
    }

    /// Tells everybody how it went: first how much is durable, then whose batches are back.
    fn settle(&mut self, result: Result<(), Trouble>) {
        self.status.publish(self.committer.durable(), self.committer.stats());
        let before = self.progress;
        let state = match result {
            Ok(()) => {
                self.progress = Progress::Done;
                State::Running
            }
            Err(Trouble::Stall(reason)) => {
                self.progress = Progress::Stalled;
                State::Stalled { reason }
            }
            Err(Trouble::Fail(reason)) => {
                self.progress = Progress::Failed;
                State::Failed { reason }
            }
        };
        log(before, &state);
        let news = self.status.set_state(state);
        if !self.done.is_empty() {
            // To fail here means nothing: all that is left to do is to say that it is durable.
            let _ = record::fault::point("before-hand-back");
            self.queue.hand_back(self.done.drain(..));
            self.queue.wake(news);
        } else if news {
            self.queue.wake(true);
        }
    }

    fn release(&mut self) {
        let Some(cursors) = self.cursors.oldest() else { return };
        let before = self.committer.segments().base();
        self.committer.segments().release(cursors, self.queue.floor());
        if self.committer.segments().base() != before {
            self.status.publish(self.committer.durable(), self.committer.stats());
        }
    }
}

/// Says once what went wrong, and once that it is over.
fn log(before: Progress, state: &State) {
    match (before, state) {
        (Progress::Done, State::Stalled { reason }) => {
            tracing::warn!(reason, "the journal has no room: nothing is lost, reading waits");
        }
        (Progress::Stalled, State::Running) => tracing::info!("the journal has room again"),
        (_, State::Failed { reason }) => {
            tracing::error!(reason, "the journal takes no more lines: see to the disk, then start again");
        }
        _ => {}
    }
}
