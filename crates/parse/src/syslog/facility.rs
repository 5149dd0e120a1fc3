/// The name of a facility below 24, as syslog.h and logger(1) have it.
pub(super) fn name(number: u8) -> &'static str {
    const NAMES: [&str; 24] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
        "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5",
        "local6", "local7",
    ];
    NAMES.get(usize::from(number)).copied().unwrap_or("unknown")
}
