use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow_schema::SchemaRef;
use search::Query;
use serde_json::Value;
use store::Snapshot;
use web::{Collector, FileWriter, Metrics, Report, Tail};

use super::{metrics, parquet};
use crate::control::health::takes_lines;
use crate::control::{Parts, Peer, journal_status, status};
use crate::tailing::Tailing;

/// What the API sees of the collector.
pub(super) struct Bridge(pub(super) Arc<Parts>);

impl Collector for Bridge {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.0.store.snapshot()
    }

    fn set_aside(&self, part: &Path, why: &str) {
        if let Err(error) = self.0.store.0.set_aside(part, why) {
            tracing::warn!(part = %part.display(), why, %error, "a damaged part could not be set aside");
        }
    }

    fn ready(&self) -> Result<(), String> {
        takes_lines(&journal_status(&self.0.journal))
    }

    fn report(&self) -> Report {
        let mut status = status(&self.0);
        let peers = std::mem::take(&mut status.peers).into_iter().map(peer).collect();
        let queues = std::mem::take(&mut status.queues);
        let Ok(Value::Object(mut status)) = serde_json::to_value(status) else {
            return Report { peers, queues, ..Report::default() };
        };
        // Both have a place of their own.
        status.remove("peers");
        status.remove("queues");
        Report { status, peers, queues }
    }

    fn metrics(&self, metrics: &mut Metrics) {
        let status = status(&self.0);
        metrics::add(metrics, &self.0, &status, &status.queues);
    }

    fn tail(&self, query: &Query, after: Option<u64>) -> Result<Box<dyn Tail>, String> {
        let Parts { pipelines, journal, engine, .. } = &*self.0;
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
