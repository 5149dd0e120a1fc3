use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use record::clock;
use tokio::sync::Mutex;

use crate::problem::Problem;
use crate::state::State;
use crate::time;
use crate::{Peer, Report};

/// Whoever asks sooner gets what the one before got: many open pages cost the event loops no more than one.
const FRESH: Duration = Duration::from_millis(500);

/// Rates are those since the look before, if that is not longer ago.
const RECENT: Duration = Duration::from_secs(60);

/// The newest report, and what is needed to tell rates.
///
/// What it owns: the report and a few words for each peer there is. What bounds it: the number of peers.
#[derive(Default)]
pub(crate) struct Reports(Mutex<Option<Seen>>);

struct Seen {
    at: Duration,
    report: Arc<Timed>,
    counts: HashMap<(String, String), Count>,
}

/// A report, and since when.
pub(crate) struct Timed {
    pub(crate) report: Report,
    /// When it was taken, in microseconds since 1970.
    pub(crate) taken: i64,
    /// What is known of each peer beside what the report says, in its order.
    pub(crate) paces: Vec<Pace>,
}

/// How a peer moves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Pace {
    pub(crate) lines_per_second: f64,
    /// When its count was last seen to have moved.
    pub(crate) last_line: Option<i64>,
}

#[derive(Clone, Copy)]
struct Count {
    lines: u64,
    bytes: u64,
    last_line: Option<i64>,
}

impl Reports {
    /// How the collector is.
    pub(crate) async fn get(&self, state: &Arc<State>) -> Result<Arc<Timed>, Problem> {
        let mut seen = self.0.lock().await;
        if let Some(seen) = seen.as_ref()
            && clock::monotonic().saturating_sub(seen.at) < FRESH
        {
            return Ok(Arc::clone(&seen.report));
        }
        let collector = Arc::clone(&state.collector);
        let report = tokio::task::spawn_blocking(move || collector.report())
            .await
            .map_err(|error| Problem::internal(error.to_string()))?;
        let next = Seen::new(report, seen.take(), clock::monotonic(), time::now());
        let report = Arc::clone(&next.report);
        *seen = Some(next);
        Ok(report)
    }
}

impl Seen {
    fn new(report: Report, before: Option<Self>, at: Duration, taken: i64) -> Self {
        let since = before.as_ref().map(|before| at.saturating_sub(before.at));
        let seconds = since.filter(|since| *since <= RECENT).map(|since| since.as_secs_f64());
        let mut old = before.map(|before| before.counts).unwrap_or_default();
        let (mut counts, mut paces) = (HashMap::with_capacity(report.peers.len()), Vec::new());
        for peer in &report.peers {
            let name = (peer.source.clone(), peer.peer.clone());
            let (pace, count) = pace(peer, old.remove(&name), seconds, taken);
            counts.insert(name, count);
            paces.push(pace);
        }
        Self { at, report: Arc::new(Timed { report, taken, paces }), counts }
    }
}

fn pace(peer: &Peer, before: Option<Count>, seconds: Option<f64>, taken: i64) -> (Pace, Count) {
    let Peer { lines, bytes, .. } = *peer;
    let more = before.map_or(0, |before| lines.saturating_sub(before.lines));
    let moved = before.map_or(bytes > 0, |before| bytes != before.bytes);
    // What came before anybody looked came at a time that nobody knows.
    let last_line =
        if moved && before.is_some() { Some(taken) } else { before.and_then(|before| before.last_line) };
    let lines_per_second =
        seconds.filter(|seconds| *seconds > 0.0).map_or(0.0, |seconds| more as f64 / seconds);
    (Pace { lines_per_second, last_line }, Count { lines, bytes, last_line })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, Seen};
    use crate::{Peer, Report};

    fn seen(lines: u64, before: Option<Seen>, at: u64) -> Seen {
        let peer = Peer { peer: "p".to_owned(), lines, bytes: 10 * lines, ..Peer::default() };
        let report = Report { peers: vec![peer], ..Report::default() };
        Seen::new(report, before, Duration::from_secs(at), i64::try_from(at).expect("small"))
    }

    #[test]
    fn rates_are_those_since_the_last_look() {
        let pace = |seen: &Seen| seen.report.paces[0];
        let first = seen(100, None, 1);
        assert_eq!(pace(&first), Pace { lines_per_second: 0.0, last_line: None });
        let second = seen(120, Some(first), 5);
        assert_eq!(pace(&second), Pace { lines_per_second: 5.0, last_line: Some(5) });
        let still = seen(120, Some(second), 6);
        assert_eq!(pace(&still), Pace { lines_per_second: 0.0, last_line: Some(5) });
        let much_later = seen(500, Some(still), 1000);
        assert_eq!(pace(&much_later), Pace { lines_per_second: 0.0, last_line: Some(1000) });
    }
}
