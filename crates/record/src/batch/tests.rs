use super::{Batch, Value};
use crate::{Level, Line, LineFlags, Micros, Position};

fn line<'a>(position: u64, peer: &'a str, bytes: &'a [u8]) -> Line<'a> {
    Line {
        position: Position(position),
        received: Micros(1000 + position),
        source: "s",
        peer,
        bytes,
        flags: LineFlags::default(),
    }
}

#[test]
fn a_line_is_a_record_with_its_text_as_message() {
    let mut batch = Batch::new();
    batch.push(&line(1, "a", b"one"));
    batch.push(&line(2, "b", b"tw\xffo"));
    batch.push(&line(3, "b", b""));
    let all: Vec<_> = batch.iter().map(|record| (record.peer(), record.message(), record.raw())).collect();
    assert_eq!(all, [("a", "one", None), ("b", "tw\u{fffd}o", Some(&b"tw\xffo"[..])), ("b", "", None)]);
    assert_eq!((batch.get(1).time(), batch.get(1).received()), (1002, 1002));
    assert_eq!(batch.last_position(), Some(Position(3)));
}

#[test]
fn fields_set_in_any_order_belong_to_their_record() {
    let mut batch = Batch::new();
    (1..=3).for_each(|position| batch.push(&line(position, "a", b"text")));
    batch.set_field(0, "a", Value::Int(1));
    batch.set_field(1, "a", Value::Int(2));
    batch.set_field(0, "b", Value::Str("x"));
    batch.set_field(1, "b", Value::Bool(true));
    batch.set_field(0, "a", Value::Float(1.5));
    let fields = |index: usize| batch.get(index).fields().collect::<Vec<_>>();
    assert_eq!(fields(0), [("a", Value::Float(1.5)), ("b", Value::Str("x"))]);
    assert_eq!(fields(1), [("a", Value::Int(2)), ("b", Value::Bool(true))]);
    assert_eq!(fields(2), []);
    assert_eq!(batch.get(1).field("b"), Some(Value::Bool(true)));
}

#[test]
fn fields_that_are_not_kept_are_gone_and_others_may_come() {
    let mut batch = Batch::new();
    (1..=2).for_each(|position| batch.push(&line(position, "a", b"text")));
    for (index, name) in [(0, "a"), (0, "b"), (0, "c"), (1, "a")] {
        batch.set_field(index, name, Value::Str(name));
    }
    batch.retain_fields(0, |name, value| name != "b" && value != Value::Str("c"));
    batch.set_field(0, "d", Value::Int(1));
    batch.retain_fields(1, |_, _| false);
    assert_eq!(batch.get(0).fields().collect::<Vec<_>>(), [("a", Value::Str("a")), ("d", Value::Int(1))]);
    assert_eq!(batch.get(1).fields().len(), 0);
}

#[test]
fn what_a_stage_changes_and_drops() {
    let mut batch = Batch::new();
    (1..=4).for_each(|position| batch.push(&line(position, "a", b"bad \xff")));
    batch.set_message(2, "better");
    batch.set_level(2, Some(Level::Error));
    batch.set_time(2, -5);
    batch.retain(|record| record.position().0 % 2 == 1);
    let left: Vec<_> = batch.iter().map(|record| (record.position().0, record.message())).collect();
    assert_eq!(left, [(1, "bad \u{fffd}"), (3, "better")]);
    let changed = batch.get(1);
    assert_eq!((changed.level(), changed.time(), changed.raw()), (Some(Level::Error), -5, None));
}

#[test]
fn for_a_while_it_has_only_some_of_its_records() {
    let mut batch = Batch::new();
    (1..=4).for_each(|position| batch.push(&line(position, "a", b"text")));
    batch.add_routes(1, 1);
    batch.add_routes(1, 4);
    let shown = |batch: &Batch| batch.iter().map(|record| record.position().0).collect::<Vec<_>>();
    assert_eq!(batch.only(|record| record.routes() == 5, shown), [2]);
    assert_eq!(shown(&batch), [1, 2, 3, 4]);
    // A copy is for the same outputs.
    batch.select([1, 1]);
    assert!(batch.iter().all(|record| record.routes() == 5));
}

#[test]
fn an_emptied_batch_is_as_good_as_new() {
    let mut batch = Batch::new();
    for name in 0..5000 {
        batch.push(&line(name, "a", b"x"));
        batch.set_field(name as usize, &name.to_string(), Value::Time(7));
    }
    assert!(batch.bytes() > 5000);
    batch.clear();
    assert!(batch.is_empty() && batch.bytes() == 0);
    batch.push(&line(1, "p", b"y"));
    batch.set_field(0, "17", Value::Int(1));
    assert_eq!(batch.get(0).fields().collect::<Vec<_>>(), [("17", Value::Int(1))]);
}

#[test]
fn a_record_that_is_selected_twice_is_two() {
    let mut batch = Batch::new();
    (1..=3).for_each(|position| batch.push(&line(position, "a", b"text")));
    (0..3).for_each(|index| batch.set_field(index, "n", Value::Int(index as i64)));
    batch.select([2, 1, 1]);
    assert_eq!(batch.iter().map(super::Record::nth).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(batch.lines(), 2);
    batch.set_field(1, "n", Value::Int(7));
    batch.set_field(2, "m", Value::Bool(true));
    let all: Vec<_> =
        batch.iter().map(|record| (record.position().0, record.field("n"), record.field("m"))).collect();
    let expected = [
        (3, Some(Value::Int(2)), None),
        (2, Some(Value::Int(7)), None),
        (2, Some(Value::Int(1)), Some(Value::Bool(true))),
    ];
    assert_eq!(all, expected);
}

#[test]
fn the_records_of_a_line_have_numbers_that_stay_until_it_is_divided_again() {
    let mut batch = Batch::new();
    (1..=2).for_each(|position| batch.push(&line(position, "a", b"text")));
    let numbers = |batch: &Batch| -> Vec<_> {
        batch.iter().map(|record| (record.position().0, record.nth())).collect()
    };
    batch.select([0, 0, 0, 1]);
    batch.retain(|record| record.nth() != 1);
    assert_eq!(numbers(&batch), [(1, 0), (1, 2), (2, 0)]);
    batch.select([1, 2]);
    assert_eq!(numbers(&batch), [(1, 2), (2, 0)]);
    batch.select([0, 0, 1]);
    assert_eq!(numbers(&batch), [(1, 0), (1, 1), (2, 0)]);
}

/// A batch in which everything differs from record to record, and some memory is no longer used.
fn various(from: u64, names: [&str; 2]) -> Batch {
    let mut batch = Batch::new();
    for position in from..from + 6 {
        batch.push(&line(position, if position % 3 == 0 { "a" } else { "b" }, b"bad \xff"));
    }
    batch.set_field(3, names[0], Value::Str("gone"));
    batch.set_message(1, "better");
    for index in [2, 0, 1] {
        batch.set_field(index, names[index % 2], Value::Int(index as i64));
        batch.set_field(index, names[1 - index % 2], Value::Str(if index == 0 { "" } else { "text" }));
    }
    batch.set_level(4, Some(Level::Error));
    batch.set_time(5, -5);
    batch.retain(|record| record.position().0 != from + 3);
    batch
}

fn shown(batch: &Batch) -> Vec<String> {
    let show = |record: super::Record<'_>| {
        let fields: Vec<_> = record.fields().collect();
        let origin = (record.position(), record.time(), record.received(), record.source(), record.peer());
        format!("{origin:?} {:?} {} {:?} {fields:?}", record.level(), record.message(), record.raw())
    };
    batch.iter().map(show).collect()
}

#[test]
fn what_is_cut_and_put_together_again_is_the_same() {
    let (one, other) = (various(1, ["x", "y"]), various(100, ["y", "z"]));
    let mut expected = shown(&one);
    expected.extend(shown(&other));
    let mut whole = Batch::new();
    whole.append(&one);
    whole.append(&Batch::new());
    whole.append(&other);
    assert_eq!(shown(&whole), expected);
    for cut in 0..=whole.len() {
        let (mut head, mut tail) = (various(7, ["z", "q"]), Batch::new());
        head.clear();
        head.append_part(&whole, 0..cut);
        tail.append_part(&whole, cut..whole.len());
        head.append(&tail);
        assert_eq!(shown(&head), expected);
        // And each is a batch like any other.
        head.set_field(0, "new", Value::Bool(true));
        assert_eq!(head.get(0).fields().len(), whole.get(0).fields().len() + 1);
    }
}
