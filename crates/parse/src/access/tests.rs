use record::Value;

use crate::Format;
use crate::tests::{fields, one};

#[test]
fn combined_and_common_and_what_servers_make_of_them() {
    let line = r#"192.0.2.1 - ann [22/Nov/2026:11:11:12 +0100] "GET /a?b=c d HTTP/1.1" 404 0 "https://e.com/" "curl \"8\" x""#;
    let batch = one(&Format::Access.into(), line);
    let record = batch.get(0);
    assert_eq!((record.time(), record.message()), (1_795_342_272_000_000, line));
    assert_eq!(
        fields(record),
        [
            ("client", Value::Str("192.0.2.1")),
            ("user", Value::Str("ann")),
            ("method", Value::Str("GET")),
            ("path", Value::Str("/a?b=c d")),
            ("protocol", Value::Str("HTTP/1.1")),
            ("status", Value::Int(404)),
            ("bytes", Value::Int(0)),
            ("referrer", Value::Str("https://e.com/")),
            ("user_agent", Value::Str(r#"curl \"8\" x"#)),
        ]
    );
    for (line, name, value) in [
        (r#"::1 - - [22/Nov/2026:10:11:12 +0000] "\x16\x03" 400 -"#, "request", Value::Str(r"\x16\x03")),
        (r#"::1 - - [22/Nov/2026:10:11:12] "GET / HTTP/1.0" 200 5"#, "bytes", Value::Int(5)),
        (
            r#"e.com:443 ::1 - - [22/Nov/2026:10:11:12] "GET / HTTP/1.0" 200 5"#,
            "vhost",
            Value::Str("e.com:443"),
        ),
        (
            r#"::1 - - [22/Nov/2026:10:11:12] "GET / HTTP/1.0" 200 5 "-" "-" 0.003"#,
            "more",
            Value::Str("0.003"),
        ),
    ] {
        for format in [Format::Access, Format::Auto] {
            let batch = one(&format.into(), line);
            assert_eq!(batch.get(0).field(name), Some(value), "{line}");
            assert_eq!((batch.get(0).message(), batch.get(0).time()), (line, 1_795_342_272_000_000));
        }
    }
}

#[test]
fn what_is_none_stays_as_it_is() {
    for line in [
        "",
        "a b c",
        "a - - [22/Nov/2026:10:11:12 +0000]",
        r#"a - - [yesterday] "GET / HTTP/1.0" 200 5"#,
        r#"a - - [22/Nov/2026:10:11:12 +0000] "GET / HTTP/1.0" OK 5"#,
        r#"a - - [22/Nov/2026:10:11:12 +0000] "GET / HTTP/1.0 200 5"#,
        r#"a - [22/Nov/2026:10:11:12 +0000] "GET / HTTP/1.0" 200 5"#,
    ] {
        let batch = one(&Format::Access.into(), line);
        assert_eq!((batch.get(0).message(), fields(batch.get(0)).len()), (line, 2), "{line}");
    }
}
