use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::SchemaRef;
use journal::State;
use search::Query;
use serde_json::Value;
use store::Snapshot;
use web::{Collector, FileWriter, Metrics, Report, Tail};

use super::{Ages, metrics, parquet, queues};
use crate::config::Config;
use crate::control::{Parts, Peer, Status, status};
use crate::tailing::Tailing;

/// What the API sees of the collector.
pub(super) struct Bridge {
    parts: Arc<Parts>,
    pub(super) ages: Ages,
    pub(super) limits: Limits,
}

/// What queues may hold, in bytes.
pub(super) struct Limits {
    pub(super) journal: u64,
    pub(super) store_memory: u64,
}

impl Bridge {
    pub(super) fn new(parts: Arc<Parts>, ages: Ages, config: &Config) -> Self {
        let limits = Limits {
            journal: config.journal.bytes_max,
            store_memory: 2 * config.store.memtable_bytes as u64,
        };
        Self { parts, ages, limits }
    }
}

impl Collector for Bridge {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.parts.store.snapshot()
    }

    fn set_aside(&self, part: &Path, why: &str) {
        if let Err(error) = self.parts.store.0.set_aside(part, why) {
            tracing::warn!(part = %part.display(), why, %error, "a damaged part could not be set aside");
        }
    }

    fn ready(&self) -> Result<(), String> {
        match self.parts.journal.state() {
            State::Running => Ok(()),
            State::Stalled { reason } => Err(format!("the journal is stalled: {reason}")),
            State::Failed { reason } => Err(format!("the journal has failed: {reason}")),
        }
    }

    fn report(&self) -> Report {
        let mut status = status(&self.parts);
        let peers = std::mem::take(&mut status.peers).into_iter().map(peer).collect();
        let queues = queues::queues(self, &self.parts, &status);
        let Ok(Value::Object(mut status)) = serde_json::to_value(status) else {
            return Report { peers, queues, ..Report::default() };
        };
        status.remove("peers");
        Report { status, peers, queues }
    }

    fn metrics(&self, metrics: &mut Metrics) {
        let status: Status = status(&self.parts);
        let queues = queues::queues(self, &self.parts, &status);
        metrics::add(metrics, &self.parts, &status, &queues);
    }

    fn tail(&self, query: &Query, after: Option<u64>) -> Result<Box<dyn Tail>, String> {
        let Parts { pipelines, journal, engine, .. } = &*self.parts;
        Ok(Box::new(pipelines.tail(query, after, journal, engine)?))
    }

    fn parquet(&self, schema: SchemaRef) -> io::Result<Box<dyn FileWriter>> {
        parquet::writer(schema)
    }
}

impl Tail for Tailing {
    fn next(
        &mut self,
        timeout: Duration,
        each: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> io::Result<Option<bool>> {
        self.next(timeout, each)
    }

    fn position(&self) -> u64 {
        self.position()
    }

    fn furthest(&self) -> u64 {
        self.furthest()
    }

    fn is_ordered(&self) -> bool {
        self.is_ordered()
    }
}

fn peer(peer: Peer) -> web::Peer {
    let Peer {
        source, peer, state, backing_off_until, lines, bytes, unacked, reconnects, last_error, ..
    } = peer;
    web::Peer { source, peer, state, backing_off_until, lines, bytes, unacked, reconnects, last_error }
}
