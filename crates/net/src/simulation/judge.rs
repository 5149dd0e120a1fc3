use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use record::{Line, LineFlags, Position};

use super::peer::{Sent, SimPeer};

/// A row as it was read back.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) position: Position,
    peer: String,
    bytes: Vec<u8>,
    flags: LineFlags,
}

/// What the judge counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Lines read back whole, each as often as it is there.
    pub(super) lines: u64,
    /// Lines that are there once more.
    pub(super) duplicates: u64,
    /// Rows without a newline.
    pub(super) unterminated: u64,
}

impl From<Line<'_>> for Row {
    fn from(line: Line<'_>) -> Self {
        Self {
            position: line.position,
            peer: line.peer.to_owned(),
            bytes: line.bytes.to_owned(),
            flags: line.flags,
        }
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.bytes.len().min(100);
        let flags: Vec<_> = self.flags.names().collect();
        write!(f, "{}: `{}` {flags:?} ", self.position, self.peer)?;
        write!(f, "\"{}\" ({} bytes)", self.bytes[..shown].escape_ascii(), self.bytes.len())
    }
}

/// Checks everything that was read back against everything that was sent and acked.
///
/// `start` is the collector's last start: what it has heard to the end is there to the end.
pub(super) fn judge(rows: &[Row], peers: &[SimPeer], start: u64) -> Result<Verdict, String> {
    if let Some(pair) = rows.windows(2).find(|pair| pair[0].position >= pair[1].position) {
        return Err(format!("position {} is followed by {}", pair[0].position, pair[1].position));
    }
    let mut streams = BTreeMap::new();
    for (number, peer) in peers.iter().enumerate() {
        for sent in peer.connections() {
            let stream: &mut Stream<'_> =
                streams.entry(sent.name.clone()).or_insert_with(|| Stream::new(number, &peer.lines));
            stream.connections.push(sent);
        }
    }
    let mut verdict = Verdict::default();
    // Of each peer, how many lines were read back for the first time: they come in order, whatever comes between.
    let mut first_times = vec![0; peers.len()];
    for row in rows {
        let stream = streams
            .get_mut(&row.peer)
            .ok_or_else(|| format!("position {}: there is no `{}`", row.position, row.peer))?;
        let ended = stream.take(row)?;
        verdict.unterminated += u64::from(row.flags.contains(LineFlags::UNTERMINATED));
        let Some((earliest, latest)) = ended else { continue };
        verdict.lines += 1;
        let expected = &mut first_times[stream.peer];
        if earliest > *expected {
            return Err(format!(
                "position {}: line {earliest} of peer {} comes before line {expected}",
                row.position, stream.peer
            ));
        }
        verdict.duplicates += u64::from(latest < *expected);
        *expected = (*expected).max(latest + 1);
    }
    streams.values().try_for_each(|stream| stream.is_complete(start))?;
    Ok(verdict)
}

/// The connections under one name, one after the other, and all the places in what was sent on them that the rows so far
/// can have led to: which of several equal lines a row is cannot be seen.
struct Stream<'a> {
    peer: usize,
    lines: &'a [Vec<u8>],
    connections: Vec<Sent>,
    places: BTreeSet<Place>,
    rows: usize,
}

/// Behind so many bytes of a line of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    connection: usize,
    /// Counted from the first line of this connection.
    line: usize,
    bytes: usize,
    /// The unterminated row that ends the connection was read.
    ended: bool,
}

impl<'a> Stream<'a> {
    fn new(peer: usize, lines: &'a [Vec<u8>]) -> Self {
        let begin = Place { connection: 0, line: 0, bytes: 0, ended: false };
        Self { peer, lines, connections: Vec::new(), places: BTreeSet::from([begin]), rows: 0 }
    }

    /// Moves on by one row. Returns the number of the line that ends with it: the earliest and the latest that it
    /// can be.
    fn take(&mut self, row: &Row) -> Result<Option<(usize, usize)>, String> {
        if row.flags.contains(LineFlags::HEAD_LOST) {
            return Err(format!("the head of a line is lost: {row:?}"));
        }
        let mut next = BTreeSet::new();
        for place in self.with_later_connections() {
            self.follow(place, row, &mut next);
        }
        if next.is_empty() {
            return Err(format!(
                "row {} of its peer was not sent there: {row:?}, expected at {:?}",
                self.rows, self.places
            ));
        }
        self.rows += 1;
        self.places = next;
        let ends = self.places.iter().filter(|place| place.bytes == 0 && place.line > 0 && !place.ended);
        let numbers = ends.map(|place| self.number(place) - 1);
        Ok(numbers.clone().min().zip(numbers.max()))
    }

    /// The places themselves, and the beginnings of the connections that may come next.
    fn with_later_connections(&self) -> BTreeSet<Place> {
        let mut places = self.places.clone();
        let first = places.first().map_or(0, |place| place.connection);
        for connection in first + 1..self.connections.len() {
            let earlier = |place: &Place| place.connection == connection - 1 && self.may_end(place);
            if places.iter().any(earlier) {
                places.insert(Place { connection, line: 0, bytes: 0, ended: false });
            }
        }
        places
    }

    /// True when nothing that must be there is missing at the end of this connection.
    fn may_end(&self, place: &Place) -> bool {
        place.line >= self.connections[place.connection].acked
    }

    /// All places to which `row` can lead from `place`.
    fn follow(&self, place: Place, row: &Row, next: &mut BTreeSet<Place>) {
        let sent = &self.connections[place.connection];
        let whole = place.line < sent.lines;
        if place.ended || (!whole && (place.line > sent.lines || sent.tail == 0)) {
            return;
        }
        let line = &self.lines[self.number(&place)];
        let rest = &line[place.bytes..if whole { line.len() } else { sent.tail }];
        let split = row.flags.contains(LineFlags::SPLIT);
        let behind = Place { bytes: place.bytes + row.bytes.len(), ..place };
        if row.flags.contains(LineFlags::UNTERMINATED) {
            if rest.starts_with(&row.bytes) && split == (place.bytes > 0) {
                next.insert(Place { ended: true, ..behind });
            }
            return;
        }
        if split && rest.starts_with(&row.bytes) {
            next.insert(behind);
        }
        // The newline ends it, and one `\r` before it is not part of the line.
        if whole && rest.strip_suffix(b"\r").unwrap_or(rest) == row.bytes && split == (place.bytes > 0) {
            next.insert(Place { line: place.line + 1, bytes: 0, ..place });
        }
    }

    fn number(&self, place: &Place) -> usize {
        self.connections[place.connection].first + place.line
    }

    /// Every acked line was read back, and everything that was heard to the end.
    fn is_complete(&self, start: u64) -> Result<(), String> {
        let last = self.connections.len() - 1;
        let ends: Vec<Place> = self
            .with_later_connections()
            .into_iter()
            .filter(|place| place.connection == last && self.may_end(place))
            .collect();
        let sent = &self.connections[last];
        if ends.is_empty() {
            return Err(format!(
                "acked lines of `{}` are missing: its {} rows end at {:?}, {} were acked on its last connection",
                sent.name, self.rows, self.places, sent.acked
            ));
        }
        let to_the_end = |place: &Place| {
            place.line == sent.lines && (sent.tail == 0 || place.ended && place.bytes == sent.tail)
        };
        if sent.heard && sent.start == start && !ends.iter().any(to_the_end) {
            return Err(format!(
                "`{}` was heard to its end, but the end is missing: {ends:?}, {sent:?}",
                sent.name
            ));
        }
        Ok(())
    }
}
