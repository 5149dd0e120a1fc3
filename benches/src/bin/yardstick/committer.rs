//! The sync thread.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::Errno;

use crate::batch::Batch;
use crate::log::Log;

/// Writes and syncs one batch at a time on a thread of its own, which owns the log. At most one batch is there at
/// once. The thread ends when the committer is dropped, or after the first failure, which [`Committer::take`] gives.
#[derive(Debug)]
pub(crate) struct Committer {
    batches: Option<SyncSender<Batch>>,
    done: Receiver<io::Result<Batch>>,
    /// Readable when the batch is back.
    wakeup: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    pub(crate) fn start(log: Log) -> io::Result<Self> {
        let (batches, receive) = sync_channel(1);
        let (send, done) = sync_channel(1);
        let wakeup = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let signal = Arc::clone(&wakeup);
        let thread = thread::Builder::new()
            .name("committer".to_owned())
            .spawn(move || commit_all(log, &receive, &send, signal.as_fd()))?;
        Ok(Self { batches: Some(batches), done, wakeup, thread: Some(thread) })
    }

    /// What to watch for reading while a batch is away.
    pub(crate) fn wakeup(&self) -> BorrowedFd<'_> {
        self.wakeup.as_fd()
    }

    /// Hands a batch over. The one before must be back.
    pub(crate) fn submit(&self, batch: Batch) -> io::Result<()> {
        self.batches.as_ref().ok_or_else(ended)?.send(batch).map_err(|_| ended())
    }

    /// The batch that was away, durable; `None` while it still is.
    pub(crate) fn take(&self) -> io::Result<Option<Batch>> {
        match rustix::io::read(&*self.wakeup, &mut [0; 8]) {
            Ok(_) => self.done.recv().map_err(|_| ended())?.map(Some),
            Err(Errno::AGAIN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until [`Committer::take`] has something to give. A batch must be away.
    pub(crate) fn wait(&self) -> io::Result<()> {
        match poll(&mut [PollFd::new(&*self.wakeup, PollFlags::IN)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn ended() -> io::Error {
    io::Error::other("the sync thread has ended")
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn commit_all(
    mut log: Log,
    batches: &Receiver<Batch>,
    done: &SyncSender<io::Result<Batch>>,
    wakeup: BorrowedFd<'_>,
) {
    for (number, mut batch) in batches.iter().enumerate() {
        let result = log.append(batch.seal(number as u64)).map(|()| batch);
        let failed = result.is_err();
        if done.send(result).is_err() || rustix::io::write(wakeup, &1_u64.to_ne_bytes()).is_err() || failed {
            return;
        }
    }
}
