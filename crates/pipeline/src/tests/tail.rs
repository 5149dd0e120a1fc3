//! Subscribers of a tail: nothing twice, nothing left out silently.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use record::Position;
use search::Query;

use super::journal::TestJournal;
use crate::driver::{Driver, Step};
use crate::status::Board;
use crate::{Event, Options, OwnedValue, Spec, Stage, Subscription, Tail, TailReader, Where};

/// The even lines, marked by a stage.
fn spec() -> Spec {
    let mark = Stage::Set(vec![("seen".to_owned(), OwnedValue::Bool(true))]);
    let only = Stage::Where(Where { source: vec!["even".to_owned()], peer: Vec::new() });
    Spec { name: "p".to_owned(), stages: vec![only, mark], ..Spec::default() }
}

fn options() -> Options {
    Options { batch_rows: 5, ..Options::default() }
}

struct World {
    journal: TestJournal,
    driver: Driver,
    tail: Tail,
    put: usize,
}

impl World {
    fn new(bytes: usize) -> Self {
        let (journal, tail) = (TestJournal::new(), Tail::new(bytes));
        let driver = Self::driver(&journal, &tail);
        Self { journal, driver, tail, put: 0 }
    }

    fn driver(journal: &TestJournal, tail: &Tail) -> Driver {
        let outputs: Vec<Box<dyn crate::Output>> = vec![Box::new(tail.output())];
        Driver::new(&journal.handle(), spec(), outputs, options(), Arc::new(Board::default())).unwrap()
    }

    /// The collector was stopped and starts again, with an empty tail.
    fn restart(self, bytes: usize) -> Self {
        let Self { journal, mut driver, put, .. } = self;
        driver.checkpoint();
        drop(driver);
        let (journal, tail) = (journal.reopen(None), Tail::new(bytes));
        let driver = Self::driver(&journal, &tail);
        Self { journal, driver, tail, put }
    }

    fn put(&mut self, count: usize) {
        for _ in 0..count {
            let (source, text) =
                if self.put.is_multiple_of(2) { ("even", "wanted") } else { ("odd", "wanted") };
            let text = if self.put.is_multiple_of(6) { "boring" } else { text };
            self.journal.put(source, "p", &[&format!("{text} {}", self.put)]);
            self.put += 1;
        }
    }

    fn run(&mut self) {
        while self.driver.step() == Step::Went {}
    }

    fn read_from(&self, after: Position, query: &str) -> TailReader {
        let query = Query::parse(query).unwrap();
        self.tail.subscribe_from(after, query, &self.journal.handle(), spec(), options()).unwrap()
    }

    fn subscribe(&self) -> Subscription {
        self.tail.subscribe(Query::parse("").unwrap())
    }

    /// What passes the stages, behind a place.
    fn passing(&self, after: Position) -> Vec<u64> {
        let lines = self.journal.lines.iter();
        lines
            .filter(|line| line.source == "even" && line.position > after.0)
            .map(|line| line.position)
            .collect()
    }
}

/// Everything there is for now, checked for its fields.
fn drain(seen: &mut Vec<u64>, mut next: impl FnMut() -> Event) -> (u64, bool) {
    let (mut skipped, mut quiet) = (0, 0);
    // Going over to the ring may take the time that there is.
    while quiet < 4 {
        match next() {
            Event::Records(matches) => {
                assert!(
                    matches.iter().all(|record| record.field("seen").is_some()),
                    "it went through the stages"
                );
                seen.extend(matches.iter().map(|record| record.position().0));
                quiet = 0;
            }
            Event::Skipped(count) | Event::Missed(count) => skipped += count,
            Event::Quiet => quiet += 1,
            Event::Closed => return (skipped, true),
        }
    }
    (skipped, false)
}

fn drain_reader(reader: &mut TailReader, seen: &mut Vec<u64>) -> (u64, bool) {
    drain(seen, || reader.next(Duration::ZERO).unwrap())
}

#[derive(Clone, Debug)]
enum Deed {
    Put(usize),
    Step(usize),
    /// The reader looks so often.
    Look(usize),
    /// The live subscriber looks so often.
    LookLive(usize),
    /// The reader's client comes again.
    Resume,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (1..12usize).prop_map(Deed::Put),
        4 => (1..6usize).prop_map(Deed::Step),
        4 => (1..4usize).prop_map(Deed::Look),
        2 => (1..4usize).prop_map(Deed::LookLive),
        1 => Just(Deed::Resume),
    ];
    proptest::collection::vec(deed, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_gap_and_nothing_twice_at_any_seam(
        before in 0..40usize,
        run_before: bool,
        from in 0..50usize,
        ring in prop_oneof![Just(0usize), 2000..40_000usize],
        deeds in deeds(),
    ) {
        let mut world = World::new(ring);
        world.put(before);
        if run_before {
            world.run();
        }
        let after = Position(world.journal.lines.get(from).map_or(0, |line| line.position));
        let mut reader = world.read_from(after, "");
        let (mut live, live_from) = (world.subscribe(), world.tail.status().records);
        let (mut seen, mut seen_live, mut skipped_live) = (Vec::new(), Vec::new(), 0);
        for deed in deeds {
            match deed {
                Deed::Put(count) => world.put(count),
                Deed::Step(count) => (0..count).for_each(|_| _ = world.driver.step()),
                Deed::Look(count) => {
                    for _ in 0..count {
                        if let Event::Records(matches) = reader.next(Duration::ZERO).unwrap() {
                            seen.extend(matches.iter().map(|record| record.position().0));
                        }
                    }
                }
                Deed::LookLive(count) => {
                    for _ in 0..count {
                        match live.next(Duration::ZERO) {
                            Event::Records(matches) => {
                                seen_live.extend(matches.iter().map(|record| record.position().0));
                            }
                            Event::Skipped(count) => skipped_live += count,
                            _ => {}
                        }
                    }
                }
                Deed::Resume => reader = world.read_from(reader.position(), ""),
            }
            let status = world.tail.status();
            prop_assert!(status.bytes <= ring);
        }
        world.run();
        prop_assert_eq!(drain_reader(&mut reader, &mut seen), (0, false));
        prop_assert_eq!(seen, world.passing(after));

        let (skipped, _) = drain(&mut seen_live, || live.next(Duration::ZERO));
        let all = world.tail.status().records - live_from;
        prop_assert_eq!(skipped + skipped_live + seen_live.len() as u64, all);
        prop_assert!(seen_live.is_sorted_by(|one, other| one < other));
        // Closed is told after all that is there.
        drop(world.driver);
        prop_assert!(matches!(live.next(Duration::ZERO), Event::Closed));
        let mut more = Vec::new();
        prop_assert_eq!((drain_reader(&mut reader, &mut more), more.len()), ((0, true), 0));
    }
}

#[test]
fn the_query_is_applied_in_the_past_and_in_the_ring() {
    let mut world = World::new(1 << 20);
    world.put(30);
    let mut reader = world.read_from(Position(0), "wanted");
    let mut seen = Vec::new();
    drain_reader(&mut reader, &mut seen);
    world.run();
    world.put(30);
    world.run();
    assert!(world.tail.status().kept > 0);
    drain_reader(&mut reader, &mut seen);
    let wanted = |line: &&super::journal::TestLine| line.source == "even" && line.text.starts_with("wanted");
    let expected: Vec<u64> = world.journal.lines.iter().filter(wanted).map(|line| line.position).collect();
    assert_eq!((seen.len(), &seen), (20, &expected));
}

#[test]
fn a_restart_leaves_no_gap_for_who_comes_again() {
    let mut world = World::new(1 << 20);
    world.put(20);
    world.run();
    let mut seen = Vec::new();
    let mut reader = world.read_from(Position(0), "");
    drain_reader(&mut reader, &mut seen);
    let position = reader.position();
    drop(reader);
    world.put(20);
    world.run();
    world = world.restart(1 << 20);
    // The pipeline stands behind them, and its tail is empty.
    let mut reader = world.read_from(position, "");
    drain_reader(&mut reader, &mut seen);
    world.put(10);
    world.run();
    drain_reader(&mut reader, &mut seen);
    assert_eq!(seen, world.passing(Position(0)));
}

#[test]
fn what_the_journal_no_longer_has_is_told() {
    let mut world = World::new(1 << 20);
    world.put(100);
    world.run();
    world.driver.checkpoint();
    world.journal.step();
    let oldest = world.journal.handle().stats().oldest;
    assert!(oldest > 0);
    let mut reader = world.read_from(Position(70), "");
    let mut seen = Vec::new();
    let (missed, closed) = drain_reader(&mut reader, &mut seen);
    assert!(missed > 0 && missed <= oldest && !closed, "{missed} {oldest}");
    assert_eq!(seen, world.passing(Position(oldest)));
}

#[test]
fn without_a_subscriber_nothing_is_kept() {
    let mut world = World::new(1 << 20);
    world.put(10);
    world.run();
    assert_eq!(world.tail.status(), crate::TailStatus::default());
    let live = world.subscribe();
    world.put(10);
    world.run();
    let status = world.tail.status();
    assert_eq!((status.subscribers, status.kept, status.records), (1, 5, 5));
    assert!(status.bytes > 0);
    drop(live);
    assert_eq!((world.tail.status().kept, world.tail.status().bytes), (0, 0));
}
