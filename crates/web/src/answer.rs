//! Answers of the engine, which works on threads of its own and is waited for on blocking ones.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures::stream;
use query::{Begun, Cancel, Engine, QueryError, Rows, Work};
use serde_json::json;
use store::Snapshot;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::timeout;

use crate::limits::{CHUNK_BYTES, CHUNKS_AHEAD, QUERY_WAIT};
use crate::problem::Problem;
use crate::state::State;

/// Somebody waits for an answer. When it is dropped, the query is cancelled.
#[derive(Default)]
struct Interest(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    gone: bool,
    query: Option<Cancel>,
}

fn cancels(waiting: &Mutex<Waiting>, query: Cancel) {
    let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.gone {
        query.cancel();
    }
    waiting.query = Some(query);
}

impl Drop for Interest {
    fn drop(&mut self) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.gone = true;
        if let Some(query) = &waiting.query {
            query.cancel();
        }
    }
}

async fn turn(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Problem> {
    match timeout(QUERY_WAIT, Arc::clone(of).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_)) => Err(Problem::stopping()),
        Err(_) => Err(Problem::too_many("too many queries are being answered; try again")),
    }
}

/// Questions with short answers, on one snapshot.
pub(crate) struct Asker {
    pub(crate) snapshot: Arc<Snapshot>,
    /// What the answers lack.
    pub(crate) missing: Option<String>,
    state: Arc<State>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Asker {
    /// All rows of a statement that has few.
    pub(crate) fn sql(&mut self, sql: &str) -> Result<Vec<RecordBatch>, Problem> {
        let engine = Arc::clone(&self.state.engine);
        let begun = begin(&self.state, &self.waiting, Arc::clone(&self.snapshot), |snapshot| {
            engine.sql(snapshot, sql)
        })?;
        self.missing = begun.missing.or(self.missing.take());
        let batches: Result<Vec<_>, QueryError> = begun.first.into_iter().chain(begun.rows).collect();
        Ok(batches?)
    }
}

/// Lets `body` ask, when it is its turn. Nothing is asked any more when the request goes.
pub(crate) async fn ask<T: Send + 'static>(
    state: &Arc<State>,
    body: impl FnOnce(&mut Asker) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let permit = turn(&state.queries).await?;
    let (interest, state) = (Interest::default(), Arc::clone(state));
    let waiting = Arc::clone(&interest.0);
    let answer = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let snapshot = state.collector.snapshot();
        body(&mut Asker { snapshot, missing: None, state, waiting })
    });
    let answer = answer.await.map_err(|error| Problem::internal(error.to_string()))?;
    drop(interest);
    answer
}

fn begin(
    state: &State,
    waiting: &Mutex<Waiting>,
    snapshot: Arc<Snapshot>,
    question: impl Fn(Arc<Snapshot>) -> Result<Rows, QueryError>,
) -> Result<Begun, QueryError> {
    let found = |part: &Path, why: &str| state.collector.set_aside(part, why);
    query::begin(snapshot, question, found, |rows| cancels(waiting, rows.cancel()))
}

/// The client has gone.
#[derive(Debug)]
pub(crate) struct Gone;

/// Why an answer ends early.
pub(crate) enum Broken {
    Gone,
    /// It cannot be written.
    Unwritable(String),
}

impl From<Gone> for Broken {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<arrow_schema::ArrowError> for Broken {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self::Unwritable(error.to_string())
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Unwritable(error.to_string())
    }
}

/// Where an answer is written. It holds one chunk, and waits while the client takes none.
pub(crate) struct Sink {
    /// What is to be sent next.
    pub(crate) text: String,
    sender: mpsc::Sender<io::Result<Bytes>>,
}

impl Sink {
    /// Sends what there is if it is enough.
    pub(crate) fn send_full(&mut self) -> Result<(), Gone> {
        if self.text.len() >= CHUNK_BYTES { self.send() } else { Ok(()) }
    }

    /// Sends what there is.
    pub(crate) fn send(&mut self) -> Result<(), Gone> {
        if self.text.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.text);
        self.sender.blocking_send(Ok(text.into())).map_err(|_| Gone)
    }

    /// Sends these bytes, in chunks.
    pub(crate) fn bytes(&mut self, mut bytes: Bytes) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let chunk = bytes.split_to(bytes.len().min(CHUNK_BYTES));
            self.sender.blocking_send(Ok(chunk)).map_err(|_| Gone)?;
        }
        Ok(())
    }

    /// Breaks the answer off so that the client notices.
    fn abort(&mut self, why: &str) {
        // Who has gone need not be told.
        let _ = self.sender.blocking_send(Err(io::Error::other(why.to_owned())));
    }
}

/// Writes an answer.
pub(crate) trait Encode: Send {
    fn begin(&mut self, schema: &SchemaRef, out: &mut Sink) -> Result<(), Broken>;

    /// Returns false when no more rows are wanted.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Sink) -> Result<bool, Broken>;

    /// Everything was written.
    fn end(&mut self, end: &End, out: &mut Sink) -> Result<(), Broken>;

    /// It ends here because of `problem`. Returns false if there is no place for that.
    fn fail(&mut self, problem: &Problem, out: &mut Sink) -> bool;
}

/// What is known at the end of an answer.
pub(crate) struct End {
    pub(crate) missing: Option<String>,
    pub(crate) work: Work,
}

/// What was read, as JSON.
pub(crate) fn work_json(work: Work) -> serde_json::Value {
    json!({ "parts": work.parts, "rows": work.rows, "bytes": work.bytes })
}

/// Streams the rows of `question` as they are found. What goes wrong before the first of them is the answer's status.
pub(crate) async fn stream(
    state: &Arc<State>,
    question: impl Fn(&Engine, Arc<Snapshot>) -> Result<Rows, QueryError> + Send + 'static,
    encode: impl Encode + 'static,
    content_type: &'static str,
    endless: bool,
) -> Result<Response<Body>, Problem> {
    let export = if endless { Some(turn(&state.exports).await?) } else { None };
    let permits = (export, turn(&state.queries).await?);
    let (interest, state) = (Interest::default(), Arc::clone(state));
    let waiting = Arc::clone(&interest.0);
    let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
    let (begun, has_begun) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        let _permits = permits;
        let snapshot = state.collector.snapshot();
        let engine = Arc::clone(&state.engine);
        let answer = begin(&state, &waiting, snapshot, |snapshot| question(&engine, snapshot));
        let answer = match answer {
            Ok(Begun { first: Some(Err(error)), .. }) | Err(error) => {
                // Who has gone need not be told.
                let _ = begun.send(Err(Problem::from(error)));
                return;
            }
            Ok(answer) => answer,
        };
        if begun.send(Ok(())).is_ok() {
            deliver(answer, encode, Sink { text: String::new(), sender });
        }
    });
    has_begun.await.map_err(|_| Problem::internal("the answer was given up"))??;
    // The interest goes with the body: at its end, or when the client goes.
    let body = stream::unfold((chunks, interest), async |(mut chunks, interest)| {
        let chunk = chunks.recv().await?;
        Some((chunk, (chunks, interest)))
    });
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

fn deliver(answer: Begun, mut encode: impl Encode, mut out: Sink) {
    let Begun { mut rows, first, missing } = answer;
    let schema = rows.schema();
    let written = (|| -> Result<Result<(), Problem>, Broken> {
        encode.begin(&schema, &mut out)?;
        for batch in first.into_iter().chain(rows.by_ref()) {
            match batch {
                Ok(batch) => {
                    let more = encode.rows(&batch, &mut out)?;
                    // Somebody may wait for the first rows while the next ones are far away.
                    out.send()?;
                    if !more {
                        break;
                    }
                }
                Err(error) => return Ok(Err(error.into())),
            }
        }
        encode.end(&End { missing, work: rows.work() }, &mut out)?;
        out.send()?;
        Ok(Ok(()))
    })();
    let problem = match written {
        Ok(Ok(())) | Err(Broken::Gone) => return,
        Ok(Err(problem)) => problem,
        Err(Broken::Unwritable(why)) => Problem::internal(why),
    };
    if !encode.fail(&problem, &mut out) || out.send().is_err() {
        out.abort(problem.code);
    }
}
