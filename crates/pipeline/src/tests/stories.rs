//! What a pipeline does, step by step.

use std::sync::Arc;

use record::Position;

use super::journal::TestJournal;
use super::sink::{Mood, Sink};
use crate::driver::{Driver, Step};
use crate::run::StartError;
use crate::status::{Board, State, Status};
use crate::{Condition, Dedupe, Options, OwnedValue, RateKey, RateLimit, Redact, Spec, Stage, Vrl, Where};

fn spec(name: &str) -> Spec {
    Spec { name: name.to_owned(), ..Spec::default() }
}

struct Pipe {
    driver: Driver,
    board: Arc<Board>,
}

impl Pipe {
    fn new(journal: &TestJournal, spec: Spec, sinks: &[&Sink]) -> Self {
        let (board, options) = (Arc::new(Board::default()), Options { batch_rows: 4, ..Options::default() });
        let outputs = sinks.iter().map(|sink| sink.boxed()).collect();
        let driver = Driver::new(&journal.handle(), spec, outputs, options, Arc::clone(&board)).unwrap();
        Self { driver, board }
    }

    fn run(&mut self) -> Step {
        loop {
            match self.driver.step() {
                Step::Went => {}
                other => return other,
            }
        }
    }

    fn status(&self, journal: &TestJournal) -> Status {
        self.board.read(&journal.handle())
    }
}

#[test]
fn a_new_pipeline_begins_with_the_oldest_line_and_goes_on_at_its_checkpoint() {
    let (mut journal, first, second) = (TestJournal::new(), Sink::default(), Sink::default());
    journal.put_numbers(0..10);
    let mut pipe = Pipe::new(&journal, spec("one"), &[&first]);
    assert_eq!(pipe.run(), Step::Idle);
    assert_eq!(first.taken().positions, journal.positions());
    let status = pipe.status(&journal);
    assert_eq!((status.lines, status.records, status.dropped, status.failures), (10, 10, 0, 0));
    assert_eq!((status.behind_bytes, status.state), (0, State::Running));
    pipe.driver.checkpoint();
    drop(pipe);

    // Another output, with nothing of its own, begins at the checkpoint.
    journal.put_numbers(10..12);
    let mut pipe = Pipe::new(&journal, spec("one"), &[&first, &second]);
    assert_eq!(pipe.run(), Step::Idle);
    assert_eq!(first.taken().texts.len(), 12);
    assert_eq!(second.taken().texts, ["line 10", "line 11"]);
    // And another pipeline at the oldest line.
    let third = Sink::default();
    assert_eq!(Pipe::new(&journal, spec("two"), &[&third]).run(), Step::Idle);
    assert_eq!(third.taken().positions, journal.positions());
}

#[test]
fn an_output_that_is_ahead_is_given_only_what_it_does_not_have() {
    let (mut journal, ahead, behind) = (TestJournal::new(), Sink::default(), Sink::default());
    journal.put_numbers(0..6);
    let mut pipe = Pipe::new(&journal, spec("p"), &[&ahead, &behind]);
    // One takes the first batch and the other does not; one of both makes it durable.
    behind.moods(&[Mood::Fails, Mood::Fails, Mood::Lazy]);
    assert_eq!((pipe.driver.step(), pipe.driver.step()), (Step::Failed, Step::Failed));
    pipe.driver.checkpoint();
    assert_eq!((ahead.taken().texts.len(), behind.taken().texts.len()), (4, 0));
    drop(pipe);
    let mut pipe = Pipe::new(&journal, spec("p"), &[&ahead, &behind]);
    assert_eq!(pipe.run(), Step::Idle);
    for sink in [&ahead, &behind] {
        assert_eq!(sink.taken().positions, journal.positions());
    }
}

#[test]
fn while_an_output_fails_its_pipeline_waits_and_others_go_on() {
    let (mut journal, fails, fine, other) =
        (TestJournal::new(), Sink::default(), Sink::default(), Sink::default());
    journal.put_numbers(0..20);
    let mut pipe = Pipe::new(&journal, spec("a"), &[&fails, &fine]);
    let mut other_pipe = Pipe::new(&journal, spec("b"), &[&other]);
    fails.moods(&[Mood::Fails; 30]);
    for _ in 0..30 {
        assert_eq!(pipe.driver.step(), Step::Failed);
    }
    let status = pipe.status(&journal);
    assert_eq!(status.failures, 30);
    assert!(matches!(&status.state, State::Waiting { reason } if reason.contains("`sink`: no room")));
    assert!(status.behind_bytes > 0 && status.last_error.is_some());
    assert_eq!(fine.taken().texts.len(), 4, "it has the batch that the other one does not take");
    assert_eq!(other_pipe.run(), Step::Idle);
    assert_eq!(other.taken().texts.len(), 20);
    other_pipe.driver.checkpoint();
    journal.step();
    assert_eq!(journal.handle().stats().oldest, 0, "what one pipeline still needs stays");

    assert_eq!(pipe.run(), Step::Idle);
    assert_eq!((fails.taken().texts.len(), fine.taken().texts.len()), (20, 20));
    assert_eq!(pipe.status(&journal).state, State::Running);
    pipe.driver.checkpoint();
    journal.step();
    assert!(journal.handle().stats().oldest > 0, "what both have gone past goes");
}

#[test]
fn a_closed_output_is_left_out_and_without_any_the_pipeline_ends() {
    let (mut journal, one, two) = (TestJournal::new(), Sink::default(), Sink::default());
    journal.put_numbers(0..10);
    let mut pipe = Pipe::new(&journal, spec("p"), &[&one, &two]);
    one.moods(&[Mood::Fine, Mood::Closes]);
    assert_eq!(pipe.run(), Step::Idle);
    assert_eq!((one.taken().texts.len(), two.taken().texts.len()), (4, 10));
    journal.put_numbers(10..11);
    two.moods(&[Mood::Closes]);
    assert_eq!(pipe.run(), Step::Ended);
    assert!(
        matches!(pipe.status(&journal).state, State::Ended { reason } if reason == "output `sink`: gone")
    );
}

#[test]
fn what_is_damaged_is_counted_and_left_out() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put_numbers(0..60);
    let mut pipe = Pipe::new(&journal, spec("p"), &[&sink]);
    // In the second segment, behind its header and the first frame's.
    journal.disk.edit("seg-00000000000000002048.cmj", |bytes| bytes[64 + 56 + 40] ^= 1);
    assert_eq!(pipe.run(), Step::Idle);
    let status = pipe.status(&journal);
    assert_eq!((status.damaged, status.failures), (1, 0));
    assert_eq!(sink.taken().texts.len(), 59, "one frame of one line");
    pipe.driver.checkpoint();
    assert_eq!(status.behind_bytes, 0);
}

#[test]
fn sources_that_are_not_its_own_do_not_hold_the_checkpoint() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    let only = Spec { from: vec!["mine".to_owned()], ..spec("p") };
    let set = Stage::Set(vec![("message".to_owned(), OwnedValue::Str("said".to_owned()))]);
    let mut pipe = Pipe::new(&journal, Spec { stages: vec![set], ..only }, &[&sink]);
    (0..40).for_each(|number| journal.put("other", "p", &[&format!("x {number}")]));
    journal.put("mine", "p", &["y"]);
    (0..40).for_each(|number| journal.put("other", "p", &[&format!("z {number}")]));
    assert_eq!(pipe.run(), Step::Idle);
    assert_eq!(sink.taken().texts, ["said"]);
    let status = pipe.status(&journal);
    assert_eq!((status.lines, status.records, status.behind_bytes), (1, 1, 0));
    pipe.driver.checkpoint();
    journal.step();
    assert!(journal.handle().stats().oldest > 2048);
}

#[test]
fn what_cannot_start_says_why() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    journal.put_numbers(0..3);
    let start = |spec, outputs| {
        Driver::new(&journal.handle(), spec, outputs, Options::default(), Arc::default()).err().unwrap()
    };
    assert!(matches!(start(spec("A"), vec![sink.boxed()]), StartError::Spec(_)));
    assert!(matches!(start(spec("a"), Vec::new()), StartError::NoOutput { .. }));
    let held = journal.handle().cursor("pipe-held").unwrap();
    assert!(matches!(start(spec("held"), vec![sink.boxed()]), StartError::Cursor(_)));
    drop(held);

    // An output that has more than there is belongs to another journal: nothing may be left out silently.
    assert_eq!(Pipe::new(&journal, spec("p"), &[&sink]).run(), Step::Idle);
    let (empty, end) = (TestJournal::new(), journal.handle().durable());
    let outputs = vec![sink.boxed()];
    let error =
        Driver::new(&empty.handle(), spec("p"), outputs, Options::default(), Arc::default()).err().unwrap();
    assert!(matches!(error, StartError::Ahead { reached: Position(at), .. } if at == end - 1), "{error}");
}

#[test]
fn what_stages_remember_drops_no_line_that_is_read_again() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    for text in
        ["{\"msg\":\"one\",\"n\":1}", "two", "two", "{\"msg\":\"one\",\"n\":2}", "ann@example.com", "three"]
    {
        journal.put("s", "p", &[text]);
    }
    let stages = vec![
        Stage::Parse(parse::Format::Json.into()),
        Stage::Dedupe(Dedupe { lines: 100, within: None, across_peers: false }),
        Stage::RateLimit(RateLimit { key: RateKey::Peer, per_second: 1, burst: 3 }),
        Stage::Redact(Redact { emails: true, ..Redact::default() }),
        Stage::Sample(1),
    ];
    let mut pipe = Pipe::new(&journal, Spec { stages, ..spec("p") }, &[&sink]);
    sink.moods(&[Mood::Fine, Mood::Loses]);
    while pipe.driver.step() != Step::Idle {}
    assert_eq!(sink.taken().texts, ["one", "two", "[redacted:email]"], "all of them, the second time too");
    let counts = pipe.status(&journal).stages;
    let of = |name: &str| counts.iter().find(|counts| counts.stage == name).unwrap();
    assert_eq!(counts.len(), 5);
    // The second batch, whose output lost the first, and then all of them again.
    assert_eq!((of("parse").records, of("parse").failed, of("parse").dropped), (12, 8, 0));
    let last = (Position(journal.lines[5].position), "not a JSON object".to_owned());
    assert_eq!(of("parse").last_failure, Some(last));
    assert_eq!((of("dedupe").records, of("dedupe").dropped), (12, 4));
    assert_eq!((of("rate_limit").dropped, of("redact").changed, of("sample").records), (2, 2, 6));
}

#[test]
fn a_line_on_which_a_script_fails_is_kept_and_one_on_which_it_aborts_is_dropped() {
    let (mut journal, sink) = (TestJournal::new(), Sink::default());
    ["4", "four", "noise", "8", "9"].iter().for_each(|text| journal.put("s", "p", &[text]));
    let vrl = |text: &str| Vrl { text: text.to_owned(), environment: false };
    let stages = vec![
        Stage::Vrl(vrl(
            "if .message == \"noise\" { abort }; .n = to_int!(.message); .message = \"n\" + .message",
        )),
        Stage::WhereTrue(vrl("mod!(.n, 2) == 0")),
    ];
    let mut pipe = Pipe::new(&journal, Spec { stages, ..spec("p") }, &[&sink]);
    assert_eq!(pipe.run(), Step::Idle);
    assert_eq!(sink.taken().texts, ["n4", "four", "n8"]);
    let counts = pipe.status(&journal).stages;
    assert_eq!((counts[0].stage, counts[0].records, counts[0].dropped, counts[0].failed), ("vrl", 5, 1, 1));
    assert_eq!((counts[1].stage, counts[1].records, counts[1].dropped, counts[1].failed), ("where", 4, 1, 1));
    let (position, reason) = counts[0].last_failure.clone().unwrap();
    assert_eq!(position, Position(journal.lines[1].position));
    assert!(reason.contains("to_int"), "{reason}");
}

#[test]
fn a_stage_that_cannot_be_is_refused_with_its_number() {
    for (stage, reason) in [
        (Stage::Parse(parse::Format::Regex("(".to_owned()).into()), "regular expression"),
        (Stage::Vrl(Vrl { text: ".a = nope()".to_owned(), environment: true }), "undefined function"),
        (Stage::Sample(0), "`sample`"),
        (Stage::Dedupe(Dedupe { lines: 0, within: None, across_peers: false }), "`dedupe`"),
        (Stage::RateLimit(RateLimit { key: RateKey::All, per_second: 0, burst: 1 }), "`rate_limit`"),
        (
            Stage::Redact(Redact { patterns: vec![("x".to_owned(), "(".to_owned())], ..Redact::default() }),
            "`x`",
        ),
    ] {
        let message =
            Spec { stages: vec![Stage::Sample(1), stage], ..spec("p") }.check().unwrap_err().to_string();
        assert!(message.starts_with("stage 2 of pipeline `p`: ") && message.contains(reason), "{message}");
    }
}

#[test]
fn an_output_that_is_named_in_a_route_gets_what_its_condition_lets_through() {
    let (mut journal, all) = (TestJournal::new(), Sink::default());
    let (errors, none) = (Sink::named("errors"), Sink::named("none"));
    let text = |text: &str| Vrl { text: text.to_owned(), environment: false };
    let peer = Where { source: Vec::new(), peer: vec!["nobody".to_owned()] };
    let stages = vec![
        Stage::Route(vec![
            ("errors".to_owned(), Condition::True(text("to_int!(.message) >= 500"))),
            ("none".to_owned(), Condition::Origin(peer)),
        ]),
        Stage::Set(vec![("message".to_owned(), OwnedValue::Str("seen".to_owned()))]),
    ];
    let spec = Spec { stages, ..spec("p") };
    for code in ["200", "500", "x", "404", "503"] {
        journal.put("s", "p", &[code]);
    }
    let mut pipe = Pipe::new(&journal, spec.clone(), &[&all, &errors, &none]);
    assert_eq!(pipe.run(), Step::Idle);
    let positions = journal.positions();
    assert_eq!(all.taken().positions, positions);
    assert_eq!(errors.taken().positions, [positions[1], positions[4]]);
    assert_eq!(errors.taken().texts, ["seen", "seen"]);
    assert!(none.taken().positions.is_empty());
    let route = pipe.status(&journal).stages[0].clone();
    assert_eq!((route.changed, route.failed, route.dropped), (2, 1, 0));
    // Who gets nothing goes on all the same, so the journal need not wait for it.
    pipe.driver.checkpoint();
    assert!(!pipe.driver.wants_checkpoint());
    drop(pipe);
    let (board, options) = (Arc::new(Board::default()), Options::default());
    let without = Driver::new(&journal.handle(), spec, vec![all.boxed()], options, board).map(drop);
    assert!(matches!(without, Err(StartError::Route { output, .. }) if output == "errors"));
}
