use record::{Level, Value};

use super::{RECEIVED, fields, lines, script, with};
use crate::{Options, Script};

#[test]
fn message_level_time_and_fields_are_set() {
    let mut batch =
        lines(&[r#"{"user":{"name":"Ada","id":7},"took":1.5,"ok":true,"tags":["a",1,null],"none":null}"#]);
    let mut script = script(
        r#"
        . |= object!(parse_json!(.message))
        .message = "hello " + string!(.user.name)
        .level = "warning"
        .time = t'2026-11-22T10:11:12.5Z'
        .seen = t'1969-12-31T23:59:59Z'
        del(.ok)
        "#,
    );
    script.apply(&mut batch);
    let record = batch.get(0);
    assert_eq!((record.message(), record.level()), ("hello Ada", Some(Level::Warn)));
    assert_eq!(record.time(), 1_795_342_272_500_000);
    assert_eq!(
        fields(record),
        [
            ("seen", Value::Time(-1_000_000)),
            ("tags", Value::Str(r#"["a",1,null]"#)),
            ("took", Value::Float(1.5)),
            ("user.id", Value::Int(7)),
            ("user.name", Value::Str("Ada")),
        ]
    );
    assert_eq!((script.failed(), script.aborted()), (0, 0));
    // A second stage sees what the first left.
    super::script(r#".user.name = upcase(string!(.user.name)); .level = null; .time = null"#)
        .apply(&mut batch);
    let record = batch.get(0);
    assert_eq!(record.field("user.name"), Some(Value::Str("ADA")));
    assert_eq!((record.level(), record.time()), (None, 1_795_342_272_500_000));
}

#[test]
fn where_a_record_comes_from_is_read_and_not_set() {
    let batch = with(
        &[],
        r#".from = .source + "/" + .peer; .at = .position; .waited = to_unix_timestamp(.received) - to_unix_timestamp(.time)"#,
    );
    let expected = [("at", Value::Int(1)), ("from", Value::Str("boxes/gw-1:514")), ("waited", Value::Int(0))];
    assert_eq!(fields(batch.get(0)), expected);
    for text in [".peer = \"x\"", "if true { .position = 1 }", ".source, err = to_int(.a)"] {
        let bad = Script::compile(text, Options::default()).unwrap_err().diagnostics().summary();
        assert!(bad.contains("cannot be set: it says where the record comes from"), "{bad}");
    }
    let batch = with(&[], r#". = {"source": "boxes", "peer": "other"}"#);
    let reason = "`.peer` cannot be set: it says where the record comes from";
    assert_eq!(batch.get(0).field("error.reason"), Some(Value::Str(reason)));
    assert_eq!((batch.get(0).source(), batch.get(0).peer()), ("boxes", "gw-1:514"));
}

#[test]
fn a_record_on_which_it_fails_stays_as_it_was_with_the_reason() {
    let mut batch = lines(&["7", "seven", "8"]);
    batch.set_field(1, "kept", Value::Bool(true));
    let mut script = script("text = .message; .message = \"changed\"; .kept = false; .n = to_int!(text)");
    script.apply(&mut batch);
    assert_eq!(batch.get(0).field("n"), Some(Value::Int(7)));
    let record = batch.get(1);
    assert_eq!(record.message(), "seven");
    let [
        ("kept", Value::Bool(true)),
        ("error.stage", Value::Str("vrl")),
        ("error.reason", Value::Str(reason)),
    ] = fields(record)[..]
    else {
        panic!("{:?}", fields(record));
    };
    assert!(reason.contains("to_int"), "{reason}");
    assert_eq!(batch.get(2).message(), "changed");
    assert_eq!(script.failed(), 1);
    let (position, last) = script.last_failure().unwrap();
    assert_eq!((position.0, last), (2, reason));
}

#[test]
fn abort_drops_the_record_and_counts_it() {
    let mut batch = lines(&["a", "noise", "b", "noise"]);
    let mut script = script(r#"if .message == "noise" { abort }; .seen = true"#);
    script.apply(&mut batch);
    let left: Vec<_> = batch.iter().map(|record| (record.position().0, record.message())).collect();
    assert_eq!(left, [(1, "a"), (3, "b")]);
    assert_eq!((script.aborted(), script.failed()), (2, 0));
}

#[test]
fn what_can_be_no_record_is_a_failure() {
    let long = "n".repeat(256);
    for (text, reason) in [
        (". = [{\"a\": 1}, {\"a\": 2}]".to_owned(), "`.` is an array: a script makes one record of one"),
        (". = \"text\"".to_owned(), "`.` is no object"),
        (".message = 1".to_owned(), "`.message` is to be a string"),
        (".time = \"noon\"".to_owned(), "`.time` is to be a timestamp"),
        (".level = \"loud\"".to_owned(), "`.level` is to be one of trace"),
        (format!(". = set!(., [\"{long}\"], 1)"), "a field has no name, or one of more than 255 bytes"),
        (".\"\" = 1".to_owned(), "a field has no name, or one of more than 255 bytes"),
    ] {
        let batch = with(&[("a", Value::Int(1))], &text);
        let record = batch.get(0);
        let Some(Value::Str(why)) = record.field("error.reason") else {
            panic!("{text}: {:?}", fields(record))
        };
        assert!(why.starts_with(reason), "{text}: {why}");
        assert_eq!(
            (record.message(), record.level(), record.time()),
            ("text", None, RECEIVED as i64),
            "{text}"
        );
        assert_eq!(record.field("a"), Some(Value::Int(1)), "{text}");
    }
}

#[test]
fn too_many_fields_too_deep_a_value_and_too_many_steps_are_failures() {
    let names: String = (0..1025).map(|n| format!("\"f{n}\":{n},")).collect();
    let many = format!("{{{names}\"z\":0}}");
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let long = format!("[{}1]", "1,".repeat(2000));
    let mut batch = lines(&[&many, &deep, &long, "[]"]);
    let mut script = script(
        r#"
        x = parse_json!(.message)
        if is_object(x) { . = object!(x) }
        if .position == 2 { .x = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] }
        if .position == 3 {
            for_each(array!(x)) -> |_i, _v| {
                for_each(array!(x)) -> |_j, _w| { .n = 1 }
            }
        }
        "#,
    );
    script.apply(&mut batch);
    let reason = |index: usize| match batch.get(index).field("error.reason") {
        Some(Value::Str(reason)) => reason,
        _ => "",
    };
    assert_eq!(
        [reason(0), reason(1), reason(2), reason(3)],
        ["more than 1024 fields", "a value is more than 128 levels deep", "more than a million steps", ""]
    );
    assert_eq!(script.failed(), 3);
}

#[test]
fn variables_and_metadata_are_of_one_record() {
    let mut batch = lines(&["first", "second"]);
    script(
        r#"
        x = null
        if .message == "first" { x = 1; %kept = true }
        .x = x
        .kept = exists(%kept)
        "#,
    )
    .apply(&mut batch);
    assert_eq!(fields(batch.get(0)), [("kept", Value::Bool(true)), ("x", Value::Int(1))]);
    assert_eq!(fields(batch.get(1)), [("kept", Value::Bool(false))]);
}

#[test]
fn bytes_that_are_no_text_are_shown_as_replacement() {
    let batch = with(&[], r#".message = decode_base64!("YWL/"); .raw_text = decode_base64!("/w==")"#);
    assert_eq!(batch.get(0).message(), "ab\u{fffd}");
    assert_eq!(batch.get(0).field("raw_text"), Some(Value::Str("\u{fffd}")));
}
