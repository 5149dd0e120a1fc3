//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use query::Engine;
use tokio::sync::{Semaphore, watch};

use crate::Collector;
use crate::guard::Guard;
use crate::limits::{EXPORTS_MAX, QUERIES_MAX};
use crate::metrics::Metrics;
use crate::tail::Taps;
use crate::watch::Reports;

/// What all requests share. It goes with the last connection.
pub(crate) struct State {
    pub(crate) collector: Arc<dyn Collector>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) guard: Guard,
    /// Turns to ask the engine.
    pub(crate) queries: Arc<Semaphore>,
    /// Of these, those whose answers have no end in sight.
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) reports: Reports,
    pub(crate) taps: Arc<Taps>,
    pub(crate) counts: Counts,
    /// True when the collector stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Clients come by TLS.
    pub(crate) secure: bool,
}

impl State {
    pub(crate) fn new(
        collector: Arc<dyn Collector>,
        engine: Arc<Engine>,
        guard: Guard,
        tails_max: usize,
        stopping: watch::Receiver<bool>,
        secure: bool,
    ) -> Self {
        Self {
            taps: Arc::new(Taps::new(Arc::clone(&collector), tails_max)),
            collector,
            engine,
            guard,
            queries: Arc::new(Semaphore::new(QUERIES_MAX)),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            reports: Reports::default(),
            counts: Counts::default(),
            stopping,
            secure,
        }
    }
}

/// Waits until the collector stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // Without a sender nothing runs any more.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// What the API counts of itself.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) connections: AtomicUsize,
    pub(crate) requests: AtomicUsize,
    pub(crate) accepted: AtomicU64,
    /// There were as many as there may be.
    pub(crate) refused: AtomicU64,
    /// By the first digit of the status.
    answers: [AtomicU64; 6],
}

impl Counts {
    pub(crate) fn answered(&self, status: u16) {
        if let Some(count) = self.answers.get(usize::from(status / 100)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn add_to(&self, metrics: &mut Metrics) {
        let connections = self.connections.load(Ordering::Relaxed) as f64;
        metrics.gauge("catchment_web_connections", "Open connections of the HTTP API.", &[], connections);
        let requests = self.requests.load(Ordering::Relaxed) as f64;
        metrics.gauge("catchment_web_requests", "Requests that are being answered.", &[], requests);
        metrics.counter(
            "catchment_web_connections_accepted_total",
            "Connections that were taken.",
            &[],
            self.accepted.load(Ordering::Relaxed),
        );
        metrics.counter(
            "catchment_web_connections_refused_total",
            "Connections that were closed at once because there were too many.",
            &[],
            self.refused.load(Ordering::Relaxed),
        );
        for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(&self.answers[1..]) {
            let help = "Requests that were answered, by the class of the status.";
            let count = count.load(Ordering::Relaxed);
            metrics.counter("catchment_web_answers_total", help, &[("status", class)], count);
        }
    }
}
