//! The thread: that it wakes, waits and stops.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::journal::{EntryFlags, EntryHead, Inlet};
use record::{Batch, Micros, Position, clock};

use super::journal::TestJournal;
use super::sink::{Mood, Sink};
use crate::{Options, Output, OutputError, Running, Spec, State, StopError, start};

const SOON: Duration = Duration::from_secs(20);
const NEVER: Duration = Duration::from_secs(3600);

fn spec() -> Spec {
    Spec { name: "p".to_owned(), ..Spec::default() }
}

fn running(journal: &TestJournal, output: Box<dyn Output>, options: Options) -> Running {
    start(journal.handle(), spec(), vec![output], options).unwrap()
}

/// Puts a line into a journal that runs.
fn put(inlet: &mut Inlet, text: &str) {
    while let Some(batch) = inlet.take_durable() {
        inlet.recycle(batch);
    }
    let mut batch = inlet.start().expect("batches came back");
    batch.begin(&EntryHead { conn: 1, received: Micros(1000), link: None, source: "s", peer: "p" });
    batch.push(text.as_bytes());
    batch.push(b"\n");
    batch.end(1, EntryFlags::NONE);
    inlet.submit(batch);
}

#[test]
fn lines_come_as_they_are_committed_and_the_checkpoint_follows() {
    let (journal, sink) = (TestJournal::new(), Sink::default());
    let options = Options { checkpoint_every: Duration::ZERO, ..Options::default() };
    let running = running(&journal, sink.boxed(), options);
    let handle = journal.handle();
    let (writer, mut inlet) = journal.start();
    let mut fastest = SOON;
    for number in 0..20 {
        let before = clock::monotonic();
        put(&mut inlet, &format!("{number}"));
        sink.wait(|taken| taken.texts.len() == number + 1);
        fastest = fastest.min(clock::monotonic() - before);
    }
    // No heartbeat is that fast.
    assert!(fastest < Duration::from_millis(20), "{fastest:?}");
    assert!(
        sink.taken().texts.iter().map(String::as_str).eq((0..20).map(|n| n.to_string()).collect::<Vec<_>>())
    );
    put(&mut inlet, "last words");
    writer.stop().unwrap();
    running.stop(SOON).unwrap();
    let taken = sink.taken();
    assert_eq!((taken.texts.last().unwrap().as_str(), taken.flushes), ("last words", 1));
    let cursor = handle.cursor("pipe-p").expect("it is free again");
    assert_eq!(cursor.position(), Position(handle.durable()));
}

#[test]
fn an_output_that_fails_is_tried_again_until_it_works() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put_numbers(0..3);
    sink.moods(&[Mood::Fails; 7]);
    let options = Options { retry_first: Duration::from_micros(10), ..Options::default() };
    let running = running(&journal, sink.boxed(), options);
    sink.wait(|taken| taken.texts.len() == 3);
    assert_eq!(running.status().failures, 7);
    running.stop(SOON).unwrap();
}

#[test]
fn a_stop_does_not_wait_for_the_next_try() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put_numbers(0..3);
    sink.moods(&[Mood::Fails; 100]);
    let options = Options { retry_first: NEVER, retry_max: NEVER, ..Options::default() };
    let running = running(&journal, sink.boxed(), options);
    while running.status().state == State::Running {
        std::thread::yield_now();
    }
    let error = running.stop(SOON).unwrap_err();
    let StopError::Unfinished { name, behind_bytes, because } = error else { panic!("{error}") };
    assert_eq!((name.as_str(), because.as_str()), ("p", ": output `sink`: no room"));
    assert!(behind_bytes > 0);
    // It is dealt with at the next start.
    sink.moods(&[]);
    self::running(&journal, sink.boxed(), Options::default()).stop(SOON).unwrap();
    assert_eq!(sink.taken().texts.len(), 3);
}

/// Does what it is told in `write`.
struct Does<F>(F);

impl<F: FnMut() + Send> Output for Does<F> {
    fn name(&self) -> &str {
        "does"
    }

    fn resume_from(&self) -> Position {
        Position(0)
    }

    fn write(&mut self, _: &Batch, _: Position) -> Result<(), OutputError> {
        (self.0)();
        Ok(())
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        Ok(Position(0))
    }
}

#[test]
fn an_output_that_hangs_holds_up_the_stop_only_so_long() {
    let mut journal = TestJournal::new();
    journal.put_numbers(0..1);
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock().unwrap();
    let at_gate = Arc::clone(&gate);
    let hangs = Does(move || drop(at_gate.lock()));
    let running = running(&journal, Box::new(hangs), Options::default());
    let error = running.stop(Duration::from_millis(1)).unwrap_err();
    assert_eq!(error, StopError::TimedOut { name: "p".to_owned() });
    drop(closed);
}

#[test]
fn a_panic_is_told() {
    let mut journal = TestJournal::new();
    journal.put_numbers(0..1);
    let panics = Does(|| panic!("as a test wants it"));
    let running = running(&journal, Box::new(panics), Options::default());
    while !running.has_ended() {
        std::thread::yield_now();
    }
    assert!(matches!(running.status().state, State::Ended { .. }));
    assert_eq!(running.stop(SOON), Err(StopError::Panicked { name: "p".to_owned() }));
}

#[test]
fn a_closed_output_ends_it() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put_numbers(0..1);
    sink.moods(&[Mood::Closes]);
    let running = running(&journal, sink.boxed(), Options::default());
    while !running.has_ended() {
        std::thread::yield_now();
    }
    running.stop(SOON).unwrap();
}
