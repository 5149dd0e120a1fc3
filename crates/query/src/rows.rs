//! The caller's end of an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::{FutureExt, StreamExt};
use record::clock::monotonic;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::QueryError;
use crate::compact::compact;
use crate::interrupt::Interrupt;
use crate::planner::{Answer, Batches};
use crate::reader::Counters;
use crate::wait::wait_for;

/// So many batches are found before the caller asks for them.
const AHEAD: usize = 2;

/// The rows of an answer, in batches of at most 8192, as they are found.
///
/// What it owns: a task on the engine's runtime that finds them. What bounds it: two batches wait here at most, the task
/// waits when they are not taken; the engine's memory for all its sorts and groups; the engine's time limit, in which
/// only the time counts for which the caller waits. How it stops: at the end, at an error, by [`Cancel::cancel`], or when it is
/// dropped; the task then ends at its next batch, in milliseconds. What happens when it fails: the error is the last item.
///
/// Taking rows blocks the thread, so it must not be done on an async runtime's thread.
pub struct Rows {
    schema: SchemaRef,
    batches: mpsc::Receiver<Result<RecordBatch, QueryError>>,
    cancel: Cancel,
    state: Arc<State>,
    counters: Arc<Counters>,
    limit: Duration,
    /// Of the limit.
    left: Duration,
    ended: bool,
}

/// Cancels an answer from anywhere.
#[derive(Clone, Debug)]
pub struct Cancel {
    state: Arc<State>,
    task: AbortHandle,
    interrupt: Interrupt,
}

/// What has been read for an answer up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Parts of which pages were to be read; the others were ruled out.
    pub parts: usize,
    /// Rows in pages that were to be read.
    pub rows: u64,
    /// Bytes of pages that were read.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    finished: AtomicBool,
}

impl Rows {
    /// Lets `runtime` find the rows of `answer`, for at most `limit`.
    pub(crate) fn start(
        runtime: &Handle,
        answer: Answer,
        limit: Duration,
        counters: Arc<Counters>,
        interrupt: Interrupt,
    ) -> Self {
        let (sender, batches) = mpsc::channel(AHEAD);
        let state = Arc::new(State::default());
        let task = runtime.spawn(find(answer.batches, sender, Arc::clone(&state)));
        let cancel = Cancel { state: Arc::clone(&state), task: task.abort_handle(), interrupt };
        Self { schema: answer.schema, batches, cancel, state, counters, limit, left: limit, ended: false }
    }

    /// What each batch looks like.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A handle to cancel it with, also while another thread waits for rows.
    pub fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// What has been read for it up to now.
    pub fn work(&self) -> Work {
        Work {
            parts: self.counters.parts(),
            rows: self.counters.rows.load(Ordering::Relaxed),
            bytes: self.counters.bytes.load(Ordering::Relaxed),
        }
    }
}

impl Rows {
    /// What comes next, within the time that is left.
    fn receive(&mut self) -> Option<Result<RecordBatch, QueryError>> {
        let started = monotonic();
        let received = wait_for(self.batches.recv(), self.left);
        self.left = self.left.saturating_sub(monotonic().saturating_sub(started));
        received.unwrap_or_else(|| {
            self.cancel.end();
            Some(Err(QueryError::Time { limit: self.limit }))
        })
    }
}

impl Cancel {
    /// Stops finding rows. The answer ends with [`QueryError::Cancelled`], unless it has ended already.
    pub fn cancel(&self) {
        self.state.cancelled.store(true, Ordering::Release);
        self.end();
    }

    fn end(&self) {
        self.interrupt.set();
        self.task.abort();
    }
}

impl State {
    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let received =
            if self.state.is_cancelled() && !self.state.is_finished() { None } else { self.receive() };
        let item = match received {
            Some(Ok(batch)) => return Some(Ok(batch)),
            None if self.state.is_finished() => None,
            // An interrupted join may have failed before anybody noticed why.
            _ if self.state.is_cancelled() => Some(Err(QueryError::Cancelled)),
            Some(Err(error)) if !self.cancel.interrupt.is_all() => Some(Err(error)),
            _ => Some(Err(QueryError::Broken("its engine is gone".to_owned()))),
        };
        self.ended = true;
        item
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.cancel.end();
    }
}

type Sender = mpsc::Sender<Result<RecordBatch, QueryError>>;

async fn find(batches: Batches, sender: Sender, state: Arc<State>) {
    if AssertUnwindSafe(deliver(batches, &sender)).catch_unwind().await.is_err() {
        let broken = QueryError::Broken("it broke down; please report the query".to_owned());
        // Nobody to tell if the receiver is gone.
        drop(sender.send(Err(broken)).await);
    }
    state.finished.store(true, Ordering::Release);
}

async fn deliver(mut batches: Batches, sender: &Sender) {
    while let Some(item) = batches.next().await {
        let item = item.and_then(|batch| {
            compact(batch)
                .map_err(|error| QueryError::Broken(format!("its rows could not be copied: {error}")))
        });
        let last = item.is_err();
        let empty = item.as_ref().is_ok_and(|batch| batch.num_rows() == 0);
        if (!empty && sender.send(item).await.is_err()) || last {
            return;
        }
    }
}
