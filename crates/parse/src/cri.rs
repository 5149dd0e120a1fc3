//! Container logs of Kubernetes, as the Container Runtime Interface has them.

use crate::found::{Found, Reason};
use crate::scan::Scan;
use crate::time;
use crate::value::Parsed;

/// Reads `2026-11-22T10:11:12.123456789Z stdout F message` and returns the message.
///
/// Fields: `stream`, and `partial`, which is true when the container's line goes on in the next one.
///
/// # Errors
/// When it is something else.
pub(crate) fn read<'a>(line: &'a str, found: &mut Found) -> Result<&'a str, Reason> {
    const NONE: &str = "not like `2026-11-22T10:11:12.123456789Z stdout F message`";
    let (stamp, len) =
        time::read(line.as_bytes()).filter(|_| line.as_bytes().get(10) == Some(&b'T')).ok_or(NONE)?;
    let mut scan = Scan::new(line);
    scan.pass(len);
    if !scan.eat(b' ') {
        return Err(NONE.into());
    }
    let stream = scan.word().filter(|stream| matches!(*stream, "stdout" | "stderr")).ok_or(NONE)?;
    // Tags may follow the first one.
    let tag = scan.word().and_then(|tags| tags.split(':').next());
    let partial = match tag {
        Some("F") => false,
        Some("P") => true,
        _ => return Err(NONE.into()),
    };
    found.set_stamp(stamp);
    found.add("stream", Parsed::Text(stream))?;
    found.add("partial", Parsed::Bool(partial))?;
    Ok(scan.rest())
}

#[cfg(test)]
mod tests;
