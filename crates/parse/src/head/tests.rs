use record::Level;

use super::read;

/// A level, whether there is a time (`|`), and the line.
const HEADS: &str = r#"
warn   | 123:M 22 Nov 2026 10:11:12.123 # WARNING overcommit_memory is set to 0
notice | 123:M 22 Nov 2026 10:11:12.123 * Ready to accept connections
info   | 2026-11-22T10:11:12.450-0500 I NETWORK  [initandlisten] waiting for connections
error  | 11-22 10:11:12.123  1234  5678 E ActivityManager: ANR in com.example
info   / I/ActivityManager( 585): Starting activity
error  | E, [2026-11-22T10:11:12.123456 #1234] ERROR -- : boom
error  | [E 2026-11-22 10:11:12.123 NotebookApp] Could not open
warn   | WARNING 2026-11-22 10:11:12,123 views 1 2 slow view
error  / ERROR:root:message
info   | [2026-11-22 10:11:12,123] {taskinstance.py:123} INFO - started
info   | 2026-11-22T10:11:12Z INFO  main: started
info   | 2026-11-22 10:11:12.123  INFO 1234 --- [           main] o.s.b.SpringApplication : Started
notice | 2026-11-22 10:11:12,388 app.actions [123]: NOTICE [mail] Ban 192.0.2.1
error  | [Sun Nov 22 10:11:12.569531 2026] [core:error] [pid 4101:tid 29] [client 192.0.2.12:46652] AH00128: no file
error  | 2026/11/22 10:11:12 [error] 2833#0: *16336 open() failed (2: No such file or directory)
info   | [1795342272] nsd[7745]: info: ratelimit block example.com.
warn   | [22-Nov-2026 10:11:12 UTC] PHP Warning:  foo in /a
fatal  / PHP Fatal error:  Uncaught Exception in /a.php:3
warn   | 2026-11-22T10:11:12.123456Z 0 [Warning] [MY-010055] [Server] something
info   | [2026-11-22T10:11:12.123+0000][info][gc] GC(0) Pause
error  | 2026-11-22 10:11:12.123 UTC [1234] ERROR:  relation "x" does not exist
info   | 2026-11-22 10:11:12.123 UTC [1234] LOG:  checkpoint starting
fatal  / panic: runtime error: index out of range
notice / %SYS-5-CONFIG_I: Configured from console
warn   / gcc: foo.c:12:5: warning: unused variable
error  / [    12.345] (EE) Failed to load module
error  / E (12345) wifi: failed
warn   / something odd, level=warn and more
error  / cut off: {"a":1,"severity": "ERROR","b
-      | type=USER_LOGIN msg=audit(1795342272.415:4063): user pid=11998 uid=0
-      | 2026-11-22 10:11:12 I went home
-      | update-alternatives 2026-11-22 10:11:12: run with --quiet
-      | 2026-11-22 10:11:12 [2249] H=x I=[192.0.2.4]:25 F=a@example.com rejected
-      / We had an error in the log level of ERROR words
-      / The error: none
-      / CONNECT error:method-not-allowed
-      / the meeting is at 2026-11-22 10:11:12
-      / sublevel=warn
-      / [    12.345678] usb 1-1: new device
"#;

#[test]
fn time_and_level_of_real_heads() {
    for line in HEADS.trim().lines() {
        let (level, rest) = line.split_at(7);
        let (has_time, text) = (rest.starts_with('|'), &rest[2..]);
        let head = read(text);
        assert_eq!(head.level.map_or("-", Level::name), level.trim(), "{text}");
        assert_eq!(head.stamp.is_some(), has_time, "{text}: {:?}", head.stamp);
    }
}

#[test]
fn each_level_in_each_dress() {
    for level in Level::ALL {
        let (lower, upper) = (level.name(), level.name().to_uppercase());
        for text in [
            format!("{upper} it"),
            format!("[{lower}] it"),
            format!("<{lower}> it"),
            format!("{lower}: it"),
            format!("2026-11-22 10:11:12 {lower} it"),
            format!("2026-11-22 10:11:12 [x-1] {upper} it"),
            format!("it is so, lvl={lower}"),
        ] {
            assert_eq!(read(&text).level, Some(level), "{text}");
        }
    }
}
