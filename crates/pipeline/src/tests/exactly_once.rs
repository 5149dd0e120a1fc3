//! Whatever fails, and whenever it is killed: each output gets each line once.

use std::sync::Arc;

use proptest::prelude::*;

use super::journal::TestJournal;
use super::sink::{Mood, Sink};
use crate::driver::{Driver, Step};
use crate::status::Board;
use crate::{Condition, Options, Spec, Stage, Where};

#[derive(Clone, Debug)]
enum Deed {
    /// Lines into one frame: whether the pipeline takes their source, from whom, how many. A stage drops those of `bad`.
    Put(bool, &'static str, usize),
    Steps(usize),
    Checkpoint,
    Kill,
    Crash(u64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (prop::bool::weighted(0.8), prop::sample::select(&["good-1", "good-2", "bad"][..]), 1..8usize)
            .prop_map(|(taken, peer, count)| Deed::Put(taken, peer, count)),
        6 => (1..5usize).prop_map(Deed::Steps),
        4 => Just(Deed::Checkpoint),
        1 => Just(Deed::Kill),
        1 => any::<u64>().prop_map(Deed::Crash),
    ];
    proptest::collection::vec(deed, 1..60)
}

fn moods() -> impl Strategy<Value = Vec<Mood>> {
    let mood = prop_oneof![6 => Just(Mood::Fine), 2 => Just(Mood::Fails), 1 => Just(Mood::Loses), 2 => Just(Mood::Lazy)];
    proptest::collection::vec(mood, 0..40)
}

fn sinks() -> impl Strategy<Value = Vec<(bool, Vec<Mood>)>> {
    proptest::collection::vec((prop::bool::weighted(0.2), moods()), 1..4)
}

fn spec() -> Spec {
    let peer = |peer: &str| Where { source: Vec::new(), peer: vec![peer.to_owned()] };
    let some = Stage::Route(vec![("some".to_owned(), Condition::Origin(peer("good-2")))]);
    Spec {
        name: "p".to_owned(),
        from: vec!["a".to_owned()],
        stages: vec![some, Stage::Where(peer("good*"))],
        ..Spec::default()
    }
}

fn driver(journal: &TestJournal, sinks: &[Sink], options: Options) -> Driver {
    let outputs = sinks.iter().map(Sink::boxed).collect();
    Driver::new(&journal.handle(), spec(), outputs, options, Arc::new(Board::default())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_output_gets_each_line_once(
        deeds in deeds(),
        sinks in sinks(),
        batch_rows in 1..9usize,
        batch_bytes in 100..2000usize,
    ) {
        let options = Options { batch_rows, batch_bytes, ..Options::default() };
        let mut journal = TestJournal::new();
        // The last one gets only some of them.
        let last = sinks.len() - 1;
        let sinks: Vec<Sink> = sinks.into_iter().enumerate().map(|(index, (forgetful, moods))| {
            let sink = if index == last { Sink::named("some") } else { Sink::default() };
            sink.taken().forgetful = forgetful;
            sink.moods(&moods);
            sink
        }).collect();
        let mut running = driver(&journal, &sinks, options);
        let mut number = 0;
        for deed in deeds {
            match deed {
                Deed::Put(taken, peer, count) => {
                    let texts: Vec<String> = (number..number + count).map(|number| format!("line {number}")).collect();
                    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                    journal.put(if taken { "a" } else { "b" }, peer, &texts);
                    number += count;
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
            }
        }
        sinks.iter().for_each(|sink| sink.moods(&[]));
        while running.step() != Step::Idle {}
        let wanted = |line: &&super::journal::TestLine| line.source == "a" && line.peer.starts_with("good");
        for (index, sink) in sinks.iter().enumerate() {
            let is_for_it = |line: &&super::journal::TestLine| index != last || line.peer == "good-2";
            let lines = journal.lines.iter().filter(wanted).filter(is_for_it);
            let expected: Vec<u64> = lines.map(|line| line.position).collect();
            let mut taken = sink.taken();
            if taken.forgetful {
                taken.positions.sort_unstable();
                taken.positions.dedup();
            }
            prop_assert_eq!(&taken.positions, &expected, "forgetful: {}", taken.forgetful);
        }
        // And the checkpoint says so.
        running.checkpoint();
        prop_assert!(!running.wants_checkpoint());
    }
}
