use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use serde::Serialize;

use super::reports::{Pace, Timed};
use crate::Peer;
use crate::params::Params;
use crate::problem::Problem;
use crate::state::State;
use crate::time::shown;

#[derive(Serialize)]
pub(crate) struct Answer {
    taken: String,
    total: usize,
    states: BTreeMap<String, usize>,
    sources: Vec<Source>,
    peers: Vec<Row>,
}

/// The sums of a source.
#[derive(Debug, PartialEq, Serialize)]
struct Source {
    source: String,
    peers: usize,
    connected: usize,
    lines_per_second: f64,
    unacked: u64,
}

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    peer: Peer,
    lines_per_second: f64,
    last_line: Option<String>,
}

#[derive(Clone, Copy)]
enum Sort {
    Peer,
    Source,
    State,
    Lines,
    Bytes,
    Unacked,
    Reconnects,
    Rate,
    LastLine,
}

const SORTS: [(&str, Sort); 9] = [
    ("peer", Sort::Peer),
    ("source", Sort::Source),
    ("state", Sort::State),
    ("lines", Sort::Lines),
    ("bytes", Sort::Bytes),
    ("unacked", Sort::Unacked),
    ("reconnects", Sort::Reconnects),
    ("lines_per_second", Sort::Rate),
    ("last_line", Sort::LastLine),
];

/// Which peers are wanted, in which order.
struct Wanted {
    text: Option<String>,
    state: Option<String>,
    source: Option<String>,
    sort: Sort,
    descending: bool,
    offset: usize,
    limit: usize,
}

/// `GET peers`.
pub(crate) async fn peers(
    Shared(state): Shared<Arc<State>>,
    mut params: Params,
) -> Result<Json<Answer>, Problem> {
    let wanted = Wanted {
        text: params.text("q")?.map(|text| text.to_lowercase()),
        state: params.text("state")?,
        source: params.text("source")?,
        sort: params.choice("sort", &SORTS, Sort::Peer)?,
        descending: params.choice("order", &[("asc", false), ("desc", true)], false)?,
        offset: params.count("offset", 0..=u64::MAX, 0)?,
        limit: params.count("limit", 1..=20_000, 1000)?,
    };
    params.end()?;
    let report = state.reports.get(&state).await?;
    Ok(Json(wanted.of(&report)))
}

impl Source {
    fn new(of: &Peer) -> Self {
        Self { source: of.source.clone(), peers: 0, connected: 0, lines_per_second: 0.0, unacked: 0 }
    }

    fn add(&mut self, peer: &Peer, pace: Pace) {
        self.peers += 1;
        self.connected += usize::from(peer.state == "connected");
        self.lines_per_second += pace.lines_per_second;
        self.unacked += peer.unacked;
    }
}

impl Wanted {
    fn of(&self, timed: &Timed) -> Answer {
        let (mut states, mut sources) = (BTreeMap::new(), BTreeMap::new());
        let all = timed.report.peers.iter().zip(timed.paces.iter().copied());
        let mut found: Vec<(&Peer, Pace)> = all
            .filter(|(peer, _)| self.has_words(peer))
            .inspect(|(peer, pace)| {
                *states.entry(peer.state.clone()).or_default() += 1;
                sources.entry(peer.source.as_str()).or_insert_with(|| Source::new(peer)).add(peer, *pace);
            })
            .filter(|(peer, _)| self.state.as_ref().is_none_or(|state| *state == peer.state))
            .collect();
        found.sort_by(|one, other| {
            let order = self.compare(one, other);
            let order = if self.descending { order.reverse() } else { order };
            order.then_with(|| (&one.0.peer, &one.0.source).cmp(&(&other.0.peer, &other.0.source)))
        });
        let total = found.len();
        let page = found.into_iter().skip(self.offset).take(self.limit);
        let row = |(peer, pace): (&Peer, Pace)| Row {
            peer: peer.clone(),
            lines_per_second: pace.lines_per_second,
            last_line: pace.last_line.map(shown),
        };
        let peers = page.map(row).collect();
        Answer { taken: shown(timed.taken), total, states, sources: sources.into_values().collect(), peers }
    }

    fn has_words(&self, peer: &Peer) -> bool {
        let has = |text: &str, words: &str| text.to_lowercase().contains(words);
        let words = |words: &String| {
            let error = peer.last_error.as_deref().unwrap_or_default();
            has(&peer.peer, words) || has(&peer.source, words) || has(error, words)
        };
        self.text.as_ref().is_none_or(words)
            && self.source.as_ref().is_none_or(|source| *source == peer.source)
    }

    fn compare(&self, (one, pace): &(&Peer, Pace), (other, others): &(&Peer, Pace)) -> Ordering {
        match self.sort {
            Sort::Peer => one.peer.cmp(&other.peer),
            Sort::Source => one.source.cmp(&other.source),
            Sort::State => one.state.cmp(&other.state),
            Sort::Lines => one.lines.cmp(&other.lines),
            Sort::Bytes => one.bytes.cmp(&other.bytes),
            Sort::Unacked => one.unacked.cmp(&other.unacked),
            Sort::Reconnects => one.reconnects.cmp(&other.reconnects),
            Sort::Rate => pace.lines_per_second.total_cmp(&others.lines_per_second),
            Sort::LastLine => pace.last_line.cmp(&others.last_line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, Sort, Source, Timed, Wanted};
    use crate::{Peer, Report};

    #[test]
    fn filtered_sorted_and_cut() {
        let peer = |name: &str, state: &str, lines| Peer {
            peer: name.to_owned(),
            state: state.to_owned(),
            source: "s".to_owned(),
            lines,
            unacked: 2,
            ..Peer::default()
        };
        let peers = vec![
            peer("gw-2", "connected", 5),
            peer("gw-1", "connected", 5),
            peer("gw-3", "done", 9),
            peer("x", "done", 0),
        ];
        let paces = vec![Pace::default(); 4];
        let timed = Timed { report: Report { peers, ..Report::default() }, taken: 0, paces };
        let wanted = Wanted {
            text: Some("gw".to_owned()),
            state: None,
            source: None,
            sort: Sort::Lines,
            descending: true,
            offset: 0,
            limit: 2,
        };
        let answer = wanted.of(&timed);
        let names: Vec<&str> = answer.peers.iter().map(|row| row.peer.peer.as_str()).collect();
        assert_eq!((names, answer.total, answer.states["connected"]), (vec!["gw-3", "gw-1"], 3, 2));
        let sum =
            Source { source: "s".to_owned(), peers: 3, connected: 2, lines_per_second: 0.0, unacked: 6 };
        assert_eq!(answer.sources, [sum]);
        let done = Wanted { state: Some("done".to_owned()), ..wanted }.of(&timed);
        assert_eq!((done.total, done.states["connected"]), (1, 2));
    }
}
