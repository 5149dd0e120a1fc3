//! What the API asks the collector for.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use search::Query;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Snapshot;

use crate::Metrics;

/// A running collector, as this crate needs it. Its methods may block for some seconds.
pub trait Collector: Send + Sync + 'static {
    /// All records, as of now.
    fn snapshot(&self) -> Arc<Snapshot>;

    /// A part turned out to be damaged.
    fn set_aside(&self, part: &Path, why: &str);

    /// Ok while lines are taken.
    ///
    /// # Errors
    /// Says why none are.
    fn ready(&self) -> Result<(), String>;

    /// How it is.
    fn report(&self) -> Report;

    /// Adds everything that can be counted.
    fn metrics(&self, metrics: &mut Metrics);

    /// Records that match, as they come, or from behind a position on.
    ///
    /// # Errors
    /// Says why there is no tail.
    fn tail(&self, query: &Query, after: Option<u64>) -> Result<Box<dyn Tail>, String>;

    /// Writes a Parquet file.
    ///
    /// # Errors
    /// When rows like these cannot be in one.
    fn parquet(&self, schema: SchemaRef) -> io::Result<Box<dyn FileWriter>>;
}

/// Follows records.
pub trait Tail: Send {
    /// Gives every event that comes within `timeout` to `each`: a record as JSON, whose first key is its `position`, or
    /// `{"skipped":N}` or `{"skipped_bytes":N}`. Returns whether there was any; `None` when nothing will come any more.
    ///
    /// # Errors
    /// Those of `each`, and that the past cannot be read.
    fn next(
        &mut self,
        timeout: Duration,
        each: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> io::Result<Option<bool>>;

    /// Every record up to here was given.
    fn position(&self) -> u64;

    /// The highest position that a record given until now may have: [`Tail::position`], unless records come in no order.
    fn furthest(&self) -> u64;

    /// True when records come in the order of their positions.
    fn is_ordered(&self) -> bool;
}

/// Makes a file of rows.
pub trait FileWriter: Send {
    /// Adds rows.
    ///
    /// # Errors
    /// When they cannot be written.
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()>;

    /// What there is of the file by now and was not taken yet.
    fn take(&mut self) -> Bytes;

    /// Ends the file. Its last bytes are there to be taken.
    ///
    /// # Errors
    /// When they cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// How a collector is.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything but the peers, as `catchment status --format json` has it.
    pub status: Map<String, Value>,
    /// Every peer.
    pub peers: Vec<Peer>,
    /// Every queue.
    pub queues: Vec<Queue>,
}

/// How a peer is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Peer {
    /// Its source.
    pub source: String,
    /// The target as written, or the remote address.
    pub peer: String,
    /// `connecting`, `connected`, `backing_off`, `closing` or `done`.
    pub state: String,
    /// When it is dialled again.
    pub backing_off_until: Option<String>,
    /// Lines that came in whole.
    pub lines: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Lines whose ACK has not left.
    pub unacked: u64,
    /// How often the connection was made again.
    pub reconnects: u64,
    /// Why the last attempt or connection ended.
    pub last_error: Option<String>,
}

/// How a queue is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// One of a kind.
    pub name: String,
    /// What it is, for people.
    pub label: String,
    /// What is in it.
    pub depth: u64,
    /// What it may hold; none without a bound of its own.
    pub limit: Option<u64>,
    /// `bytes`, `records` and so on.
    pub unit: String,
    /// How long its oldest has waited; none when it is empty or nobody knows.
    pub oldest_seconds: Option<f64>,
}
