use memchr::memmem;
use record::Level;

use crate::level;

/// How a line may call its level in its middle.
const NAMES: [&str; 3] = ["level", "severity", "lvl"];
/// So much of a line is looked at, in bytes.
const BYTES: usize = 4096;

/// The level that stands behind its name and `=`, or `:` if the name is in quotes: `level=warn`, `"severity": "ERROR"`.
pub(super) fn find(line: &str) -> Option<Level> {
    let bytes = &line.as_bytes()[..line.len().min(BYTES)];
    // Without one of them there is no such pair, and they are found faster.
    memchr::memchr2(b'=', b'"', bytes)?;
    NAMES.iter().find_map(|name| memmem::find_iter(bytes, name).find_map(|at| value(bytes, at, name.len())))
}

fn value(bytes: &[u8], at: usize, len: usize) -> Option<Level> {
    let is_part_of_a_name = at > 0 && (bytes[at - 1].is_ascii_alphanumeric());
    let rest = match &bytes[at + len..] {
        [b'=', rest @ ..] => rest,
        [b'"', b':', b' ', rest @ ..] | [b'"', b':', rest @ ..] => rest,
        _ => return None,
    };
    let rest = rest.strip_prefix(b"\"").unwrap_or(rest);
    let word = &rest[..rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len())];
    if is_part_of_a_name || word.is_empty() {
        return None;
    }
    std::str::from_utf8(word).ok().and_then(level::from_text)
}
