//! Lines of names and values: logfmt, and what sensors and programs write in its manner.

use crate::found::{Found, Reason};
use crate::scan::Scan;
use crate::time;
use crate::unescape::unescape;
use crate::value::{Parsed, typed};

/// How pairs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `level=info msg="a b" retry`, with spaces between; a name alone is true.
    Logfmt,
    /// `temp=21.5, hum: 40; unit=C`, with spaces, commas, semicolons or bars between; words that are no pair are passed.
    Loose,
}

/// Reads what pairs there are; also a time before them.
///
/// # Errors
/// When there is none, or a quoted value does not end.
pub(crate) fn read(line: &str, style: Style, found: &mut Found) -> Result<(), Reason> {
    let mut scan = Scan::new(line);
    let stamp = head_time(&mut scan);
    let mut pairs = 0;
    while next(&mut scan, style) {
        let before = scan;
        if let Some(pair) = pair(&mut scan, style)? {
            add(found, &pair)?;
            pairs += 1;
        } else {
            scan = before;
            pass_word(&mut scan, style, found)?;
        }
    }
    if pairs == 0 {
        return Err("no pair of a name and a value".into());
    }
    if let Some(stamp) = stamp.filter(|_| !found.has_time()) {
        found.set_stamp(stamp);
    }
    Ok(())
}

/// Reads a line that is nothing but pairs, perhaps with a time before them; says whether it is one.
///
/// # Errors
/// When a quoted value does not end, or there are too many fields.
pub(crate) fn read_strictly(line: &str, found: &mut Found) -> Result<bool, Reason> {
    let mut scan = Scan::new(line);
    let stamp = head_time(&mut scan);
    // Where a comma or the like stands between the first two pairs, it does so between all.
    let style = if is_loose(scan.rest()) { Style::Loose } else { Style::Logfmt };
    let (mut pairs, mut is_doubtful) = (0, true);
    while next(&mut scan, style) {
        let Some(pair) = pair(&mut scan, style)?.filter(|pair| is_plain_name(pair.name)) else {
            return Ok(false);
        };
        if pairs == 0 && !pair.is_beyond_doubt() {
            return Ok(false);
        }
        is_doubtful = pairs == 0 && (pair.has_colon || matches!(pair.value, Raw::Bare("")));
        add(found, &pair)?;
        pairs += 1;
    }
    if let Some(stamp) = stamp.filter(|_| !found.has_time()) {
        found.set_stamp(stamp);
    }
    Ok(pairs > 0 && !is_doubtful)
}

/// True when it could be: it begins with a name and `=` or `:`, or with a digit.
pub(crate) fn is_likely(line: &str) -> bool {
    let bytes = line.as_bytes();
    let len = bytes.iter().take(64).position(|byte| !is_name_byte(*byte)).unwrap_or(0);
    match bytes.get(len) {
        Some(b'=') => len > 0,
        Some(b':') => {
            memchr::memchr(b' ', bytes).is_none_or(|space| space > len + 1) || bytes[0].is_ascii_digit()
        }
        _ => bytes.first().is_some_and(u8::is_ascii_digit),
    }
}

/// klog's `"text" name="value" …`: the text is the message. False, and nothing is changed, when it is not that.
///
/// # Errors
/// When there are too many fields.
pub(crate) fn read_behind_text(text: &str, found: &mut Found) -> Result<bool, Reason> {
    let mut scan = Scan::new(text);
    if scan.peek() != Some(b'"') {
        return Ok(false);
    }
    let Some(message) = scan.quoted() else { return Ok(false) };
    let mut ahead = scan;
    while next(&mut ahead, Style::Logfmt) {
        if !matches!(pair(&mut ahead, Style::Logfmt), Ok(Some(_))) {
            return Ok(false);
        }
    }
    match unescape(message) {
        Some(message) => found.set_message(&message),
        None => found.set_message(message),
    }
    while next(&mut scan, Style::Logfmt) {
        if let Some(pair) = pair(&mut scan, Style::Logfmt)? {
            found.add(pair.name, pair.value.typed())?;
        }
    }
    Ok(true)
}

/// A value, and whether it stood in quotes.
#[derive(Clone, Copy, Debug)]
enum Raw<'a> {
    Quoted(&'a str),
    Bare(&'a str),
}

impl<'a> Raw<'a> {
    /// Without unescaping.
    fn typed(self) -> Parsed<'a> {
        match self {
            Self::Quoted(text) => Parsed::Text(text),
            Self::Bare(text) => typed(text),
        }
    }
}

/// A name and its value.
#[derive(Clone, Copy, Debug)]
struct Pair<'a> {
    name: &'a str,
    value: Raw<'a>,
    /// A colon stands between them.
    has_colon: bool,
}

impl Pair<'_> {
    /// False where it could be something else: `http://host`, `a==`.
    fn is_beyond_doubt(&self) -> bool {
        match self.value {
            Raw::Bare(text) if self.has_colon => !matches!(typed(text), Parsed::Text(_)),
            Raw::Bare(text) => !text.starts_with('='),
            Raw::Quoted(_) => true,
        }
    }
}

fn add(found: &mut Found, pair: &Pair<'_>) -> Result<(), Reason> {
    if let Raw::Quoted(text) = pair.value
        && let Some(text) = unescape(text)
    {
        return Ok(found.offer(pair.name, Parsed::Text(&text))?);
    }
    match pair.value.typed() {
        // A number called `level` is more likely that of a tank than a logger's.
        number @ Parsed::Int(_) if pair.name == "level" => Ok(found.add(pair.name, number)?),
        value => Ok(found.offer(pair.name, value)?),
    }
}

/// Passes what stands between pairs; false at the end.
fn next(scan: &mut Scan<'_>, style: Style) -> bool {
    scan.take_while(|byte| is_between(byte, style));
    !scan.is_end()
}

fn is_between(byte: u8, style: Style) -> bool {
    matches!(byte, b' ' | b'\t') || (style == Style::Loose && matches!(byte, b',' | b';' | b'|'))
}

/// The pair that comes next. `None`, with the place anywhere, if there is none.
fn pair<'a>(scan: &mut Scan<'a>, style: Style) -> Result<Option<Pair<'a>>, Reason> {
    let name = match style {
        Style::Logfmt => scan.take_while(|byte| !matches!(byte, b' ' | b'\t' | b'=' | b'"')),
        Style::Loose => scan.take_while(is_name_byte),
    };
    let has_colon = scan.peek() == Some(b':');
    if name.is_empty() || name.len() > 255 || !mark(scan, name, style) {
        return Ok(None);
    }
    if matches!(scan.peek(), Some(b'"')) || (style == Style::Loose && scan.peek() == Some(b'\'')) {
        let value = Raw::Quoted(scan.quoted().ok_or("a quoted value does not end")?);
        let is_whole = scan.peek().is_none_or(|byte| is_between(byte, style));
        return Ok(is_whole.then_some(Pair { name, value, has_colon }));
    }
    let value = Raw::Bare(scan.take_while(|byte| !is_between(byte, style)));
    Ok(Some(Pair { name, value, has_colon }))
}

/// Passes `=`, or the colon that some sensors write; it may have spaces around it there.
fn mark(scan: &mut Scan<'_>, name: &str, style: Style) -> bool {
    if scan.eat(b'=') {
        return true;
    }
    // What begins with a digit and has a colon is a time or an address.
    if style == Style::Logfmt || !name.as_bytes()[0].is_ascii_alphabetic() {
        return false;
    }
    let mut ahead = *scan;
    ahead.spaces();
    if !ahead.eat(b'=') {
        ahead = *scan;
        if !ahead.eat(b':') {
            return false;
        }
    }
    ahead.spaces();
    let has_value = !ahead.is_end();
    if has_value {
        *scan = ahead;
    }
    has_value
}

fn pass_word(scan: &mut Scan<'_>, style: Style, found: &mut Found) -> Result<(), Reason> {
    let from = scan.at();
    let word = scan.take_while(|byte| !is_between(byte, style));
    if style == Style::Logfmt && is_plain_name(word) {
        found.add(word, Parsed::Bool(true))?;
    }
    debug_assert!(scan.at() > from, "a word that is not there would be read for ever");
    Ok(())
}

/// A time before the first pair.
fn head_time(scan: &mut Scan<'_>) -> Option<time::Stamp> {
    let (stamp, len) = time::read(scan.rest().as_bytes())?;
    scan.pass(len);
    Some(stamp)
}

/// True when a comma, a semicolon or a bar, and another pair, come behind the first pair; or the first has a colon.
fn is_loose(text: &str) -> bool {
    let mut scan = Scan::new(text.trim_start());
    let name = scan.take_while(is_name_byte);
    if !name.is_empty() && scan.peek() == Some(b':') {
        return true;
    }
    if !scan.eat(b'=') || matches!(scan.peek(), Some(b'"')) && scan.quoted().is_none() {
        return false;
    }
    scan.take_while(|byte| !is_between(byte, Style::Loose));
    if !scan.peek().is_some_and(|byte| byte != b' ' && byte != b'\t') {
        return false;
    }
    next(&mut scan, Style::Loose);
    !scan.take_while(is_name_byte).is_empty() && matches!(scan.peek(), Some(b'=' | b':'))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b'@' | b'%' | b'#' | b'$')
}

/// A name as programs choose them: an equals sign in prose or code has other things before it.
fn is_plain_name(name: &str) -> bool {
    let is_start = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'@' | b'$');
    name.bytes().next().is_some_and(is_start) && name.bytes().all(|byte| is_name_byte(byte) || byte == b':')
}

#[cfg(test)]
mod tests;
