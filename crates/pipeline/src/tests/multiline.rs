//! Lines that are joined on their way, whatever fails and whenever it is killed.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use record::{Position, clock};
use search::Query;

use super::journal::TestJournal;
use super::sink::{Mood, Sink};
use crate::driver::{Driver, Step};
use crate::status::Board;
use crate::{Event, JoinRule, Multiline, Options, Spec, Tail, start};

const NEVER: Duration = Duration::from_secs(3600);

fn spec(wait: Duration) -> Spec {
    let multiline = Multiline { rule: JoinRule::Start("^S".to_owned()), bytes_max: 1 << 16, wait };
    Spec { name: "p".to_owned(), multiline: Some(multiline), ..Spec::default() }
}

fn driver(journal: &TestJournal, sinks: &[Sink], options: Options) -> Driver {
    let outputs = sinks.iter().map(Sink::boxed).collect();
    Driver::new(&journal.handle(), spec(NEVER), outputs, options, Arc::new(Board::default())).unwrap()
}

#[derive(Clone, Debug)]
enum Deed {
    /// Lines of a peer into one frame; true for those that start a record.
    Put(u8, Vec<bool>),
    Steps(usize),
    Checkpoint,
    Kill,
    Crash(u64),
    /// Records are ended, as they are at a stop.
    End,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        8 => (0..3_u8, proptest::collection::vec(any::<bool>(), 1..6)).prop_map(|(peer, starts)| Deed::Put(peer, starts)),
        6 => (1..5usize).prop_map(Deed::Steps),
        4 => Just(Deed::Checkpoint),
        1 => Just(Deed::Kill),
        1 => any::<u64>().prop_map(Deed::Crash),
        1 => Just(Deed::End),
    ];
    proptest::collection::vec(deed, 1..60)
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let mood = prop_oneof![6 => Just(Mood::Fine), 2 => Just(Mood::Fails), 1 => Just(Mood::Loses), 2 => Just(Mood::Lazy)];
    proptest::collection::vec(mood, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_output_gets_each_line_once_in_records_of_one_peer(
        deeds in deeds(),
        moods in proptest::collection::vec(moods(), 1..4),
        batch_rows in 1..9usize,
        batch_bytes in prop_oneof![50..400usize, Just(1 << 16)],
    ) {
        let options = Options { batch_rows, batch_bytes, ..Options::default() };
        let ends = deeds.iter().any(|deed| matches!(deed, Deed::End));
        let mut journal = TestJournal::new();
        let sinks: Vec<Sink> = moods.iter().map(|moods| {
            let sink = Sink::default();
            sink.moods(moods);
            sink
        }).collect();
        let mut running = driver(&journal, &sinks, options);
        let mut number = 0;
        for deed in deeds {
            match deed {
                Deed::Put(peer, starts) => {
                    let texts: Vec<String> = starts.iter().enumerate()
                        .map(|(index, starts)| format!("{} {peer} {}", if *starts { "S" } else { "c" }, number + index)).collect();
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    journal.put("s", &peer.to_string(), &texts);
                    number += texts.len();
                }
                Deed::Steps(count) => (0..count).for_each(|_| _ = running.step()),
                Deed::Checkpoint => {
                    running.checkpoint();
                    journal.step();
                }
                Deed::Kill | Deed::Crash(_) => {
                    drop(running);
                    sinks.iter().for_each(Sink::crash);
                    let crash = if let Deed::Crash(seed) = deed { Some(seed) } else { None };
                    journal = journal.reopen(crash);
                    running = driver(&journal, &sinks, options);
                }
                Deed::End => _ = running.end_records(),
            }
        }
        sinks.iter().for_each(|sink| sink.moods(&[]));
        loop {
            while running.step() != Step::Idle {}
            if !running.end_records() {
                break;
            }
        }
        // What joining all of them at once makes.
        let mut expected: Vec<(String, String)> = Vec::new();
        for line in &journal.lines {
            match expected.iter_mut().rfind(|(peer, _)| *peer == line.peer) {
                Some((_, text)) if line.text.starts_with('c') => *text += &format!("\n{}", line.text),
                _ => expected.push((line.peer.clone(), line.text.clone())),
            }
        }
        for sink in &sinks {
            let taken = sink.taken();
            let mut lines = Vec::new();
            for text in &taken.texts {
                let peers: Vec<_> = text.lines().map(|line| line.split(' ').nth(1)).collect();
                prop_assert!(peers.iter().all(|peer| *peer == peers[0]));
                lines.extend(text.lines());
            }
            let number = |line: &&str| line.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok());
            lines.sort_by_key(number);
            let all: Vec<_> = journal.lines.iter().map(|line| line.text.as_str()).collect();
            prop_assert_eq!(lines, all);
            if !ends && batch_bytes == 1 << 16 {
                let expected: Vec<_> = expected.iter().map(|(_, text)| text).collect();
                prop_assert_eq!(taken.texts.iter().collect::<Vec<_>>(), expected);
            }
        }
        running.checkpoint();
        prop_assert!(!running.wants_checkpoint());
    }
}

#[test]
fn a_record_goes_on_when_nothing_more_comes_and_at_a_stop() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put("s", "a", &["S 1", "c 2"]);
    let running =
        start(journal.handle(), spec(Duration::from_millis(10)), vec![sink.boxed()], Options::default())
            .unwrap();
    sink.wait(|taken| taken.texts == ["S 1\nc 2"]);
    running.stop(Duration::from_secs(20)).unwrap();

    let sink = Sink::default();
    let named = Spec { name: "other".to_owned(), ..spec(NEVER) };
    let running = start(journal.handle(), named, vec![sink.boxed()], Options::default()).unwrap();
    running.stop(Duration::from_secs(20)).unwrap();
    assert_eq!(sink.taken().texts, ["S 1\nc 2"]);
}

#[test]
fn who_follows_from_a_position_sees_no_rest_of_what_it_has_seen() {
    let (mut journal, tail) = (TestJournal::new(), Tail::new(1 << 20));
    journal.put("s", "a", &["S 1", "c 2"]);
    journal.put("s", "b", &["S 3"]);
    journal.put("s", "a", &["c 4"]);
    journal.put("s", "b", &["c 5", "S 6"]);
    journal.put("s", "a", &["S 7"]);
    let seen_first = Position(journal.lines[0].position);
    let query = Query::parse("").unwrap();
    let spec = spec(Duration::from_millis(1));
    let mut reader =
        tail.subscribe_from(seen_first, query, &journal.handle(), spec, Options::default()).unwrap();
    let (mut seen, deadline) = (Vec::new(), clock::monotonic() + Duration::from_secs(20));
    while seen.len() < 3 && clock::monotonic() < deadline {
        if let Event::Records(matches) = reader.next(Duration::from_millis(5)).unwrap() {
            seen.extend(matches.iter().map(|record| record.message().to_owned()));
        }
    }
    assert_eq!(seen, ["S 3\nc 5", "S 6", "S 7"]);
}
