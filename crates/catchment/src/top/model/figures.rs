use std::time::Duration;

use super::history::History;
use crate::control::{PipelineStatus, Status};

/// So many rates of the whole collector are kept.
const LOOKS: usize = 120;

/// The newest answer without its peers, and how fast its counts move.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) status: Status,
    /// When it came, and what time of day it was then, in microseconds since 1970.
    pub(crate) at: Duration,
    pub(crate) wall: i64,
    pub(crate) lines_per_second: f64,
    pub(crate) bytes_per_second: f64,
    pub(crate) acked_per_second: f64,
    pub(crate) commits_per_second: f64,
    /// Records each second of every pipeline, in the order of the status.
    pub(crate) records_per_second: Vec<f64>,
    pub(crate) history: History<LOOKS>,
}

impl Figures {
    pub(super) fn new(before: Option<Self>, status: Status, at: Duration, wall: i64) -> Self {
        let mut figures = Self {
            at,
            wall,
            lines_per_second: 0.0,
            bytes_per_second: 0.0,
            acked_per_second: 0.0,
            commits_per_second: 0.0,
            records_per_second: vec![0.0; status.pipelines.len()],
            history: before.as_ref().map(|before| before.history).unwrap_or_default(),
            status,
        };
        if let Some(before) = before {
            figures.compare(&before);
        }
        figures
    }

    fn compare(&mut self, before: &Self) {
        let seconds = self.at.saturating_sub(before.at).as_secs_f64().max(0.001);
        let rate = |now, then| since(now, then) as f64 / seconds;
        let (now, then) = (&self.status, &before.status);
        self.lines_per_second = rate(now.totals.lines, then.totals.lines);
        self.bytes_per_second = rate(now.totals.bytes, then.totals.bytes);
        self.acked_per_second = rate(now.totals.acked, then.totals.acked);
        self.commits_per_second = rate(now.journal.commits, then.journal.commits);
        let records = |pipeline: &PipelineStatus| {
            let same = then.pipelines.iter().find(|other| other.name == pipeline.name);
            rate(pipeline.records, same.map_or(pipeline.records, |other| other.records))
        };
        self.records_per_second = now.pipelines.iter().map(records).collect();
        self.history.push(self.lines_per_second);
    }
}

/// How much a count has grown. A collector that was started again counts from zero.
pub(super) fn since(now: u64, then: u64) -> u64 {
    now.checked_sub(then).unwrap_or(now)
}
