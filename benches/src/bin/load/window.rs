//! What is counted, and what of it falls into the measured window.

use catchment_bench::{Histogram, clock};
use serde_json::{Value, json};

/// Running counts of one generator. The window is the difference of two looks at them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Lines acked since the start.
    pub(crate) acked: u64,
    /// Connections that broke, and replies that were not `ACK\n` or came for no line.
    pub(crate) errors: u64,
    /// From the write of a line to its ACK, within the window.
    pub(crate) latency: Histogram,
    begin: Look,
}

#[derive(Clone, Copy, Debug, Default)]
struct Look {
    time: u64,
    cpu: u64,
    acked: u64,
}

impl Counts {
    /// The window begins: what came before was warming up.
    pub(crate) fn begin(&mut self) {
        self.begin = self.look();
        self.latency = Histogram::default();
    }

    /// The window ends: what was measured in it.
    pub(crate) fn end(&self) -> Value {
        let end = self.look();
        let seconds = (end.time - self.begin.time) as f64 / 1e9;
        let lines = end.acked - self.begin.acked;
        json!({
            "lines": lines,
            "seconds": seconds,
            "lines_per_second": lines as f64 / seconds,
            "cpu_seconds": (end.cpu - self.begin.cpu) as f64 / 1e9,
            "errors": self.errors,
            "latency_us": {
                "p50": self.latency.quantile(0.5) as f64 / 1e3,
                "p99": self.latency.quantile(0.99) as f64 / 1e3,
                "max": self.latency.max() as f64 / 1e3,
            },
            "latency_max_ns": self.latency.max(),
            "latency_buckets": self.latency.buckets(),
        })
    }

    fn look(&self) -> Look {
        Look { time: clock::monotonic(), cpu: clock::process_cpu(), acked: self.acked }
    }
}
