use record::{Level, Value};

use super::{fields, lines};
use crate::{Options, Predicate};

fn predicate(text: &str) -> Predicate {
    match Predicate::compile(text, Options::default()) {
        Ok(predicate) => predicate,
        Err(bad) => panic!("{}", bad.diagnostics().rendered()),
    }
}

#[test]
fn records_for_which_it_is_true_go_on() {
    let mut batch = lines(&["slow query", "fast", "slow start"]);
    batch.set_level(0, Some(Level::Error));
    batch.set_field(2, "status", Value::Int(503));
    let mut kept = predicate(r#".level == "error" || (to_int(.status) ?? 0) >= 500"#);
    assert!(kept.warnings().is_empty(), "{}", kept.warnings().rendered());
    kept.apply(&mut batch);
    assert_eq!(batch.iter().map(|record| record.position().0).collect::<Vec<_>>(), [1, 3]);
    let mut starts = predicate("contains(.message, \"start\") && starts_with(.peer, \"gw-\")");
    assert_eq!(starts.matches(batch.get(0)), Ok(false));
    assert_eq!(starts.matches(batch.get(1)), Ok(true));
    assert_eq!(kept.failed(), 0);
}

#[test]
fn one_on_which_it_fails_goes_on_marked() {
    let mut batch = lines(&["7", "seven", "-1"]);
    let mut positive = predicate("to_int!(.message) > 0");
    positive.apply(&mut batch);
    let left: Vec<_> = batch.iter().map(|record| (record.position().0, record.message())).collect();
    assert_eq!(left, [(1, "7"), (2, "seven")]);
    assert_eq!(fields(batch.get(0)), []);
    assert_eq!(batch.get(1).field("error.stage"), Some(Value::Str("where")));
    let (position, reason) = positive.last_failure().unwrap();
    assert_eq!((positive.failed(), position.0), (1, 2));
    assert_eq!(batch.get(1).field("error.reason"), Some(Value::Str(reason)));
    assert!(positive.matches(batch.get(1)).unwrap_err().contains("to_int"));
    assert_eq!(predicate("if .message == \"7\" { abort } else { true }").matches(batch.get(0)), Ok(false));
}

#[test]
fn what_is_neither_true_nor_false_or_changes_something_is_refused() {
    for (text, why) in [
        (".status", "a condition is to be true or false"),
        ("true; 1", "a condition is to be true or false"),
        ("if true { return 1 }; true", "a condition is to be true or false"),
        (".seen = true; true", "mutation of read-only value"),
        ("exists(del(.a))", ""),
        (".status > 500", "unhandled error"),
        ("", "a condition is to be true or false"),
    ] {
        let bad = Predicate::compile(text, Options::default()).unwrap_err().diagnostics().summary();
        assert!(bad.starts_with(why), "{text}: {bad}");
    }
}
