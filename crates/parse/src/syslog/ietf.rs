//! RFC 5424.

use crate::found::{Found, Reason};
use crate::scan::Scan;
use crate::time;
use crate::unescape::unescape;
use crate::value::{Parsed, typed};

/// Reads what stands behind the priority and the version: a time, five names, structured data, and the message, which is returned.
pub(super) fn read<'a>(text: &'a str, found: &mut Found) -> Result<&'a str, Reason> {
    let mut scan = Scan::new(text);
    let time = scan.word().ok_or("no time")?;
    if time != "-" {
        let (stamp, _) = time::read(time.as_bytes())
            .filter(|(_, len)| *len == time.len())
            .ok_or("its time is not RFC 3339")?;
        found.set_stamp(stamp);
    }
    for name in ["host", "app", "pid", "msgid"] {
        let value = scan.word().ok_or("less than a time, a host, an app, a process and a message id")?;
        if value != "-" {
            found.add(name, if name == "pid" { typed(value) } else { Parsed::Text(value) })?;
        }
    }
    let has_data = !scan.eat(b'-');
    while has_data && scan.peek() == Some(b'[') {
        element(&mut scan, found)?;
    }
    if !scan.is_end() && !scan.eat(b' ') {
        return Err("structured data must be `-` or in brackets".into());
    }
    let message = scan.rest();
    Ok(message.strip_prefix('\u{feff}').unwrap_or(message))
}

/// `[id name="value" …]`
fn element(scan: &mut Scan<'_>, found: &mut Found) -> Result<(), Reason> {
    const UNENDED: &str = "its structured data do not end";
    scan.eat(b'[');
    let id = scan.take_while(|byte| !matches!(byte, b' ' | b']' | b'=' | b'"'));
    loop {
        if scan.eat(b']') {
            return Ok(());
        }
        if scan.spaces() == 0 {
            return Err(UNENDED.into());
        }
        let name = scan.take_while(|byte| !matches!(byte, b' ' | b']' | b'=' | b'"'));
        if !scan.eat(b'=') {
            return Err(UNENDED.into());
        }
        let value = scan.quoted().ok_or(UNENDED)?;
        found.path.clear();
        found.path.extend([id, ".", name]);
        let path = std::mem::take(&mut found.path);
        let added = match unescape(value) {
            None => found.add(&path, typed(value)),
            Some(value) => found.add(&path, Parsed::Text(&value)),
        };
        found.path = path;
        added?;
    }
}
