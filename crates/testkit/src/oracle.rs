use std::collections::BTreeMap;

use serde_json::Value;

use crate::numbered::{header, line, parse_header};
use crate::row::Row;

/// What many peers sent and what was acked to them: enough to judge what a collector gives back.
///
/// It is a record and a pure function; a [`crate::Fleet`] fills it.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// Decides the text of every line.
    pub seed: u64,
    /// The source through which the lines came.
    pub peers: Vec<Sent>,
}

/// What one peer sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The source that its rows must name.
    pub source: String,
    /// The name that its rows must have; none for a client, which has another at each connection.
    pub target: Option<String>,
    /// How often each of its lines was given to the network whole.
    pub times: Vec<u32>,
    /// Its lines below this number are acked. None of them was sent again after that.
    pub acked: usize,
}

/// The collector gave back what it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Different lines that came back.
    pub lines: u64,
    /// Lines that came back again, each because it was sent again.
    pub duplicates: u64,
    /// Beginnings of lines, from connections that broke.
    pub unterminated: u64,
}

/// The collector broke a promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum Violation {
    #[error("peer {peer}: line {number} was acked, and is not there")]
    Lost { peer: usize, number: usize },
    #[error("position {position}: nobody sent {text:?}")]
    Invented { position: u64, text: String },
    #[error("position {position}: line {number} of peer {peer} came back as {text:?}")]
    Changed { position: u64, peer: usize, number: usize, text: String },
    #[error("position {position}: line {number} of peer {peer} is named {name:?}")]
    Misnamed { position: u64, peer: usize, number: usize, name: String },
    #[error("position {position}: line {number} of peer {peer} is marked {flags:?}")]
    Marked { position: u64, peer: usize, number: usize, flags: Vec<String> },
    #[error("position {position}: line {number} of peer {peer} is behind line {before}")]
    OutOfOrder { position: u64, peer: usize, number: usize, before: usize },
    #[error("peer {peer}: line {number} is there {there} times, and was sent {sent} times")]
    Repeated { peer: usize, number: usize, there: u32, sent: u32 },
    #[error("position {position} is not behind position {before}")]
    Position { position: u64, before: u64 },
    #[error("position {position} is {there} times in the store, and once among the lines")]
    Stored { position: u64, there: usize },
    #[error("position {position} is in the store as {text:?}, and nobody sent that")]
    Stray { position: u64, text: String },
}

impl Oracle {
    /// Judges all rows of a journal, in its order.
    ///
    /// # Errors
    /// The first promise that is broken.
    pub fn judge(&self, rows: &[Row]) -> Result<Judgement, Violation> {
        let mut judgement = Judgement::default();
        let mut there: Vec<Vec<u32>> = self.peers.iter().map(|peer| vec![0; peer.times.len()]).collect();
        let mut last: Vec<Option<usize>> = vec![None; self.peers.len()];
        let mut before = None;
        for row in rows {
            if let Some(before) = before.replace(row.position).filter(|&before| before >= row.position) {
                return Err(Violation::Position { position: row.position, before });
            }
            if row.is("unterminated") {
                self.check_beginning(row)?;
                judgement.unterminated += 1;
                continue;
            }
            let (peer, number) = self.check_line(row)?;
            there[peer][number] += 1;
            if there[peer][number] > 1 {
                judgement.duplicates += 1;
                continue;
            }
            judgement.lines += 1;
            if let Some(before) = last[peer].replace(number).filter(|&before| before > number) {
                return Err(Violation::OutOfOrder { position: row.position, peer, number, before });
            }
        }
        self.check_counts(&there)?;
        Ok(judgement)
    }

    /// Judges the records of the store by the lines: each line is one record, and nothing else is.
    ///
    /// # Errors
    /// The first record that is missing, there twice, or another one.
    pub fn judge_store(rows: &[Row], records: &[Value]) -> Result<(), Violation> {
        let mut stored: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for record in records {
            let position = record["position"].as_u64().unwrap_or_default();
            stored.entry(position).or_default().push(record["message"].as_str().unwrap_or_default());
        }
        for row in rows {
            let there = stored.remove(&row.position).unwrap_or_default();
            if there != [row.line.as_str()] {
                return Err(Violation::Stored { position: row.position, there: there.len() });
            }
        }
        match stored.pop_first() {
            None => Ok(()),
            Some((position, texts)) => Err(Violation::Stray { position, text: texts.concat() }),
        }
    }

    /// Whose line it is. Every byte of it must be what was sent.
    fn check_line(&self, row: &Row) -> Result<(usize, usize), Violation> {
        let (position, text) = (row.position, row.line.clone());
        let known = |&(peer, number): &(usize, usize)| {
            self.peers.get(peer).is_some_and(|peer| number < peer.times.len())
        };
        let Some((peer, number)) = parse_header(&text).filter(known) else {
            return Err(Violation::Invented { position, text });
        };
        if text != line(self.seed, peer, number) {
            return Err(Violation::Changed { position, peer, number, text });
        }
        let Sent { source, target, .. } = &self.peers[peer];
        if row.source != *source || target.as_ref().is_some_and(|target| row.peer != *target) {
            return Err(Violation::Misnamed {
                position,
                peer,
                number,
                name: format!("{}/{}", row.source, row.peer),
            });
        }
        if !row.flags.is_empty() {
            return Err(Violation::Marked { position, peer, number, flags: row.flags.clone() });
        }
        Ok((peer, number))
    }

    /// The beginning of a line whose connection broke must be the beginning of some line. It may end within a character.
    fn check_beginning(&self, row: &Row) -> Result<(), Violation> {
        let text = row.line.trim_end_matches('\u{fffd}');
        let begins = match parse_header(text) {
            Some((peer, number)) => {
                peer < self.peers.len() && line(self.seed, peer, number).starts_with(text)
            }
            None => self.peers.iter().enumerate().any(|(peer, sent)| {
                // One more than was sent whole.
                (0..=sent.times.len()).any(|number| header(peer, number).starts_with(text))
            }),
        };
        if begins {
            Ok(())
        } else {
            Err(Violation::Invented { position: row.position, text: row.line.clone() })
        }
    }

    fn check_counts(&self, there: &[Vec<u32>]) -> Result<(), Violation> {
        for (peer, (sent, there)) in self.peers.iter().zip(there).enumerate() {
            if let Some(number) = there[..sent.acked].iter().position(|&times| times == 0) {
                return Err(Violation::Lost { peer, number });
            }
            let mut counts = sent.times.iter().zip(there).enumerate();
            if let Some((number, (&sent, &there))) = counts.find(|(_, (sent, there))| there > sent) {
                return Err(Violation::Repeated { peer, number, there, sent });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Judgement, Oracle, Sent, Violation};
    use crate::numbered::line;
    use crate::row::Row;

    const SEED: u64 = 42;

    /// Two peers; of the second's three lines the first is acked, and the others were sent twice.
    fn oracle() -> Oracle {
        let first = Sent { source: "s".into(), target: Some("h:1".into()), times: vec![1, 1], acked: 2 };
        let second = Sent { source: "s".into(), target: None, times: vec![1, 2, 2], acked: 1 };
        Oracle { seed: SEED, peers: vec![first, second] }
    }

    fn rows(lines: &[(usize, usize)]) -> Vec<Row> {
        let row = |(at, &(peer, number)): (usize, &(usize, usize))| Row {
            position: at as u64 * 10,
            source: "s".into(),
            peer: if peer == 0 { "h:1".into() } else { format!("10.0.0.1:{at}") },
            line: line(SEED, peer, number),
            ..Row::default()
        };
        lines.iter().enumerate().map(row).collect()
    }

    fn judge(lines: &[(usize, usize)], change: impl FnOnce(&mut Vec<Row>)) -> Result<Judgement, Violation> {
        let mut rows = rows(lines);
        change(&mut rows);
        oracle().judge(&rows)
    }

    const ALL: &[(usize, usize)] = &[(0, 0), (1, 0), (1, 1), (0, 1), (1, 1), (1, 2)];

    #[test]
    fn everything_acked_and_what_was_sent_again() {
        assert_eq!(judge(ALL, |_| ()), Ok(Judgement { lines: 5, duplicates: 1, unterminated: 0 }));
        assert!(
            judge(&[(0, 0), (1, 0), (0, 1)], |_| ()).is_ok(),
            "lines that were not acked need not be there"
        );
    }

    #[test]
    fn each_broken_promise_is_seen() {
        use Violation::*;
        assert!(matches!(judge(&[(0, 0), (1, 0)], |_| ()), Err(Lost { peer: 0, number: 1 })));
        assert!(matches!(
            judge(&[(0, 0), (0, 1), (1, 0), (1, 0)], |_| ()),
            Err(Repeated { peer: 1, number: 0, there: 2, sent: 1 })
        ));
        assert!(matches!(
            judge(&[(0, 1), (0, 0), (1, 0)], |_| ()),
            Err(OutOfOrder { number: 0, before: 1, .. })
        ));
        assert!(matches!(judge(&[(0, 2)], |_| ()), Err(Invented { .. })));
        assert!(matches!(judge(&[(2, 0)], |_| ()), Err(Invented { .. })));
        assert!(matches!(
            judge(ALL, |rows| rows[2].line.push('x')),
            Err(Changed { position: 20, peer: 1, number: 1, .. })
        ));
        assert!(matches!(judge(ALL, |rows| rows[0].line.clear()), Err(Invented { position: 0, .. })));
        assert!(matches!(
            judge(ALL, |rows| rows[0].peer = "h:2".into()),
            Err(Misnamed { peer: 0, number: 0, .. })
        ));
        assert!(matches!(
            judge(ALL, |rows| rows[1].source = "t".into()),
            Err(Misnamed { peer: 1, number: 0, .. })
        ));
        assert!(matches!(judge(ALL, |rows| rows[1].flags.push("split".into())), Err(Marked { .. })));
        assert!(matches!(judge(ALL, |rows| rows[1].position = 0), Err(Position { position: 0, before: 0 })));
    }

    #[test]
    fn the_store_has_each_line_once() {
        let rows = rows(ALL);
        let records: Vec<_> = rows
            .iter()
            .map(|row| serde_json::json!({ "position": row.position, "message": row.line }))
            .collect();
        assert_eq!(Oracle::judge_store(&rows, &records), Ok(()));
        assert_eq!(
            Oracle::judge_store(&rows, &records[1..]),
            Err(Violation::Stored { position: 0, there: 0 })
        );
        let twice = [&records[..], &records[2..3]].concat();
        assert_eq!(Oracle::judge_store(&rows, &twice), Err(Violation::Stored { position: 20, there: 2 }));
        let stray = Oracle::judge_store(&rows[..5], &records);
        assert!(matches!(stray, Err(Violation::Stray { position: 50, .. })), "{stray:?}");
    }

    #[test]
    fn the_beginning_of_a_line_is_no_line() {
        let beginning = |text: &str| {
            judge(ALL, |rows| {
                rows.push(Row {
                    position: 99,
                    line: text.to_owned(),
                    flags: vec!["unterminated".into()],
                    ..Row::default()
                });
            })
        };
        let whole = line(SEED, 1, 3);
        let cut: String = whole.chars().take(6).collect();
        for good in [whole.as_str(), &cut, &format!("{cut}\u{fffd}"), " ", "1", " 0 1"] {
            assert_eq!(
                beginning(good),
                Ok(Judgement { lines: 5, duplicates: 1, unterminated: 1 }),
                "{good:?}"
            );
        }
        for bad in ["x", "7 0 ", "1 3 never sent", "1 9"] {
            assert!(matches!(beginning(bad), Err(Violation::Invented { position: 99, .. })), "{bad:?}");
        }
    }
}
