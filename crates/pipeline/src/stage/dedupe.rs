use std::collections::{HashSet, VecDeque};

use record::{Batch, Record};

use super::digest::Digests;
use super::{BadStage, Dedupe};

/// The most lines that can be remembered: 80 MB.
const LINES_MAX: usize = 1_000_000;

/// [`Dedupe`] at work.
///
/// Owns a digest of each line that went on of late, at most as many as it is told, 80 bytes each. What it remembers is not kept over a
/// restart: a line may go on once more then, but never is the only one of its kind dropped.
#[derive(Debug)]
pub(super) struct Deduper {
    told: Dedupe,
    digests: Digests,
    /// When each one was received, the oldest first.
    seen: VecDeque<(u128, i64)>,
    known: HashSet<u128>,
}

pub(super) fn check(told: &Dedupe) -> Result<(), BadStage> {
    let is_good = (1..=LINES_MAX).contains(&told.lines);
    is_good.then_some(()).ok_or(BadStage::Dedupe { max: LINES_MAX })
}

impl Deduper {
    pub(super) fn new(told: &Dedupe) -> Self {
        Self { told: told.clone(), digests: Digests::default(), seen: VecDeque::new(), known: HashSet::new() }
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        batch.retain(|record| self.goes_on(record));
    }

    /// Forgets what was seen.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
        self.known.clear();
    }

    fn goes_on(&mut self, record: Record<'_>) -> bool {
        let received = record.received();
        self.forget_before(received);
        let peer = if self.told.across_peers { ("", "") } else { (record.source(), record.peer()) };
        let digest = self.digests.of((peer, record.message()));
        if self.known.contains(&digest) {
            return false;
        }
        if self.seen.len() >= self.told.lines {
            self.forget_oldest();
        }
        self.seen.push_back((digest, received));
        self.known.insert(digest);
        true
    }

    fn forget_before(&mut self, now: i64) {
        let Some(within) = self.told.within else { return };
        let within = i64::try_from(within.as_micros()).unwrap_or(i64::MAX);
        while self.seen.front().is_some_and(|(_, received)| now.saturating_sub(*received) > within) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((digest, _)) = self.seen.pop_front() {
            self.known.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::time::Duration;

    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position};

    use super::{Dedupe, Deduper, check};

    fn dedupe(lines: usize, within: Option<u64>, across_peers: bool) -> Dedupe {
        Dedupe { lines, within: within.map(Duration::from_micros), across_peers }
    }

    /// Positions of those that go on, of lines that are received one microsecond after the other.
    fn kept(told: &Dedupe, lines: &[(&str, &str)], batch_rows: usize) -> Vec<u64> {
        let (mut deduper, mut kept) = (Deduper::new(told), Vec::new());
        for (number, lines) in lines.chunks(batch_rows).enumerate() {
            let mut batch = Batch::new();
            for (index, (peer, text)) in lines.iter().enumerate() {
                let at = (number * batch_rows + index) as u64;
                let (position, received, flags) = (Position(at), Micros(at), LineFlags::default());
                batch.push(&Line { position, received, source: "s", peer, bytes: text.as_bytes(), flags });
            }
            deduper.apply(&mut batch);
            kept.extend(batch.iter().map(|record| record.position().0));
        }
        kept
    }

    #[test]
    fn the_same_text_of_the_same_peer_goes_on_once() {
        let lines = [("a", "x"), ("b", "x"), ("a", "x"), ("a", "y"), ("a", "x ")];
        assert_eq!(kept(&dedupe(10, None, false), &lines, 2), [0, 1, 3, 4]);
        assert_eq!(kept(&dedupe(10, None, true), &lines, 2), [0, 3, 4]);
        assert!(check(&dedupe(0, None, true)).is_err() && check(&dedupe(1, None, true)).is_ok());
    }

    proptest! {
        #[test]
        fn as_a_list_of_the_last_ones_would_have_it(
            texts in proptest::collection::vec("[abc]", 0..60), lines in 1..5_usize, within in proptest::option::of(0..8_u64), rows in 1..9_usize,
        ) {
            let (mut last, mut expected) = (VecDeque::new(), Vec::new());
            for (at, text) in texts.iter().enumerate() {
                let at = at as u64;
                last.retain(|(_, then): &(&str, u64)| within.is_none_or(|within| at - then <= within));
                if last.iter().all(|(other, _)| other != text) {
                    last.push_back((text, at));
                    expected.push(at);
                    if last.len() > lines {
                        last.pop_front();
                    }
                }
            }
            let texts: Vec<(&str, &str)> = texts.iter().map(|text| ("p", text.as_str())).collect();
            prop_assert_eq!(kept(&dedupe(lines, within, false), &texts, rows), expected);
        }
    }
}
