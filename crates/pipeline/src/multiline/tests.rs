use std::time::Duration;

use proptest::prelude::*;
use record::{Batch, Line, LineFlags, Micros, Position};

use super::{BadMultiline, JoinRule, Joiner, Multiline};

const HOUR: Duration = Duration::from_secs(3600);

fn starts() -> Multiline {
    Multiline { rule: JoinRule::Start("^S".to_owned()), bytes_max: 1 << 20, wait: HOUR }
}

/// A line: its peer, whether it starts a record, whether it is a row of one that was too long.
#[derive(Clone, Copy, Debug)]
struct Sent {
    peer: u8,
    starts: bool,
    split: bool,
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let one = (0..4_u8, any::<bool>(), prop::bool::weighted(0.05));
    proptest::collection::vec(one.prop_map(|(peer, starts, split)| Sent { peer, starts, split }), 0..80)
}

/// The text of the line at this position.
fn text(sent: &[Sent], position: u64) -> String {
    format!("{}{position}", if sent[position as usize - 1].starts { "S" } else { "c" })
}

fn push(joiner: &mut Joiner, sent: &[Sent], position: u64, now: Duration) {
    let Sent { peer, split, .. } = sent[position as usize - 1];
    let flags = if split { LineFlags::SPLIT } else { LineFlags::default() };
    let (text, peer) = (text(sent, position), peer.to_string());
    let (position, received) = (Position(position), Micros(position));
    joiner.push(&Line { position, received, source: "s", peer: &peer, bytes: text.as_bytes(), flags }, now);
}

/// What joining the whole stream at once makes: the position and the text of each record.
fn model(sent: &[Sent]) -> Vec<(u64, String)> {
    let mut records: Vec<(u64, String)> = Vec::new();
    let mut open = [None; 4];
    for (index, line) in sent.iter().enumerate() {
        let (position, open) = (index as u64 + 1, &mut open[usize::from(line.peer)]);
        match *open {
            Some(record) if !line.starts && !line.split => {
                let record: &mut (u64, String) = &mut records[record];
                record.1 += "\n";
                record.1 += &text(sent, position);
            }
            _ => {
                *open = (!line.split).then_some(records.len());
                records.push((position, text(sent, position)));
            }
        }
    }
    records
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Push(usize),
    Release(usize),
    /// It is killed: who comes next begins behind what was given.
    Restart,
    /// Only where the records need not be those of the model.
    Expire,
    End,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        8 => (1..12_usize).prop_map(Deed::Push),
        6 => (1..6_usize).prop_map(Deed::Release),
        2 => Just(Deed::Restart),
        1 => Just(Deed::Expire),
        1 => Just(Deed::End),
    ];
    proptest::collection::vec(deed, 0..60)
}

/// Everything that comes out, checked for its order.
fn run(
    told: &Multiline,
    held_max: usize,
    sent: &[Sent],
    deeds: &[Deed],
    at_will: bool,
) -> Vec<(u64, String)> {
    let mut joiner = Joiner::new(told, held_max).unwrap();
    let (mut next, mut upto, mut now) = (1, 0, Duration::ZERO);
    let (mut batch, mut records) = (Batch::new(), Vec::new());
    let mut take = |joiner: &mut Joiner, rows: usize, next: u64, upto: &mut u64| {
        batch.clear();
        let more = joiner.release(&mut batch, rows, usize::MAX);
        let reached = joiner.upto().map_or(next - 1, |position| position.0);
        assert!(reached >= *upto, "it goes back");
        for record in batch.iter() {
            assert!(record.position().0 > *upto && record.position().0 <= reached, "out of order");
            records.push((record.position().0, record.message().to_owned()));
        }
        *upto = reached;
        more
    };
    let rest = [Deed::Push(sent.len())];
    for deed in deeds.iter().chain(&rest) {
        match *deed {
            Deed::Push(count) => {
                for _ in 0..count.min(sent.len() + 1 - next as usize) {
                    push(&mut joiner, sent, next, now);
                    next += 1;
                }
            }
            Deed::Release(rows) => _ = take(&mut joiner, rows, next, &mut upto),
            Deed::Restart => {
                joiner = Joiner::new(told, held_max).unwrap();
                next = upto + 1;
            }
            Deed::Expire if at_will => {
                now += HOUR;
                joiner.expire(now);
            }
            Deed::End if at_will => joiner.end(),
            Deed::Expire | Deed::End => {}
        }
    }
    joiner.end();
    while take(&mut joiner, 3, next, &mut upto) {}
    assert!(!joiner.holds());
    records
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn batches_and_restarts_change_nothing(sent in sent(), deeds in deeds()) {
        prop_assert_eq!(run(&starts(), 1 << 20, &sent, &deeds, false), model(&sent));
    }

    #[test]
    fn whatever_ends_a_record_each_line_is_there_once(
        sent in sent(), deeds in deeds(), held_max in 1..3000_usize, bytes_max in 1..20_usize,
    ) {
        let records = run(&Multiline { bytes_max, ..starts() }, held_max, &sent, &deeds, true);
        let mut lines: Vec<_> = records.iter().flat_map(|(_, text)| text.split('\n')).collect();
        prop_assert!(records.iter().all(|(_, text)| text.len() <= bytes_max || !text.contains('\n')));
        lines.sort_by_key(|line| line[1..].parse::<u64>().unwrap());
        let expected: Vec<_> = (1..=sent.len() as u64).map(|position| text(&sent, position)).collect();
        prop_assert_eq!(lines, expected);
    }
}

/// Sends texts of one peer, and gives what comes out at the end: text and flags.
fn joined(told: &Multiline, lines: &[(&str, u64, LineFlags)]) -> Vec<(String, LineFlags)> {
    let mut joiner = Joiner::new(told, 1 << 20).unwrap();
    for (index, (text, received, flags)) in lines.iter().enumerate() {
        let (position, received, flags) = (Position(index as u64 + 1), Micros(*received), *flags);
        let line = Line { position, received, source: "s", peer: "p", bytes: text.as_bytes(), flags };
        joiner.push(&line, Duration::ZERO);
    }
    joiner.end();
    let mut batch = Batch::new();
    joiner.release(&mut batch, usize::MAX, usize::MAX);
    batch.iter().map(|record| (record.message().to_owned(), record.flags())).collect()
}

#[test]
fn a_bound_in_bytes_marks_both_sides() {
    let none = LineFlags::default();
    let told = Multiline { bytes_max: 8, ..starts() };
    let lines = ["S1", "c2", "c3", "c4", "S5 is longer than that", "S6"].map(|text| (text, 0, none));
    let expected = [
        ("S1\nc2\nc3", LineFlags::CUT),
        ("c4", LineFlags::CUT),
        ("S5 is longer than that", none),
        ("S6", none),
    ];
    assert_eq!(joined(&told, &lines), expected.map(|(text, flags)| (text.to_owned(), flags)));
}

#[test]
fn who_comes_late_or_is_a_part_of_a_line_joins_nothing() {
    let (none, split, last) = (LineFlags::default(), LineFlags::SPLIT, LineFlags::UNTERMINATED);
    let told = Multiline { wait: Duration::from_micros(10), ..starts() };
    let lines = [
        ("S1", 0, none),
        ("c2", 10, none),
        ("c3", 21, none),
        ("c4", 22, split),
        ("c5", 22, none),
        ("c6", 22, last),
        ("c7", 22, none),
    ];
    let expected = [("S1\nc2", none), ("c3", none), ("c4", split), ("c5\nc6", last), ("c7", none)];
    assert_eq!(joined(&told, &lines), expected.map(|(text, flags)| (text.to_owned(), flags)));
}

#[test]
fn a_record_waits_for_its_next_line_only_so_long() {
    let told = Multiline { wait: Duration::from_secs(1), ..starts() };
    let mut joiner = Joiner::new(&told, 1 << 20).unwrap();
    let sent = [Sent { peer: 1, starts: true, split: false }; 2];
    push(&mut joiner, &sent, 1, Duration::from_secs(5));
    assert_eq!((joiner.deadline(), joiner.upto()), (Some(Duration::from_secs(6)), Some(Position(0))));
    let mut batch = Batch::new();
    joiner.expire(Duration::from_millis(5999));
    joiner.release(&mut batch, 9, 999);
    assert!(batch.is_empty() && joiner.holds());
    joiner.expire(Duration::from_secs(6));
    joiner.release(&mut batch, 9, 999);
    assert_eq!((batch.len(), joiner.holds(), joiner.deadline()), (1, false, None));
}

#[test]
fn many_peers_that_come_and_go_take_no_more_memory() {
    let mut joiner = Joiner::new(&starts(), 20_000).unwrap();
    let (mut batch, mut records) = (Batch::new(), 0);
    for position in 1..=40_000_u64 {
        let peer = format!("peer {position}");
        let (position, received, flags) = (Position(position), Micros(0), LineFlags::default());
        let line = Line { position, received, source: "s", peer: &peer, bytes: b"S", flags };
        joiner.push(&line, Duration::ZERO);
        if joiner.is_full() {
            batch.clear();
            joiner.release(&mut batch, usize::MAX, usize::MAX);
            records += batch.len();
            assert!(!batch.is_empty());
        }
    }
    assert!(records > 39_000, "{records}");
    assert!(joiner.peers() < 10_000, "{}", joiner.peers());
}

#[test]
fn a_rule_that_cannot_be() {
    let bad = |told: Multiline| Joiner::new(&told, 1).unwrap_err();
    let regex = bad(Multiline { rule: JoinRule::Continues("(".to_owned()), ..starts() });
    assert!(regex.to_string().starts_with("the regular expression: "), "{regex}");
    assert_eq!(bad(Multiline { bytes_max: 0, ..starts() }), BadMultiline::Nothing);
}
