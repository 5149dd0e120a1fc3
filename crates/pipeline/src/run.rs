//! The thread of a pipeline.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use journal::{CursorError, Handle, ReadError};
use record::{Position, clock};

use crate::driver::{Driver, Step};
use crate::output::Output;
use crate::stage::Handlers;
use crate::status::{Board, State, Status};
use crate::{Options, Spec, SpecError};

/// How long a pipeline without lines waits at most before it looks whether it is to stop. The journal wakes it for lines only.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// How long it may take, once it need not wait for handlers any more, to say what is left undone.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Why a pipeline cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It cannot be as it is described.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// It has no output.
    #[error("pipeline `{name}` has no output: name one in `to`")]
    NoOutput {
        /// The pipeline.
        name: String,
    },
    /// A stage routes records to an output that it does not have.
    #[error("pipeline `{name}` has no output `{output}` to route records to: name it in `to`")]
    Route {
        /// The pipeline.
        name: String,
        /// What the stage names.
        output: String,
    },
    /// Its place in the journal cannot be read or written.
    #[error(transparent)]
    Cursor(#[from] CursorError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An output has more than the journal ever had.
    #[error(
        "output `{output}` of pipeline `{name}` stands at {reached}, and the journal ends at {end}: it belongs to another journal; \
         give it another place to write to, or remove what it keeps"
    )]
    Ahead {
        /// The pipeline.
        name: String,
        /// The output.
        output: String,
        /// Where it stands.
        reached: Position,
        /// What is durable in the journal.
        end: u64,
    },
    /// One of its handlers cannot be loaded.
    #[error("pipeline `{name}`: {source}")]
    Handler {
        /// The pipeline.
        name: String,
        /// Why not, with Python's traceback.
        source: workers::StartError,
    },
    /// There is no thread for it.
    #[error("could not start the thread of pipeline `{name}`: {source}")]
    Thread {
        /// The pipeline.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What was not done when a pipeline stopped. Its lines wait in the journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// Some lines were not given to all outputs, or an output could not make them durable.
    #[error("pipeline `{name}` stopped with {behind_bytes} bytes of the journal to go{because}")]
    Unfinished {
        /// The pipeline.
        name: String,
        /// How much of the journal is left.
        behind_bytes: u64,
        /// Empty, or why, after a colon.
        because: String,
    },
    /// Its thread did not end in time. It ends on its own when what it waits for does.
    #[error("pipeline `{name}` did not stop in time: an output does not return")]
    TimedOut {
        /// The pipeline.
        name: String,
    },
    /// Its thread has panicked.
    #[error("pipeline `{name}` has panicked; the log has the place")]
    Panicked {
        /// The pipeline.
        name: String,
    },
}

/// Starts a pipeline. A new one begins with the oldest line in the journal, one that was there before behind its checkpoint.
///
/// # Errors
/// When it cannot be as it is described, or something it needs is not there.
pub fn start(
    journal: Handle,
    spec: Spec,
    outputs: Vec<Box<dyn Output>>,
    options: Options,
) -> Result<Running, StartError> {
    let (board, signal) = (Arc::new(Board::default()), Arc::new(Signal::default()));
    let (name, thread_name) = (spec.name.clone(), spec.cursor_name());
    let driver = Driver::new(&journal, spec, outputs, options, Arc::clone(&board))?;
    let handlers = driver.handlers();
    let (ended, end) = sync_channel(1);
    let work = Work {
        driver,
        journal: journal.clone(),
        options,
        signal: Arc::clone(&signal),
        board: Arc::clone(&board),
    };
    let thread = std::thread::Builder::new()
        .name(thread_name)
        .spawn(move || work.run(&ended))
        .map_err(|source| StartError::Thread { name: name.clone(), source })?;
    Ok(Running { name, journal, board, signal, handlers, end, thread: Some(thread) })
}

/// A pipeline with its thread.
///
/// What it owns: the thread `pipe-NAME`, its cursor, one batch and its outputs, and the workers of its Python handlers. What bounds it: [`Options`]. It stops with
/// [`Running::stop`]; when it is dropped, the thread ends after the batch it is at, and nobody waits for that. When an output
/// or the journal fails, it tries again until it works; when the thread panics, the status says so.
#[derive(Debug)]
pub struct Running {
    name: String,
    journal: Handle,
    board: Arc<Board>,
    signal: Arc<Signal>,
    handlers: Handlers,
    end: Receiver<Result<(), StopError>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let mut status = self.board.read(&self.journal);
        status.handlers = self.handlers.status();
        status
    }

    /// Loads the code of its Python handlers anew: new workers start first, then those of before finish what they have.
    pub fn reload_handlers(&self) {
        self.handlers.reload();
    }

    /// True when its thread has ended: all its outputs are closed, or it panicked.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Gives what is durable by now to the outputs, lets them make it durable, writes the checkpoint and ends the thread, all
    /// within `timeout`. An output that fails is not tried again, and a handler that is not done then is killed.
    ///
    /// # Errors
    /// What was not done.
    pub fn stop(mut self, timeout: Duration) -> Result<(), StopError> {
        self.signal.stop(clock::monotonic().saturating_add(timeout));
        let began = clock::monotonic();
        let mut end = self.end.recv_timeout(timeout);
        if end == Err(RecvTimeoutError::Timeout) {
            // The lines that it has come again after the next start.
            self.handlers.stop();
            end = self.end.recv_timeout(LAST_WORD);
        }
        let name = self.name.clone();
        match end {
            Err(RecvTimeoutError::Timeout) => return Err(StopError::TimedOut { name }),
            Err(RecvTimeoutError::Disconnected) => return Err(StopError::Panicked { name }),
            Ok(_) => {}
        }
        if let Some(thread) = self.thread.take() {
            // It has said its last word; what is left is to drop the outputs, and handlers may have something to close.
            let rest = timeout.saturating_sub(clock::monotonic().saturating_sub(began));
            if self.end.recv_timeout(rest) == Err(RecvTimeoutError::Timeout) {
                self.handlers.stop();
            }
            let _ = thread.join();
        }
        end.unwrap_or(Ok(()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal.stop(Duration::ZERO);
        self.handlers.stop();
    }
}

/// Tells the thread to stop, and wakes it where it waits for a second try.
#[derive(Debug, Default)]
struct Signal {
    deadline: Mutex<Option<Duration>>,
    changed: Condvar,
}

impl Signal {
    fn stop(&self, deadline: Duration) {
        self.lock().get_or_insert(deadline);
        self.changed.notify_all();
    }

    /// Until when it is to be done, if it is to stop.
    fn deadline(&self) -> Option<Duration> {
        *self.lock()
    }

    /// Waits until it is to stop, at most `time`.
    fn wait(&self, time: Duration) {
        let deadline = self.lock();
        // Whether it was woken or the time is over, the caller looks.
        drop(self.changed.wait_timeout_while(deadline, time, |deadline| deadline.is_none()));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Duration>> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread owns.
struct Work {
    driver: Driver,
    journal: Handle,
    options: Options,
    signal: Arc<Signal>,
    board: Arc<Board>,
}

impl Work {
    fn run(mut self, ended: &SyncSender<Result<(), StopError>>) {
        let guard = Guard(Arc::clone(&self.board));
        let result = self.work();
        // There is room for it, and if nobody listens any more nobody needs it.
        let _ = ended.try_send(result);
        drop(guard);
    }

    fn work(&mut self) -> Result<(), StopError> {
        let (mut failures, mut checkpointed) = (0, clock::monotonic());
        loop {
            // Before the step: what was durable when the stop was asked for is still read.
            let stop = self.signal.deadline();
            let step = self.driver.step();
            if self.driver.wants_checkpoint()
                && clock::monotonic().saturating_sub(checkpointed) >= self.options.checkpoint_every
            {
                self.driver.checkpoint();
                checkpointed = clock::monotonic();
            }
            match (step, stop) {
                (Step::Idle, Some(_)) if self.driver.end_records() => {}
                (Step::Ended, _) | (Step::Idle | Step::Failed, Some(_)) => return self.finish(step),
                (Step::Went, Some(deadline)) if clock::monotonic() >= deadline => return self.finish(step),
                (Step::Went, _) => failures = 0,
                (Step::Idle, None) => self.wait_for_lines(),
                (Step::Failed, None) => {
                    self.signal.wait(backoff(&self.options, failures));
                    failures += 1;
                }
            }
        }
    }

    fn wait_for_lines(&self) {
        let seen = self.driver.seen();
        let due = self.driver.deadline().map(|deadline| deadline.saturating_sub(clock::monotonic()));
        let durable = self.journal.wait_durable(seen, due.map_or(HEARTBEAT, |due| due.min(HEARTBEAT)));
        if durable <= seen && matches!(self.journal.state(), journal::State::Failed { .. }) {
            // Then the journal lets nobody wait.
            self.signal.wait(HEARTBEAT);
        }
    }

    fn finish(&mut self, last: Step) -> Result<(), StopError> {
        let flushed = self.driver.flush();
        if self.driver.wants_checkpoint() {
            self.driver.checkpoint();
        }
        let status = self.board.read(&self.journal);
        let because = match (&flushed, last, status.state) {
            (Err(reason), ..) => format!(": {reason}"),
            (_, Step::Failed, State::Waiting { reason }) => format!(": {reason}"),
            (_, Step::Idle | Step::Ended, _) => return Ok(()),
            _ => String::new(),
        };
        let name = self.driver.name().to_owned();
        Err(StopError::Unfinished { name, behind_bytes: status.behind_bytes, because })
    }
}

/// The wait after so many failures one after the other.
fn backoff(options: &Options, failures: u32) -> Duration {
    options.retry_first.saturating_mul(1 << failures.min(20)).min(options.retry_max)
}

/// Says that the pipeline has ended if its thread panics.
struct Guard(Arc<Board>);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let reason = "its thread panicked; the log has the place".to_owned();
            self.0.update(|status| {
                status.last_error = Some(reason.clone());
                status.state = State::Ended { reason };
            });
        }
    }
}
