use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use record::clock;

use crate::State;
use crate::handle::Handle;
use crate::journal::{Journal, Progress};
use crate::queue::Queue;
use crate::spares::Preparer;
use crate::status::Status;

/// How long a stalled journal waits before it tries again.
const RETRY: Duration = Duration::from_millis(250);
/// How long nothing has been committed when a seal mark is written.
const SEAL_AFTER: Duration = Duration::from_secs(1);

/// A journal with its thread.
///
/// Owns the thread `journal`, which alone writes, and the thread `spares`, which makes files ready. Bounded
/// by the batches of the inlets. [`Writer::stop`] commits what is queued first; dropping it does the same and
/// says nothing. When a write or sync fails, or the thread panics, the state is [`State::Failed`] for ever
/// and the thread only waits for the stop.
#[derive(Debug)]
pub struct Writer {
    handle: Handle,
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

/// What was submitted and is not durable.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// There was no room for it to the end.
    #[error("the journal was stopped with batches waiting, not acked: {reason}")]
    Stalled {
        /// What there was no room for.
        reason: String,
    },
    /// The journal had failed.
    #[error("the journal had failed: {reason}")]
    Failed {
        /// What failed.
        reason: String,
    },
}

impl Writer {
    pub(crate) fn start(journal: Journal) -> Self {
        let (handle, queue, status) =
            (journal.handle(), Arc::clone(&journal.queue), Arc::clone(&journal.status));
        let run = move || run(journal);
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(run);
        if let Err(error) = &thread {
            status.set_state(State::Failed { reason: format!("could not start its thread: {error}") });
        }
        Self { handle, queue, thread: thread.ok() }
    }

    /// What others may ask of the journal.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Commits what is queued, writes and syncs a seal mark, ends the threads and unlocks the directory. A
    /// stalled journal tries once more.
    ///
    /// # Errors
    /// When something that was submitted is not durable.
    pub fn stop(mut self) -> Result<(), StopError> {
        self.join();
        match self.handle.state() {
            State::Running => Ok(()),
            State::Stalled { reason } => Err(StopError::Stalled { reason }),
            State::Failed { reason } => Err(StopError::Failed { reason }),
        }
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.queue.stop();
            // If it panicked, the state says so.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.join();
    }
}

fn run(mut journal: Journal) {
    let guard = Guard { status: Arc::clone(&journal.status), queue: Arc::clone(&journal.queue) };
    let preparer = Preparer::start(Arc::clone(journal.committer.segments().spares()));
    if let Err(error) = &preparer {
        tracing::warn!(%error, "no thread to make spare segments: each is made when it is needed");
    }
    let mut last_commit = clock::monotonic();
    loop {
        let stopping = guard.queue.is_stopping();
        if journal.step() {
            last_commit = clock::monotonic();
        }
        if stopping {
            break;
        }
        let mut quiet = clock::monotonic().saturating_sub(last_commit);
        if quiet >= SEAL_AFTER && guard.queue.is_idle() {
            journal.seal();
            last_commit = clock::monotonic();
            quiet = Duration::ZERO;
        }
        guard.queue.wait_for_work(patience(&journal, quiet), journal.progress() != Progress::Done);
    }
    journal.seal();
}

/// How long there is nothing to do but what others ask for; `None` is for ever.
fn patience(journal: &Journal, quiet: Duration) -> Option<Duration> {
    match journal.progress() {
        Progress::Failed => None,
        Progress::Stalled => Some(RETRY),
        Progress::Done if journal.committer.is_sealed() => None,
        Progress::Done => Some(SEAL_AFTER.saturating_sub(quiet).max(Duration::from_millis(1))),
    }
}

/// Says that the journal has failed if its thread panics: nobody may wait for it in vain.
struct Guard {
    status: Arc<Status>,
    queue: Arc<Queue>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = "its thread panicked; the log has the place".to_owned();
            self.status.set_state(State::Failed { reason });
            self.queue.wake(true);
        }
    }
}
