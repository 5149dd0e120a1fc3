//! Syslog lines: RFC 5424, and what RFC 3164 describes, with or without its priority, as programs and files have it.

mod bsd;
mod facility;
mod ietf;

use crate::found::{Found, Reason};
use crate::level;
use crate::scan::Scan;

/// Reads any syslog line: it has a priority or begins with a time.
///
/// Fields: `facility`, `host`, `app`, `pid`, `msgid`, and `ID.NAME` for each parameter of the structured data. The message is what
/// stands behind them. The level is that of the priority; it is left open when there is none.
///
/// # Errors
/// When it is neither, or its structured data do not end.
pub(crate) fn read<'a>(line: &'a str, found: &mut Found) -> Result<&'a str, Reason> {
    if let Some(message) = read_strictly(line, found)? {
        return Ok(message);
    }
    found.clear();
    bsd::read_loosely(line, found)
}

/// Reads a line that is syslog beyond doubt; `None` for others. Returns the message.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_strictly<'a>(line: &'a str, found: &mut Found) -> Result<Option<&'a str>, Reason> {
    let mut scan = Scan::new(line);
    let Some(priority) = priority(&mut scan) else { return bsd::read_strictly(line, found) };
    found.add("facility", crate::value::Parsed::Text(facility::name(priority >> 3)))?;
    found.set_level(level::from_syslog(priority & 7));
    let message = if scan.eat_text("1 ") {
        ietf::read(scan.rest(), found)?
    } else {
        bsd::read_behind_priority(scan.rest(), found)?
    };
    Ok(Some(message))
}

/// `<0>` to `<191>`.
fn priority(scan: &mut Scan<'_>) -> Option<u8> {
    scan.eat(b'<').then_some(())?;
    let number = scan.number(1, 3)?;
    scan.eat(b'>').then_some(())?;
    u8::try_from(number).ok().filter(|number| *number < 192)
}

#[cfg(test)]
mod tests;
