use record::{Level, Value};

use crate::tests::{RECEIVED, fields, one};
use crate::{Format, Parse};

const MOMENT: i64 = 1_795_342_272_000_000;

fn syslog() -> Parse {
    Format::Syslog.into()
}

#[test]
fn the_examples_of_rfc_5424() {
    let head = "<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47";
    let data = r#"[exampleSDID@32473 iut="3" eventSource="Appli\"cat\]ion" eventID="1011"][b@1 c="d"]"#;
    let batch = one(&syslog(), &format!("{head} {data} \u{feff}An application event"));
    let record = batch.get(0);
    assert_eq!((record.level(), record.message()), (Some(Level::Notice), "An application event"));
    assert_eq!(record.time(), 1_065_910_455_003_000);
    assert_eq!(
        fields(record),
        [
            ("facility", Value::Str("local4")),
            ("host", Value::Str("mymachine.example.com")),
            ("app", Value::Str("evntslog")),
            ("msgid", Value::Str("ID47")),
            ("exampleSDID@32473.iut", Value::Int(3)),
            ("exampleSDID@32473.eventSource", Value::Str("Appli\"cat]ion")),
            ("exampleSDID@32473.eventID", Value::Int(1011)),
            ("b@1.c", Value::Str("d")),
        ]
    );
    let batch = one(&syslog(), "<34>1 2003-10-11T22:14:15.003Z mymachine su - ID47 - 'su root' failed");
    assert_eq!((batch.get(0).level(), batch.get(0).message()), (Some(Level::Fatal), "'su root' failed"));
    let batch = one(&syslog(), "<0>1 - - - - - -");
    let record = batch.get(0);
    assert_eq!((record.level(), record.message(), record.time()), (Some(Level::Fatal), "", RECEIVED as i64));
}

#[test]
fn what_is_written_in_the_manner_of_rfc_3164() {
    for (line, host, app, pid, message, level) in [
        ("<34>Nov 22 10:11:12 web1 su: 'su root' failed", "web1", "su", 0, "'su root' failed", "fatal"),
        ("<86>Nov 22 10:11:12 web1 sshd[77]: error: PAM: no", "web1", "sshd", 77, "error: PAM: no", "error"),
        ("<13>Nov 22 10:11:12 app[7]: no host", "", "app", 7, "no host", "notice"),
        ("Nov 22 10:11:12 web1 CRON[7]: (root) CMD (x)", "web1", "CRON", 7, "(root) CMD (x)", "-"),
        ("Nov 22 10:11:12 web1 kernel: [  970.6] usb", "web1", "kernel", 0, "[  970.6] usb", "-"),
        ("Nov 22 10:11:12 web1 proftpd[12345] web1 (a): x", "web1", "proftpd", 12345, "web1 (a): x", "-"),
        (
            "Nov 22 10:11:12 web1 postfix/smtpd[8]: warning: x",
            "web1",
            "postfix/smtpd",
            8,
            "warning: x",
            "warn",
        ),
        ("Nov 22 10:11:12 web1 vsftpd(pam_unix)[9]: x", "web1", "vsftpd(pam_unix)", 9, "x", "-"),
        ("2026-11-22T11:11:12.000000+01:00 web1 sshd[1]: x", "web1", "sshd", 1, "x", "-"),
        ("<14>2026-11-22T10:11:12Z web1 app: x", "web1", "app", 0, "x", "info"),
        ("<14>Nov 22 2026 10:11:12 fe80::1 app: x", "fe80::1", "app", 0, "x", "info"),
        ("<189>123: *Nov 22 10:11:12.000: %SYS-3-X: said", "", "", 0, "%SYS-3-X: said", "error"),
        ("<14>Nov 22 10:11:12 web1 just words here", "web1", "", 0, "just words here", "info"),
    ] {
        for parse in [syslog(), Format::Auto.into()] {
            let batch = one(&parse, line);
            let record = batch.get(0);
            assert_eq!(record.field("error.reason"), None, "{line}");
            assert_eq!(
                (record.message(), record.level().map_or("-", Level::name)),
                (message, level),
                "{line}"
            );
            assert_eq!(record.time(), MOMENT, "{line}");
            assert_eq!(record.field("host"), (!host.is_empty()).then_some(Value::Str(host)), "{line}");
            assert_eq!(record.field("app"), (!app.is_empty()).then_some(Value::Str(app)), "{line}");
            assert_eq!(record.field("pid"), (pid > 0).then_some(Value::Int(pid)), "{line}");
        }
    }
    let batch = one(&syslog(), "<6>[    1.23] usb 1-1: new device");
    let record = batch.get(0);
    assert_eq!((record.message(), record.level()), ("[    1.23] usb 1-1: new device", Some(Level::Info)));
}

#[test]
fn what_is_none_stays_as_it_is_with_the_reason() {
    for (line, reason) in [
        ("plain", "neither a priority nor a time at the beginning"),
        ("<192>x", "neither a priority nor a time at the beginning"),
        ("<1>1 yesterday h a p m - x", "its time is not RFC 3339"),
        ("<1>1 - h a", "less than a time, a host, an app, a process and a message id"),
        ("<1>1 - h a p m [x y=\"1\" z", "its structured data do not end"),
        ("<1>1 - h a p m x", "structured data must be `-` or in brackets"),
    ] {
        let batch = one(&syslog(), line);
        let record = batch.get(0);
        assert_eq!((record.message(), record.level()), (line, None));
        let failed = [("error.stage", Value::Str("syslog")), ("error.reason", Value::Str(reason))];
        assert_eq!(fields(record), failed, "{line}");
    }
}
