use proptest::prelude::*;
use record::{Level, Value};

use crate::Format;
use crate::tests::{fields, one};

#[test]
fn logfmt_as_programs_write_it() {
    let line = r#"time="2026-11-22T10:11:12Z" level=warn msg="a \"b\"\n" n=007 x=1.5 empty= ok retry=true url=http://a/?b=c"#;
    let batch = one(&Format::Logfmt.into(), line);
    let record = batch.get(0);
    assert_eq!((record.level(), record.message()), (Some(Level::Warn), "a \"b\"\n"));
    assert_eq!(record.time(), 1_795_342_272_000_000);
    assert_eq!(
        fields(record),
        [
            ("n", Value::Str("007")),
            ("x", Value::Float(1.5)),
            ("empty", Value::Str("")),
            ("ok", Value::Bool(true)),
            ("retry", Value::Bool(true)),
            ("url", Value::Str("http://a/?b=c")),
        ]
    );
    for (line, reason) in
        [("just words", "no pair of a name and a value"), ("a=\"b", "a quoted value does not end")]
    {
        let batch = one(&Format::Logfmt.into(), line);
        assert_eq!(batch.get(0).message(), line);
        let failed = [("error.stage", Value::Str("logfmt")), ("error.reason", Value::Str(reason))];
        assert_eq!(fields(batch.get(0)), failed);
    }
}

#[test]
fn what_sensors_send() {
    for line in [
        "temp=21.5 hum=40 unit=C",
        "temp=21.5, hum=40; unit=C",
        "temp: 21.5 hum: 40 unit: C",
        "temp:21.5|hum:40|unit:C",
        "temp = 21.5 hum = 40 unit = 'C'",
        "2026-11-22T10:11:12Z temp=21.5 hum=40 unit=C",
        "sensor 7 temp=21.5,hum=40,unit=C",
    ] {
        let batch = one(&Format::Kv.into(), line);
        let record = batch.get(0);
        assert_eq!(record.message(), line);
        let expected = [("temp", Value::Float(21.5)), ("hum", Value::Int(40)), ("unit", Value::Str("C"))];
        assert_eq!(fields(record), expected, "{line}");
    }
    let batch = one(&Format::Kv.into(), "level=30 t=21");
    assert_eq!((batch.get(0).level(), batch.get(0).fields().len()), (None, 2), "the level of a tank");
}

#[test]
fn by_its_looks_only_what_is_nothing_but_pairs() {
    let count = |line: &str| one(&Format::Auto.into(), line).get(0).fields().len();
    for (line, fields) in [
        ("a=1 b=2", 2),
        ("a=1,b=2;c=3", 3),
        ("list=a,b,c x=1", 2),
        ("key=value", 1),
        ("temp:21.5,hum:40", 2),
        ("2026-11-22T10:11:12Z a=1", 1),
        ("a=\"x, y\" b=2", 2),
        ("t=2026-11-22T10:11:12Z lvl=info a=1", 1),
    ] {
        assert_eq!(count(line), fields, "{line}");
    }
    for line in [
        "user=root failed",
        "YWJjZGVm==",
        "YWJj=",
        "http://a.example/?b=c",
        "x = 5",
        "a:1",
        "Error: 5",
        "10:11:12 a=1",
        "=1",
        "a=1 =2",
    ] {
        assert_eq!(count(line), 0, "{line}");
    }
}

proptest! {
    #[test]
    fn any_value_in_quotes_comes_back(values in proptest::collection::vec("[a-z \"\\\\=\n,üß]{0,12}", 1..6)) {
        let quoted = |value: &String| value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n");
        let pair = |(index, value): (usize, &String)| format!("f{index}=\"{}\"", quoted(value));
        let line = values.iter().enumerate().map(pair).collect::<Vec<_>>().join(" ");
        for format in [Format::Logfmt, Format::Kv, Format::Auto] {
            let batch = one(&format.into(), &line);
            let read: Vec<_> = fields(batch.get(0)).into_iter().map(|(_, value)| value).collect();
            prop_assert_eq!(read, values.iter().map(|value| Value::Str(value)).collect::<Vec<_>>(), "{}", line);
        }
    }
}
