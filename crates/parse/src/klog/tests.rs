use record::{Level, Value};

use crate::Format;
use crate::tests::{fields, one};

#[test]
fn headers_and_structured_messages() {
    for format in [Format::Klog, Format::Auto] {
        let line = r#"E1122 10:11:12.123456   12345 kubelet.go:42] "Pod \"x\" changed" pod="kube-system/x" n=3 ok=true"#;
        let batch = one(&format.clone().into(), line);
        let record = batch.get(0);
        assert_eq!((record.level(), record.message()), (Some(Level::Error), "Pod \"x\" changed"));
        assert_eq!(record.time(), 1_795_342_272_123_456);
        assert_eq!(
            fields(record),
            [
                ("thread", Value::Int(12345)),
                ("file", Value::Str("kubelet.go")),
                ("line", Value::Int(42)),
                ("pod", Value::Str("kube-system/x")),
                ("n", Value::Int(3)),
                ("ok", Value::Bool(true)),
            ]
        );
        let batch = one(&format.into(), "W20261122 10:11:12.123456 7 a/b.cc:1] \"quoted\" and words");
        let record = batch.get(0);
        assert_eq!((record.level(), record.message()), (Some(Level::Warn), "\"quoted\" and words"));
        assert_eq!(record.time(), 1_795_342_272_123_456);
    }
}

#[test]
fn what_is_none_stays_as_it_is() {
    for line in [
        "",
        "E1122",
        "X1122 10:11:12.123456 1 a.go:1] m",
        "E1122 10:11:12.123456 1 a.go] m",
        "E1122 10:11:12.1 1 a.go:1] m",
    ] {
        let batch = one(&Format::Klog.into(), line);
        assert_eq!((batch.get(0).message(), fields(batch.get(0)).len()), (line, 2));
    }
}
