//! A Python handler on the way, which works ahead of what is written.

use std::sync::Arc;
use std::time::Duration;

use workers::Spec as Handler;

use super::journal::TestJournal;
use super::sink::{Mood, Sink};
use crate::driver::{Driver, Step};
use crate::status::Board;
use crate::{Options, OwnedValue, Spec, Stage, StartError, start};

/// Of a line come none, one or two records; every seventh fails.
const CODE: &str = "
def handler(line: str):
    number = int(line.split()[1])
    if number % 7 == 0:
        raise ValueError(line)
    for nth in range(number % 3):
        yield f'{line} of {nth}'
def waits(line: str):
    import time
    time.sleep(1000)
";

fn spec(dir: &tempfile::TempDir, name: &str) -> Spec {
    std::fs::write(dir.path().join("h.py"), CODE).unwrap();
    let set = Stage::Set(vec![("before".to_owned(), OwnedValue::Int(1))]);
    let python = Stage::Python(Box::new(Handler::new(format!("h.py:{name}"), dir.path())));
    Spec { name: "p".to_owned(), stages: vec![set.clone(), python, set], ..Spec::default() }
}

fn expected(lines: usize) -> Vec<String> {
    let records = |number: usize| match number % 7 {
        0 => vec![format!("line {number}")],
        _ => (0..number % 3).map(|nth| format!("line {number} of {nth}")).collect(),
    };
    (0..lines).flat_map(records).collect()
}

#[test]
fn each_output_gets_each_record_once_whatever_fails() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, sinks) = (TestJournal::new(), [Sink::default(), Sink::default()]);
    let moods =
        [Mood::Fine, Mood::Fails, Mood::Fine, Mood::Lazy, Mood::Loses, Mood::Fine, Mood::Fails, Mood::Loses];
    sinks[0].moods(&moods);
    sinks[1].moods(&[&moods[3..], &moods[..3]].concat());
    let options = Options { batch_rows: 4, ..Options::default() };
    let board = Arc::new(Board::default());
    let outputs = sinks.iter().map(Sink::boxed).collect();
    let mut driver =
        Driver::new(&journal.handle(), spec(&dir, "handler"), outputs, options, Arc::clone(&board)).unwrap();
    for round in 0..10 {
        journal.put_numbers(round * 10..(round + 1) * 10);
        for _ in 0..3 {
            driver.step();
        }
        driver.checkpoint();
    }
    while driver.step() != Step::Idle {}
    for sink in &sinks {
        assert_eq!(sink.taken().texts, expected(100));
    }
    let status = board.read(&journal.handle());
    assert_eq!(status.stages.iter().map(|stage| stage.stage).collect::<Vec<_>>(), ["set", "python", "set"]);
    let (position, traceback) = status.stages[1].last_failure.clone().unwrap();
    assert!(
        journal.positions().contains(&position.0) && traceback.contains("ValueError: line "),
        "{traceback}"
    );
}

#[test]
fn what_is_counted_are_lines_and_records() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, sink, board) = (TestJournal::new(), Sink::default(), Arc::new(Board::default()));
    let handle = journal.handle();
    let mut driver = Driver::new(
        &handle,
        spec(&dir, "handler"),
        vec![sink.boxed()],
        Options::default(),
        Arc::clone(&board),
    )
    .unwrap();
    journal.put_numbers(0..21);
    while driver.step() != Step::Idle {}
    let status = board.read(&handle);
    // Three fail and stay; of six others nothing is left.
    assert_eq!((status.lines, status.records, status.dropped), (21, 21, 6));
    let python = &status.stages[1];
    assert_eq!((python.records, python.dropped, python.failed), (21, 6, 3));
    assert_eq!((status.stages[0].records, status.stages[2].records), (21, 21));
}

#[test]
fn a_stop_does_not_wait_for_a_handler_that_never_returns() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put_numbers(0..1);
    let running =
        start(journal.handle(), spec(&dir, "waits"), vec![sink.boxed()], Options::default()).unwrap();
    while running.status().lines == 0 {
        std::thread::yield_now();
    }
    let error = running.stop(Duration::from_millis(50)).unwrap_err().to_string();
    assert!(error.contains("the handlers are stopped"), "{error}");
    assert_eq!(sink.taken().texts, Vec::<String>::new());
}

#[test]
fn code_that_cannot_be_loaded_starts_no_pipeline() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, sink) = (TestJournal::new(), Sink::default());
    let started = start(journal.handle(), spec(&dir, "missing"), vec![sink.boxed()], Options::default());
    let error = started.unwrap_err();
    assert!(
        matches!(error, StartError::Handler { .. }) && error.to_string().contains("has no `missing`"),
        "{error}"
    );
}
