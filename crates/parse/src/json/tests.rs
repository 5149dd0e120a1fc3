use proptest::prelude::*;
use record::{Batch, Level, Value};
use serde_json::json;

use crate::tests::{RECEIVED, fields, lines as batch_of};
use crate::{Format, Parser};

fn parsed(lines: &[&str]) -> Batch {
    let mut batch = batch_of(lines);
    Parser::new(&Format::Json.into()).unwrap().apply(&mut batch);
    batch
}

#[test]
fn values_of_every_kind_become_fields() {
    let line = r#"{"a":1,"b":{"c":true,"d":{"e":-2.5,"f":null}},"g":"t\"ü","h":[1,{"x":[]}, "ÿ\n",1.0],
        "i":{},"j":18446744073709551615,"k":-9223372036854775808,"l":null}"#;
    let batch = parsed(&[line]);
    assert_eq!(
        fields(batch.get(0)),
        [
            ("a", Value::Int(1)),
            ("b.c", Value::Bool(true)),
            ("b.d.e", Value::Float(-2.5)),
            ("g", Value::Str("t\"ü")),
            ("h", Value::Str(r#"[1,{"x":[]},"ÿ\n",1.0]"#)),
            ("j", Value::Str("18446744073709551615")),
            ("k", Value::Int(i64::MIN)),
        ]
    );
    assert_eq!((batch.get(0).message(), batch.get(0).time()), (line, RECEIVED as i64));
}

#[test]
fn message_level_and_time_are_the_records_own() {
    let batch = parsed(&[
        r#"{"message":"m","level":"WARN","time":"1970-01-01T00:00:01Z","x":1}"#,
        r#" { "msg" : "m" , "lvl" : "warning" , "ts" : 1700000000.25 } "#,
        r#"{"@timestamp":1700000000123,"severity":"err","msg":""}"#,
        // What is not understood, or comes twice, is kept as a field.
        r#"{"time":0.25,"timestamp":1700000000,"ts":1700000001,"level":35,"severity":"loud","lvl":"info"}"#,
        r#"{"message":{"a":1},"msg":"m","message":"n"}"#,
        r#"{"level":["info"],"time":"soon"}"#,
        r#"{"time":"2300-01-01T00:00:00Z","ts":-1700000000}"#,
    ]);
    let own = |index: usize| {
        let record = batch.get(index);
        (record.message(), record.level(), record.time())
    };
    assert_eq!(own(0), ("m", Some(Level::Warn), 1_000_000));
    assert_eq!(fields(batch.get(0)), [("x", Value::Int(1))]);
    assert_eq!(own(1), ("m", Some(Level::Warn), 1_700_000_000_250_000));
    assert_eq!(own(2), ("", Some(Level::Error), 1_700_000_000_123_000));
    assert_eq!((batch.get(3).level(), batch.get(3).time()), (Some(Level::Info), 1_700_000_000_000_000));
    assert_eq!(
        fields(batch.get(3)),
        [
            ("time", Value::Float(0.25)),
            ("ts", Value::Int(1_700_000_001)),
            ("level", Value::Int(35)),
            ("severity", Value::Str("loud")),
        ]
    );
    assert_eq!(own(4).0, "m");
    assert_eq!(fields(batch.get(4)), [("message.a", Value::Int(1)), ("message", Value::Str("n"))]);
    // What cannot be true is kept as a field, too.
    assert_eq!(own(6), (r#"{"time":"2300-01-01T00:00:00Z","ts":-1700000000}"#, None, RECEIVED as i64));
    assert_eq!(batch.get(6).fields().len(), 2);
    assert_eq!(fields(batch.get(5)), [("level", Value::Str("[\"info\"]")), ("time", Value::Str("soon"))]);
}

#[test]
fn what_is_no_object_stays_as_it_is_with_the_reason() {
    let many = format!("{{{}\"z\":0}}", (0..1024).map(|n| format!("\"f{n}\":{n},")).collect::<String>());
    let long = format!("{{\"{}\":1}}", "n".repeat(256));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for (line, reason) in [
        ("", "not a JSON object"),
        ("plain text", "not a JSON object"),
        ("[1]", "not a JSON object"),
        ("\"a\"", "not a JSON object"),
        (r#"{"a":1"#, "EOF while parsing an object at line 1 column 6"),
        (r#"{"a":1} x"#, "trailing characters at line 1 column 9"),
        (r#"{"a":1e999}"#, "number out of range at line 1 column 10"),
        (r#"{"":1}"#, "a field has no name, or one of more than 255 bytes"),
        (&long, "a field has no name, or one of more than 255 bytes"),
        (&many, "more than 1024 fields"),
        (&deep, "recursion limit exceeded"),
    ] {
        // What was before is whole, and what comes behind is none the worse.
        let batch = parsed(&[r#"{"a":2}"#, line, r#"{"b":3}"#]);
        let record = batch.get(1);
        assert_eq!(record.message(), line);
        let [("error.stage", Value::Str("json")), ("error.reason", Value::Str(why))] = fields(record)[..]
        else {
            panic!("{line}: {:?}", fields(record));
        };
        assert!(why.starts_with(reason), "{line}: {why}");
        assert_eq!(fields(batch.get(0)), [("a", Value::Int(2))]);
        assert_eq!(fields(batch.get(2)), [("b", Value::Int(3))]);
    }
}

#[test]
fn objects_below_sixteen_others_are_text() {
    let nested = |levels: usize| format!("{}{{\"x\":1}}{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let batch = parsed(&[&nested(15), &nested(17), &nested(100)]);
    assert_eq!(fields(batch.get(0)), [(&*format!("{}x", "a.".repeat(15)), Value::Int(1))]);
    let (name, value) = fields(batch.get(1))[0];
    assert_eq!((name, value), (&*vec!["a"; 16].join("."), Value::Str(r#"{"a":{"x":1}}"#)));
    let (name, value) = fields(batch.get(2))[0];
    assert_eq!((name, value), (&*vec!["a"; 16].join("."), Value::Str(&nested(84))));
}

/// The fields that a tree of the same line has.
fn model(path: &str, value: &serde_json::Value, out: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Null => {}
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                model(&path, value, out);
            }
        }
        serde_json::Value::Array(_) => out.push((path.to_owned(), json!(value.to_string()))),
        other => out.push((path.to_owned(), other.clone())),
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (-1e9..1e9).prop_map(|number: f64| serde_json::Value::from(number.round() / 8.0)),
        any::<String>().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            // Names without dots, so that no two fields have one name.
            proptest::collection::hash_map("[a-zA-Zé\"\\\\ ]{1,6}", inner, 0..5)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_object_has_the_fields_of_its_tree(value in any_json()) {
        let line = json!({ "top": value }).to_string();
        let batch = parsed(&[&line]);
        let mut expected = Vec::new();
        model("", &json!({ "top": value }), &mut expected);
        let read: Vec<(String, serde_json::Value)> = batch.get(0).fields().map(|(name, value)| {
            let value = match value {
                Value::Bool(value) => json!(value),
                Value::Int(value) => json!(value),
                Value::Float(value) => json!(value),
                Value::Str(value) => json!(value),
                Value::Time(_) => unreachable!("no stage made one"),
            };
            (name.to_owned(), value)
        }).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_text_is_kept(line in prop_oneof!["\\PC{0,60}", "[{}\\[\\]\",:a1\\\\u0. ]{0,40}"]) {
        let batch = parsed(&[&line]);
        let failed = batch.get(0).field("error.reason").is_some();
        let tree = serde_json::from_str::<serde_json::Value>(&line).ok().filter(serde_json::Value::is_object);
        prop_assert_eq!(failed, !tree.is_some_and(|tree| names_are_good(&tree)));
        if failed {
            prop_assert_eq!(batch.get(0).message(), line);
        }
    }
}

fn names_are_good(value: &serde_json::Value) -> bool {
    value
        .as_object()
        .is_none_or(|members| members.iter().all(|(name, value)| !name.is_empty() && names_are_good(value)))
}

#[test]
fn the_names_and_numbers_of_other_programs_are_understood() {
    let batch = parsed(&[
        r#"{"level":50,"time":1795342272123,"pid":7,"hostname":"h","msg":"pino"}"#,
        r#"{"t":{"$date":"2026-11-22T10:11:12.123+00:00"},"s":"W","c":"NETWORK","msg":"mongodb"}"#,
        r#"{"timestamp":"2026-11-22T10:11:12.123Z","level":"WARN","fields":{"message":"tracing"},"target":"a::b"}"#,
        r#"{"asctime":"2026-11-22 10:11:12,123","levelno":30,"message":"python"}"#,
        r#"{"@t":"2026-11-22T10:11:12.123Z","@l":"Warning","@m":"serilog"}"#,
        r#"{"log":"docker\n","stream":"stdout","time":"2026-11-22T10:11:12.123Z"}"#,
        r#"{"PRIORITY":"4","MESSAGE":"journald","__REALTIME_TIMESTAMP":"1795342272123000"}"#,
        r#"{"severityNumber":13,"timestamp":1795342272123,"body":"opentelemetry"}"#,
        r#"{"log":"main","level":5,"s":"warn"}"#,
    ]);
    let warn = Some(Level::Warn);
    for (index, message, level) in [
        (0, "pino", Some(Level::Error)),
        (1, "mongodb", warn),
        (2, "tracing", warn),
        (3, "python", warn),
        (4, "serilog", warn),
        (5, "docker", None),
        (6, "journald", warn),
    ] {
        let record = batch.get(index);
        assert_eq!((record.message(), record.level()), (message, level));
        assert_eq!(record.time(), 1_795_342_272_123_000, "{message}");
    }
    assert_eq!(batch.get(7).level(), warn);
    // A channel, the level of a tank, and a name that means something else.
    assert_eq!(
        fields(batch.get(8)),
        [("log", Value::Str("main")), ("level", Value::Int(5)), ("s", Value::Str("warn"))]
    );
}
