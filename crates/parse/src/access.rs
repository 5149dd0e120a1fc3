//! Access logs: the Common Log Format of the NCSA, and the Combined one of Apache httpd and nginx.

use crate::found::{Found, Reason};
use crate::scan::Scan;
use crate::time;
use crate::value::{Parsed, typed};

/// Reads `[vhost] client ident user [time] "request" status bytes ["referrer" "user agent"] [more]`.
///
/// Fields: `vhost`, `client`, `ident`, `user`, `method`, `path` and `protocol`, or `request` if it is not those three, `status`,
/// `bytes`, `referrer`, `user_agent`, and `more` for what a server adds; none where the line has `-`. The message stays the line.
///
/// # Errors
/// When it is something else.
pub(crate) fn read(line: &str, found: &mut Found) -> Result<(), Reason> {
    let mut scan = Scan::new(line);
    names(&mut scan, found)?;
    let time = scan.until(b']').ok_or("no time in brackets")?;
    let (stamp, len) =
        time::read(time.as_bytes()).ok_or("its time is not like 22/Nov/2026:10:11:12 +0000")?;
    if !time[len..].trim_start().is_empty() || !scan.eat(b' ') {
        return Err("its time is not like 22/Nov/2026:10:11:12 +0000".into());
    }
    found.set_stamp(stamp);
    request(scan.quoted().ok_or("no request in quotes")?, found)?;
    if !scan.eat(b' ') {
        return Err("no status behind the request".into());
    }
    let status = scan.word().filter(|status| is_number(status)).ok_or("no status behind the request")?;
    found.add("status", typed(status))?;
    let bytes =
        scan.word().filter(|bytes| *bytes == "-" || is_number(bytes)).ok_or("no bytes behind the status")?;
    add(found, "bytes", typed(bytes))?;
    for name in ["referrer", "user_agent"] {
        if let Some(value) = scan.quoted() {
            add(found, name, Parsed::Text(value))?;
            scan.eat(b' ');
        }
    }
    if !scan.is_end() {
        found.add("more", Parsed::Text(scan.rest()))?;
    }
    Ok(())
}

/// True when it could be: a cheap look before all of it is read.
pub(crate) fn is_likely(line: &str) -> bool {
    let bytes = line.as_bytes();
    let Some(at) = memchr::memchr(b'[', &bytes[..bytes.len().min(512)]) else { return false };
    at >= 6 && bytes[at - 1] == b' ' && matches!(bytes[at..], [_, b'0'..=b'9', b'0'..=b'9', b'/', ..])
}

/// What stands before the time: three names, or four when the virtual host comes first.
fn names(scan: &mut Scan<'_>, found: &mut Found) -> Result<(), Reason> {
    const NONE: &str = "not a client, an identity and a user before the time";
    let mut names = [""; 4];
    let mut count = 0;
    while !scan.eat(b'[') {
        let name = scan.word().ok_or(NONE)?;
        *names.get_mut(count).ok_or(NONE)? = name;
        count += 1;
    }
    let (vhost, [client, ident, user]) = match (count, names) {
        (3, [client, ident, user, _]) => ("-", [client, ident, user]),
        (4, [vhost, client, ident, user]) => (vhost, [client, ident, user]),
        _ => return Err(NONE.into()),
    };
    for (name, value) in [("vhost", vhost), ("client", client), ("ident", ident), ("user", user)] {
        add(found, name, Parsed::Text(value))?;
    }
    Ok(())
}

fn request(request: &str, found: &mut Found) -> Result<(), Reason> {
    let parts = request.split_once(' ').and_then(|(method, rest)| {
        let (path, protocol) = rest.rsplit_once(' ')?;
        let is_method =
            !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        (is_method && !path.is_empty() && protocol.contains('/')).then_some((method, path, protocol))
    });
    let Some((method, path, protocol)) = parts else { return add(found, "request", Parsed::Text(request)) };
    found.add("method", Parsed::Text(method))?;
    found.add("path", Parsed::Text(path))?;
    found.add("protocol", Parsed::Text(protocol))?;
    Ok(())
}

fn add(found: &mut Found, name: &str, value: Parsed<'_>) -> Result<(), Reason> {
    if matches!(value, Parsed::Text("-" | "")) {
        return Ok(());
    }
    Ok(found.add(name, value)?)
}

fn is_number(text: &str) -> bool {
    (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
