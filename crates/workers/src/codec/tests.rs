use proptest::prelude::*;
use record::{Batch, Line, LineFlags, Micros, Position, Value};

use super::column::{Input, Values};
use super::frames::{FRAME_MAX, Frames};
use super::{Gives, Outcome, encode};

type Given = (Vec<u8>, Vec<(String, i64)>);

fn batch(lines: &[Given]) -> Batch {
    let mut batch = Batch::new();
    for (index, (bytes, fields)) in lines.iter().enumerate() {
        batch.push(&Line {
            position: Position(1000 + index as u64),
            received: Micros(7),
            source: "s",
            peer: ["p", "q"][index % 2],
            bytes,
            flags: LineFlags::default(),
        });
        for (name, value) in fields {
            batch.set_field(index, name, Value::Int(*value));
        }
    }
    batch
}

/// A reader of batches, as a worker has one: of each text column its pieces.
fn text_columns(frame: &[u8]) -> Vec<(String, Vec<String>)> {
    let mut input = Input(&frame[5..]);
    input.u64().unwrap();
    let (records, columns) = (input.u32().unwrap(), input.u32().unwrap());
    let mut found = Vec::new();
    for _ in 0..columns {
        if input.0[0] == b'u' {
            let head = 8 + "position".len();
            input.take(head + 8 * records as usize).unwrap();
            continue;
        }
        let column = input.column(records).unwrap();
        if let Values::Text(..) = column.values {
            let text = |index| {
                if let Value::Str(text) = column.value(index) { text.to_owned() } else { String::new() }
            };
            found.push((column.name.to_owned(), (0..column.len()).map(text).collect()));
        }
    }
    assert!(input.0.is_empty());
    found
}

fn put_text(out: &mut Vec<u8>, values: &[&str]) {
    values.iter().for_each(|value| out.extend((value.chars().count() as u32).to_le_bytes()));
    out.extend((values.concat().len() as u32).to_le_bytes());
    out.extend(values.concat().bytes());
}

/// The answer that three lines are four records, and the second one failed.
fn answer() -> Vec<u8> {
    let mut out = 5_u64.to_le_bytes().to_vec();
    out.extend(4_u32.to_le_bytes());
    out.push(0);
    out.extend(2_u32.to_le_bytes());
    [0_u32, 1, 1, 2].iter().for_each(|row| out.extend(row.to_le_bytes()));
    out.extend([b's', 1, 7, 0, 4, 0, 0, 0]);
    out.extend(b"message");
    put_text(&mut out, &["a\u{e9}", "", "\u{1f600}", "d"]);
    out.extend([b'E', 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    put_text(&mut out, &["no"]);
    out.extend(101_u64.to_le_bytes());
    out.extend(2_u32.to_le_bytes());
    out.extend(b"tr");
    out
}

#[test]
fn an_answer_is_read() {
    let bytes = answer();
    let outcome = Outcome::decode(&bytes, 3).unwrap();
    assert_eq!((outcome.records, outcome.rows.as_deref()), (4, Some(&[0, 1, 1, 2][..])));
    assert_eq!((outcome.trace, outcome.trace_position), ("tr", 101));
    let values: Vec<Value<'_>> = (0..4).map(|index| outcome.columns[0].value(index)).collect();
    assert_eq!(values, ["a\u{e9}", "", "\u{1f600}", "d"].map(Value::Str));
    assert_eq!((outcome.columns[1].record(0), outcome.columns[1].value(0)), (1, Value::Str("no")));
    assert!(Outcome::decode(&bytes, 2).is_err(), "a row that is not there");
    (0..bytes.len()).for_each(|end| assert!(Outcome::decode(&bytes[..end], 3).is_err(), "cut at {end}"));
}

#[test]
fn frames_come_out_whole_however_they_come_in() {
    let stream = [&[3, 0, 0, 0, b'R', 1, 2][..], &[1, 0, 0, 0, b'P'], &[2, 0, 0, 0, b'H', b'x']].concat();
    for step in 1..=stream.len() {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        for mut chunk in stream.chunks(step) {
            frames.read(&mut chunk).unwrap();
            while let Some((letter, body)) = frames.next().unwrap() {
                found.push((letter, body.to_vec()));
            }
        }
        assert_eq!(found, [(b'R', vec![1, 2]), (b'P', vec![]), (b'H', b"x".to_vec())]);
    }
    for length in [0, FRAME_MAX as u32 + 1] {
        let mut frames = Frames::default();
        frames.read(&mut &length.to_le_bytes()[..]).unwrap();
        assert!(frames.next().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn messages_and_fields_go_out_as_they_are(
        lines in prop::collection::vec((any::<Vec<u8>>(), prop::collection::vec(("[a-c]", any::<i64>()), 0..3)), 1..20),
    ) {
        let batch = batch(&lines);
        let mut frame = Vec::new();
        encode(&mut frame, 9, &batch, 0..batch.len(), Gives::Text);
        prop_assert_eq!(u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize, frame.len() - 4);
        let messages: Vec<String> = batch.iter().map(|record| record.message().to_owned()).collect();
        prop_assert_eq!(text_columns(&frame), [("line".to_owned(), messages)]);
    }

    #[test]
    fn no_answer_makes_it_panic(bytes in any::<Vec<u8>>(), at in 0_usize..100, flip in any::<u8>(), lines in 0_usize..5) {
        let _ = Outcome::decode(&bytes, lines);
        let mut damaged = answer();
        let at = at % damaged.len();
        damaged[at] ^= flip;
        if let Ok(outcome) = Outcome::decode(&damaged, 3) {
            let mut records = batch(&[(vec![], vec![]), (vec![], vec![]), (vec![], vec![])]);
            crate::apply::apply(&mut records, &[(0..3, crate::apply::Part::Done(outcome))]);
        }
    }
}
