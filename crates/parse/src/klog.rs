//! The headers of glog and of Kubernetes' klog.

use crate::found::{Found, Reason};
use crate::level;
use crate::pairs;
use crate::scan::Scan;
use crate::time::{Civil, Stamp};
use crate::value::Parsed;

/// Reads `Lmmdd hh:mm:ss.uuuuuu threadid file:line] message`, also with the year before the month (glog 0.5 and later).
///
/// Fields: `thread`, `file`, `line`. A message as klog structures it (`"text" key="value"`) is the text, and its pairs are fields.
///
/// # Errors
/// When it is something else.
pub(crate) fn read(line: &str, found: &mut Found) -> Result<(), Reason> {
    const NONE: &str = "not a header like `E1122 10:11:12.123456 1 file.go:12] `";
    let (message, place, thread, civil) = header(line).ok_or(NONE)?;
    let (file, number) = place.rsplit_once(':').ok_or(NONE)?;
    let number = number.parse::<u32>().map_err(|_| NONE)?;
    found.set_level(level::from_letter(line.as_bytes()[0]));
    found.set_stamp(Stamp::Civil(civil));
    found.add("thread", Parsed::Int(i64::from(thread)))?;
    found.add("file", Parsed::Text(file))?;
    found.add("line", Parsed::Int(i64::from(number)))?;
    if !pairs::read_behind_text(message, found)? {
        found.set_message(message);
    }
    Ok(())
}

fn header(line: &str) -> Option<(&str, &str, u32, Civil)> {
    let mut scan = Scan::new(line);
    if !matches!(scan.peek()?, b'I' | b'W' | b'E' | b'F' | b'D') {
        return None;
    }
    scan.pass(1);
    let digits = scan.rest().bytes().take_while(u8::is_ascii_digit).count();
    let mut civil = Civil { offset: None, ..Civil::default() };
    match digits {
        4 => {}
        8 => civil.year = Some(scan.number(4, 4)? as i16),
        _ => return None,
    }
    (civil.month, civil.day) = (scan.number(2, 2)? as i8, scan.number(2, 2)? as i8);
    scan.eat(b' ').then_some(())?;
    civil.hour = scan.number(2, 2)? as i8;
    scan.eat(b':').then_some(())?;
    civil.minute = scan.number(2, 2)? as i8;
    scan.eat(b':').then_some(())?;
    civil.second = scan.number(2, 2)? as i8;
    scan.eat(b'.').then_some(())?;
    civil.nanos = scan.number(6, 6)? as i32 * 1000;
    (scan.spaces() > 0).then_some(())?;
    let thread = scan.number(1, 9)?;
    scan.eat(b' ').then_some(())?;
    let place = scan.until(b']')?;
    (scan.is_end() || scan.eat(b' ')).then(|| (scan.rest(), place, thread, civil))
}

#[cfg(test)]
mod tests;
