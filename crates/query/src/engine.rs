use std::sync::Arc;
use std::time::Duration;

use store::Snapshot;
use tokio::runtime::{Builder, Runtime};

use crate::interrupt::Interrupt;
use crate::planner::{Answer, Planner};
use crate::reader::Counters;
use crate::search_query;
use crate::table::Logs;
use crate::wait::wait_for;
use crate::{QueryError, Rows, Search};

/// What queries may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes that all queries together may hold in sorts, groups and joins. Pages that are being decoded come on top,
    /// a few MiB per thread.
    pub memory_bytes: usize,
    /// How long one query may work. Waiting for whoever takes its rows does not count.
    pub time: Duration,
    /// Threads for all queries together.
    pub threads: usize,
}

/// Answers queries.
///
/// What it owns: a runtime with [`Limits::threads`] threads, named `query`. What bounds it: its limits. How it stops: when
/// it is dropped, running queries end with an error. What happens when a query fails: its [`Rows`] say so, and nothing
/// else is touched.
///
/// Its methods block while a query is planned, so they must not be called on an async runtime's thread.
#[derive(Debug)]
pub struct Engine {
    /// Taken when the engine goes, which then does not wait for its threads.
    runtime: Option<Runtime>,
    planner: Arc<Planner>,
    limits: Limits,
    interrupt: Interrupt,
}

/// A long list of alternatives is planned by deep recursion.
const STACK_BYTES: usize = 64 << 20;

impl Engine {
    /// The longest query, in bytes.
    pub const SQL_BYTES_MAX: usize = 64 << 10;

    /// Starts the threads.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn new(limits: Limits) -> Result<Self, QueryError> {
        let threads = limits.threads.max(1);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_time()
            .build()
            .map_err(|error| QueryError::Threads(Arc::new(error)))?;
        let planner = Arc::new(Planner::new(limits.memory_bytes, threads)?);
        Ok(Self { runtime: Some(runtime), planner, limits, interrupt: Interrupt::default() })
    }

    /// Begins to answer one SQL statement from `snapshot`.
    ///
    /// # Errors
    /// When the statement is not understood, or is one that does more than read the table `logs`.
    pub fn sql(&self, snapshot: Arc<Snapshot>, sql: &str) -> Result<Rows, QueryError> {
        let (counters, interrupt) = (Arc::new(Counters::default()), self.interrupt.another());
        let logs = Logs::new(snapshot, Arc::clone(&counters), interrupt.clone());
        short(sql)?;
        let (planner, sql) = (Arc::clone(&self.planner), sql.to_owned());
        self.begin(counters, interrupt, async move { planner.answer(logs, &sql).await })
    }

    /// Begins to find the records that match `search`: the newest first, or the oldest if it is ascending, each stretch
    /// of time as soon as it has been looked through. A field that no record has is as if it were empty everywhere.
    ///
    /// # Errors
    /// When the search cannot be put into SQL that can be planned.
    pub fn search(&self, snapshot: Arc<Snapshot>, search: &Search) -> Result<Rows, QueryError> {
        let (counters, interrupt) = (Arc::new(Counters::default()), self.interrupt.another());
        let logs = Logs::new(snapshot, Arc::clone(&counters), interrupt.clone());
        let (planner, search) = (Arc::clone(&self.planner), search.clone());
        self.begin(counters, interrupt, search_query::answer(planner, logs, search))
    }

    fn begin(
        &self,
        counters: Arc<Counters>,
        interrupt: Interrupt,
        answer: impl Future<Output = Result<Answer, QueryError>> + Send + 'static,
    ) -> Result<Rows, QueryError> {
        let limit = self.limits.time;
        let runtime =
            self.runtime.as_ref().ok_or_else(|| QueryError::Broken("its engine is gone".to_owned()))?;
        // On a thread of the runtime, for its stack.
        let planning = runtime.spawn(answer);
        let cancel = planning.abort_handle();
        let answer = match wait_for(planning, limit) {
            Some(Ok(answer)) => answer?,
            Some(Err(error)) => return Err(QueryError::Broken(format!("planning it broke down: {error}"))),
            None => {
                cancel.abort();
                return Err(QueryError::Time { limit });
            }
        };
        Ok(Rows::start(runtime.handle(), answer, limit, counters, interrupt))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.interrupt.set_all();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Refuses a text that is too long.
pub(crate) fn short(sql: &str) -> Result<(), QueryError> {
    let (bytes, max) = (sql.len(), Engine::SQL_BYTES_MAX);
    if bytes > max { Err(QueryError::TooLong { bytes, max }) } else { Ok(()) }
}
