use record::{Level, Value};

use crate::Format;
use crate::tests::{fields, one};

#[test]
fn stream_and_part_and_what_the_container_said() {
    let line = "2026-11-22T10:11:12.123456789Z stderr P [warn] half a li";
    for format in [Format::Cri, Format::Auto] {
        let batch = one(&format.into(), line);
        let record = batch.get(0);
        assert_eq!((record.message(), record.level()), ("[warn] half a li", Some(Level::Warn)));
        assert_eq!(record.time(), 1_795_342_272_123_456);
        assert_eq!(fields(record), [("stream", Value::Str("stderr")), ("partial", Value::Bool(true))]);
    }
    let line = r#"2026-11-22T10:11:12.123456789+01:00 stdout F {"level":"error","msg":"m","n":1}"#;
    let batch = one(&Format::Auto.into(), line);
    let record = batch.get(0);
    assert_eq!((record.message(), record.level()), ("m", Some(Level::Error)));
    assert_eq!(record.field("n"), Some(Value::Int(1)));
    assert_eq!(one(&Format::Cri.into(), "2026-11-22T10:11:12Z stdout F:x ").get(0).message(), "");
}

#[test]
fn what_is_none_stays_as_it_is() {
    for line in [
        "",
        "2026-11-22T10:11:12Z stdin F x",
        "2026-11-22T10:11:12Z stdout X x",
        "2026-11-22 10:11:12 stdout F x",
    ] {
        let batch = one(&Format::Cri.into(), line);
        assert_eq!((batch.get(0).message(), fields(batch.get(0)).len()), (line, 2));
    }
}
