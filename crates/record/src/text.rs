use std::borrow::Cow;
use std::fmt::Write as _;

/// Text made of bytes that a peer sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text; every byte sequence that is not UTF-8 became U+FFFD.
    pub text: Cow<'a, str>,
    /// True when there was such a sequence.
    pub invalid_utf8: bool,
}

/// Decodes UTF-8, with one U+FFFD for each maximal ill-formed sequence (Unicode 15, section 3.9, as
/// `String::from_utf8_lossy`). Copies only when there is one.
pub fn decode(bytes: &[u8]) -> Decoded<'_> {
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Decoded { text: Cow::Borrowed(text), invalid_utf8: false },
        Err(_) => Decoded { text: String::from_utf8_lossy(bytes), invalid_utf8: true },
    }
}

/// Makes text safe to show on a terminal: control characters, which could move its cursor, set its title or
/// colour what follows, and bidirectional marks and line separators, which could show a line other than it is, are written
/// as `\u{1b}`; a tab stays.
pub fn escape_controls(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmful(character) {
            let _ = write!(shown, "{}", character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

fn is_harmful(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{decode, escape_controls};

    #[test]
    fn each_ill_formed_sequence_becomes_one_replacement_character() {
        for (bytes, text, invalid) in [
            (&b"plain"[..], "plain", false),
            ("h\u{e9}".as_bytes(), "h\u{e9}", false),
            (b"a\xffb", "a\u{fffd}b", true),
            (b"\xe2\x82", "\u{fffd}", true),
            (b"\0", "\0", false),
        ] {
            let decoded = decode(bytes);
            assert_eq!((decoded.text.as_ref(), decoded.invalid_utf8), (text, invalid));
        }
    }

    #[test]
    fn control_characters_are_shown_not_obeyed() {
        assert_eq!(escape_controls("tab\tstays"), "tab\tstays");
        assert_eq!(escape_controls("\x1b[31mred\x07"), "\\u{1b}[31mred\\u{7}");
        assert_eq!(escape_controls("a\u{61c}b\u{2028}c"), "a\\u{61c}b\\u{2028}c");
        assert_eq!(escape_controls("\u{9b}2J a\u{202e}b"), "\\u{9b}2J a\\u{202e}b");
    }
}
