//! RFC 3164, and what is written in its manner: `Nov 22 10:11:12 host app[123]: message`, also with a time as in RFC 3339 (rsyslog's
//! own format for files), without the host (as programs write to `/dev/log`), with a year, or with Cisco's number and mark.

use record::Level;

use crate::found::{Found, Reason};
use crate::scan::Scan;
use crate::time::{self, Civil, Stamp};
use crate::value::{Parsed, typed};

/// Longer names of programs are none; RFC 3164 allows 32.
const APP_BYTES_MAX: usize = 64;

/// Reads what stands behind the priority. All of it may be the message.
pub(super) fn read_behind_priority<'a>(text: &'a str, found: &mut Found) -> Result<&'a str, Reason> {
    let mut scan = Scan::new(text);
    cisco_number(&mut scan);
    match stamp(&scan) {
        Some((stamp, len)) => {
            found.set_stamp(stamp);
            scan.pass(len);
            scan.eat(b':');
            scan.spaces();
            host_and_app(scan, found)
        }
        None => {
            let scan = Scan::new(text);
            Ok(app(scan, found)?.unwrap_or(text))
        }
    }
}

/// Reads a line that begins with a time and has a host or an app behind it; all behind the time may be the message.
pub(super) fn read_loosely<'a>(line: &'a str, found: &mut Found) -> Result<&'a str, Reason> {
    let mut scan = Scan::new(line);
    let (stamp, len) = stamp(&scan).ok_or("neither a priority nor a time at the beginning")?;
    found.set_stamp(stamp);
    scan.pass(len);
    scan.spaces();
    host_and_app(scan, found)
}

/// Reads a line whose time could be nobody else's and that has an app behind it; `None` for others.
pub(super) fn read_strictly<'a>(line: &'a str, found: &mut Found) -> Result<Option<&'a str>, Reason> {
    let mut scan = Scan::new(line);
    let Some((stamp, len)) = stamp(&scan) else { return Ok(None) };
    let Stamp::Civil(civil) = stamp else { return Ok(None) };
    // A time without a year that begins with a month, or one as rsyslog writes it.
    let is_month_first = line.as_bytes()[0].is_ascii_uppercase() && line.as_bytes()[3] == b' ';
    let is_rsyslog = line.as_bytes().get(10) == Some(&b'T') && civil.offset.is_some();
    if !is_month_first && !is_rsyslog {
        return Ok(None);
    }
    scan.pass(len);
    if !scan.eat(b' ') {
        return Ok(None);
    }
    scan.spaces();
    if is_rsyslog && !has_host_app_and_pid(scan) {
        return Ok(None);
    }
    found.set_stamp(stamp);
    let mut behind = scan;
    if let Some(message) = app(scan, found)? {
        return Ok(Some(message));
    }
    let Some(host) = behind.word().filter(|host| is_host(host)) else { return Ok(None) };
    found.add("host", Parsed::Text(host))?;
    app(behind, found)
}

/// `host app[123]:`, where the host is no level.
fn has_host_app_and_pid(mut scan: Scan<'_>) -> bool {
    let is_named = scan.word().is_some_and(|host| is_host(host) && Level::from_word(host).is_none());
    let is_app = !scan.take_while(is_app_byte).is_empty() && scan.eat(b'[');
    is_named && is_app && !scan.take_while(|byte| byte.is_ascii_digit()).is_empty() && scan.eat_text("]:")
}

fn host_and_app<'a>(scan: Scan<'a>, found: &mut Found) -> Result<&'a str, Reason> {
    if let Some(message) = app(scan, found)? {
        return Ok(message);
    }
    let mut behind = scan;
    let Some(host) = behind.word().filter(|host| is_host(host)) else { return Ok(scan.rest()) };
    found.add("host", Parsed::Text(host))?;
    behind.spaces();
    Ok(app(behind, found)?.unwrap_or(behind.rest()))
}

/// `app:`, `app[123]:`, `app[123]` or `app(pam_unix)[123]:`, and the space behind it. `None` when it is none of them.
fn app<'a>(mut scan: Scan<'a>, found: &mut Found) -> Result<Option<&'a str>, Reason> {
    let name = scan.take_while(is_app_byte);
    if !(1..=APP_BYTES_MAX).contains(&name.len()) {
        return Ok(None);
    }
    if scan.peek() == Some(b' ') && scan.rest().starts_with(" [") {
        // As Objective-C's `NSLog` and some others have it.
        scan.spaces();
    }
    let has_pid = scan.eat(b'[');
    let pid = scan.take_while(|byte| has_pid && byte != b']' && byte != b' ');
    if (has_pid && (pid.is_empty() || !scan.eat(b']'))) || (!scan.eat(b':') && !has_pid) {
        return Ok(None);
    }
    // Without a space it is an address, or a word in prose.
    if !scan.is_end() && scan.spaces() == 0 {
        return Ok(None);
    }
    if !has_pid && Level::from_word(name).is_some() {
        return Ok(None);
    }
    found.add("app", Parsed::Text(name))?;
    if has_pid {
        found.add("pid", typed(pid))?;
    }
    Ok(Some(scan.rest()))
}

/// A time as syslog has it at the beginning, perhaps with Cisco's mark for a clock that is not set.
fn stamp(scan: &Scan<'_>) -> Option<(Stamp, usize)> {
    let text = scan.rest().as_bytes();
    let marks = usize::from(matches!(text.first()?, b'*' | b'.'));
    let (stamp, len) = time::read(&text[marks..])?;
    let is_dated = matches!(stamp, Stamp::Civil(Civil { .. }));
    is_dated.then_some((stamp, marks + len))
}

/// Cisco numbers its lines: `123: `.
fn cisco_number(scan: &mut Scan<'_>) {
    let mut ahead = *scan;
    if ahead.number(1, 9).is_some() && ahead.eat(b':') && ahead.spaces() > 0 {
        *scan = ahead;
    }
}

fn is_host(word: &str) -> bool {
    !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte))
        && !word.ends_with(':')
}

fn is_app_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._-/@+()".contains(&byte) || !byte.is_ascii()
}
