use proptest::prelude::*;
use record::{Batch, Level, Line, LineFlags, Micros, Position};

use crate::tests::{RECEIVED, one};
use crate::{Format, Parser};

/// A line, the name of a field that only its format has, its level, and whether it says when it was.
const MIXED: [(&str, &str, &str, bool); 16] = [
    (r#"{"level":"warn","msg":"m","a":1}"#, "a", "warn", false),
    (r#"{"log":"ERROR boom\n","stream":"stdout","time":"2026-11-22T10:11:12.5Z"}"#, "stream", "error", true),
    (r#"{"level":"error","cut":"#, "", "error", false),
    ("level=debug msg=\"x y\" b=2", "b", "debug", false),
    ("temp=21.5, hum=40; unit=C", "hum", "-", false),
    ("<11>Nov 22 10:11:12 web1 app: went", "facility", "error", true),
    ("<165>1 2026-11-22T10:11:12Z h a 1 m - went", "msgid", "notice", true),
    (r#"Nov 22 10:11:12 web1 app[7]: {"level":"fatal","msg":"inner","c":3}"#, "c", "fatal", true),
    ("Nov 22 10:11:12 web1 app[7]: a=1 level=info", "a", "info", true),
    (r#"::1 - - [22/Nov/2026:10:11:12 +0000] "GET / HTTP/1.1" 200 5 "-" "-""#, "status", "-", true),
    ("I1122 10:11:12.123456 1 a.go:1] m", "thread", "info", true),
    ("2026-11-22T10:11:12.123456789Z stdout F W1122 10:11:12.123456 1 a.go:1] m", "thread", "warn", true),
    ("2026-11-22 10:11:12,123 ERROR [main] c.e.Shop - it broke", "", "error", true),
    ("2026-11-22T10:11:12Z INFO worker[12]: started", "", "info", true),
    ("2026/11/22 10:11:12 [notice] 7#7: signal process started", "", "notice", true),
    ("nothing to see here, user=root", "", "-", false),
];

fn pushed(lines: &[(usize, &str)]) -> Batch {
    let mut batch = Batch::new();
    for (index, (peer, line)) in lines.iter().enumerate() {
        let (position, received, flags) = (Position(index as u64), Micros(RECEIVED), LineFlags::default());
        let peer = ["p", "q"][*peer];
        batch.push(&Line { position, received, source: "s", peer, bytes: line.as_bytes(), flags });
    }
    batch
}

/// All that is known of a record, but where it came from.
fn told(batch: &Batch, index: usize) -> String {
    let record = batch.get(index);
    let fields: Vec<_> = record.fields().collect();
    format!("{} {:?} {:?} {fields:?}", record.time(), record.level(), record.message())
}

#[test]
fn each_of_a_mixed_stream_is_what_it_is() {
    for (line, field, level, has_time) in MIXED {
        let batch = one(&Format::Auto.into(), line);
        let record = batch.get(0);
        assert_eq!(record.level().map_or("-", Level::name), level, "{line}");
        assert_eq!(record.time() != RECEIVED as i64, has_time, "{line}");
        assert_eq!(record.field("error.reason"), None, "{line}");
        if field.is_empty() {
            assert_eq!((record.message(), record.fields().len()), (line, 0));
        } else {
            assert!(record.field(field).is_some(), "{line}: {}", told(&batch, 0));
        }
    }
}

#[test]
fn what_cannot_be_true_leaves_the_time_as_it_is() {
    for line in
        ["2027-11-22T10:11:12Z ahead", "1969-11-22T10:11:12Z before", r#"{"time":"2030-01-01T00:00:00Z"}"#]
    {
        assert_eq!(one(&Format::Auto.into(), line).get(0).time(), RECEIVED as i64, "{line}");
    }
}

/// The part of a line, cut between two characters.
fn cut(line: &str, from: usize, to: usize) -> String {
    line.chars().skip(from).take(to.saturating_sub(from)).collect()
}

/// Lines as they are, cut, and glued together: what is nearly of a format.
fn odd_line() -> impl Strategy<Value = String> {
    let some = || (0..MIXED.len()).prop_map(|index| MIXED[index].0);
    prop_oneof![
        some().prop_map(str::to_owned),
        (some(), 0..20_usize, 0..120_usize).prop_map(|(line, from, to)| cut(line, from, to)),
        (some(), 0..60_usize, some(), 0..60_usize)
            .prop_map(|(a, to, b, from)| cut(a, 0, to) + &cut(b, from, 200)),
        "\\PC{0,60}",
        r#"[<>\[\]{}()"':=,;|%/ .0-9A-Za-zTZü\\-]{0,80}"#,
    ]
}

fn any_format() -> impl Strategy<Value = Format> {
    let names = ["auto", "json", "logfmt", "syslog", "access", "klog", "kv", "cri", "plain"];
    (0..names.len()).prop_map(move |index| Format::from_name(names[index]).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_came_before_never_changes_what_a_line_is(
        lines in proptest::collection::vec((0..2_usize, odd_line()), 1..12),
    ) {
        let lines: Vec<(usize, &str)> = lines.iter().map(|(peer, line)| (*peer, line.as_str())).collect();
        let mut together = pushed(&lines);
        Parser::new(&Format::Auto.into()).unwrap().apply(&mut together);
        for (index, (_, line)) in lines.iter().enumerate() {
            prop_assert_eq!(told(&together, index), told(&one(&Format::Auto.into(), line), 0));
        }
    }

    #[test]
    fn no_line_is_too_odd_and_none_is_lost(format in any_format(), line in odd_line()) {
        let mut parser = Parser::new(&format.clone().into()).unwrap();
        let mut batch = pushed(&[(0, &line)]);
        parser.apply(&mut batch);
        let record = batch.get(0);
        let failed = record.field("error.reason").is_some();
        prop_assert!(!(failed && matches!(format, Format::Auto | Format::Plain)), "{} never fails", format.name());
        prop_assert_eq!(u64::from(failed), parser.failed());
        if failed {
            let untouched = (line.as_str(), None, 2, RECEIVED as i64);
            prop_assert_eq!((record.message(), record.level(), record.fields().len(), record.time()), untouched);
        }
        prop_assert!((0..=RECEIVED as i64 + 86_400_000_000).contains(&record.time()));
    }

    #[test]
    fn a_message_is_the_line_or_stands_in_it(line in odd_line()) {
        // A backslash hides what stands behind it.
        prop_assume!(!line.contains('\\'));
        let batch = one(&Format::Auto.into(), &line);
        prop_assert!(line.contains(batch.get(0).message()), "{} in {}", batch.get(0).message(), line);
    }
}
