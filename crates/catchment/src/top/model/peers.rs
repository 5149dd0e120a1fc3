use std::time::Duration;

use super::figures::since;
use super::filter::Filter;
use super::history::History;
use super::sort::Sort;
use crate::control::Peer;

/// So many peers are kept. Others are counted.
pub(crate) const PEERS_MAX: usize = 100_000;

/// So many rates of a peer are kept.
const LOOKS: usize = 16;

/// A peer's rate is the mean over so many looks, so that the order by rate is no flicker.
const SMOOTH: usize = 5;

/// A peer, and how it moves.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) peer: Peer,
    pub(crate) pace: Pace,
}

/// How a peer moves.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    pub(crate) lines_per_second: f64,
    pub(crate) history: History<LOOKS>,
    /// When it was last seen to have sent something; none when it never was.
    pub(crate) last_line: Option<Duration>,
}

/// Every peer, and which of them are shown in which order.
#[derive(Default)]
pub(crate) struct Peers {
    /// By source and name.
    rows: Vec<Row>,
    /// Places in `rows`.
    shown: Vec<u32>,
    at: Option<Duration>,
    pub(super) sort: Sort,
    pub(super) filter: Filter,
    name_width: usize,
    states: Vec<(String, usize)>,
}

impl Peers {
    /// Takes the peers as they are at `at`; more than [`PEERS_MAX`] must not come.
    pub(super) fn update(&mut self, at: Duration, mut peers: Vec<Peer>) {
        peers.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
        let seconds = self.at.map(|before| at.saturating_sub(before).as_secs_f64().max(0.001));
        let mut before = std::mem::take(&mut self.rows).into_iter().peekable();
        self.name_width = 0;
        self.states.clear();
        self.rows = Vec::with_capacity(peers.len());
        for peer in peers {
            while before.next_if(|row| key(&row.peer) < key(&peer)).is_some() {}
            let same = before.next_if(|row| key(&row.peer) == key(&peer));
            self.count(&peer);
            let pace = pace(&peer, same, seconds, at);
            self.rows.push(Row { peer, pace });
        }
        self.at = Some(at);
        self.arrange();
    }

    fn count(&mut self, peer: &Peer) {
        self.name_width = self.name_width.max(peer.peer.len());
        match self.states.iter_mut().find(|(state, _)| *state == peer.state) {
            Some((_, count)) => *count += 1,
            None => self.states.push((peer.state.clone(), 1)),
        }
    }

    /// Filters and sorts anew.
    pub(super) fn arrange(&mut self) {
        let (rows, sort, filter) = (&self.rows, self.sort, &self.filter);
        self.shown.clear();
        self.shown.extend((0..).zip(rows).filter(|(_, row)| filter.takes(&row.peer)).map(|(place, _)| place));
        self.shown.sort_unstable_by(|one, other| {
            let (left, right) = (&rows[*one as usize], &rows[*other as usize]);
            // Rows that are alike keep one order, or they would change places at every look.
            sort.compare(left, right).then_with(|| one.cmp(other))
        });
    }

    /// How many there are.
    pub(crate) fn total(&self) -> usize {
        self.rows.len()
    }

    /// How many are shown.
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// One of those that are shown, counted from the top.
    pub(crate) fn get(&self, place: usize) -> Option<&Row> {
        self.shown.get(place).map(|&row| &self.rows[row as usize])
    }

    /// One of all, whether it is shown or not.
    pub(crate) fn find(&self, source: &str, peer: &str) -> Option<&Row> {
        self.row_of(source, peer).map(|row| &self.rows[row])
    }

    /// Where a peer is shown.
    pub(super) fn place_of(&self, source: &str, peer: &str) -> Option<usize> {
        let row = self.row_of(source, peer)?;
        self.shown.iter().position(|&shown| shown as usize == row)
    }

    fn row_of(&self, source: &str, peer: &str) -> Option<usize> {
        self.rows.binary_search_by(|row| key(&row.peer).cmp(&(source, peer))).ok()
    }

    pub(crate) fn sort(&self) -> Sort {
        self.sort
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The length of the longest name, in bytes.
    pub(crate) fn name_width(&self) -> usize {
        self.name_width
    }

    /// How many peers are in each state.
    pub(crate) fn states(&self) -> &[(String, usize)] {
        &self.states
    }
}

fn key(peer: &Peer) -> (&str, &str) {
    (&peer.source, &peer.peer)
}

fn pace(peer: &Peer, before: Option<Row>, seconds: Option<f64>, at: Duration) -> Pace {
    // What came before anybody looked came at a time that nobody knows.
    let (Some(Row { peer: then, mut pace }), Some(seconds)) = (before, seconds) else {
        return Pace::default();
    };
    pace.history.push(since(peer.lines, then.lines) as f64 / seconds);
    pace.lines_per_second = pace.history.mean(SMOOTH);
    if peer.bytes != then.bytes {
        pace.last_line = Some(at);
    }
    pace
}
