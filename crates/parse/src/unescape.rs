/// The text that stands between quotes, without its backslashes: `\n`, `\r`, `\t` and `\u00e9` are what they say, any other
/// character behind a backslash is itself. `None` when there is no backslash.
pub(crate) fn unescape(quoted: &str) -> Option<String> {
    memchr::memchr(b'\\', quoted.as_bytes())?;
    let mut text = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, escaped)) = rest.split_once('\\') {
        text.push_str(before);
        let mut characters = escaped.chars();
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => match code(characters.as_str()) {
                Some(character) => {
                    text.push(character);
                    characters = characters.as_str()[4..].chars();
                }
                None => text.push('u'),
            },
            Some(other) => text.push(other),
            None => text.push('\\'),
        }
        rest = characters.as_str();
    }
    text.push_str(rest);
    Some(text)
}

/// Four hexadecimal digits that are a character. A half of a pair is none.
fn code(text: &str) -> Option<char> {
    let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::unescape;

    #[test]
    fn a_backslash_says_what_comes_behind_it() {
        assert_eq!(unescape("plain"), None);
        for (quoted, text) in [
            (r#"a\"b\\c"#, "a\"b\\c"),
            (r"\n\t\r\x\]", "\n\t\rx]"),
            (r"\u00e9\ud800\u12", "éud800u12"),
            ("end\\", "end\\"),
            ("\\ü", "ü"),
        ] {
            assert_eq!(unescape(quoted).as_deref(), Some(text));
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in "[a\"\\\\ü\n\t]{0,20}") {
            let quoted = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n").replace('\t', r"\t");
            prop_assert_eq!(unescape(&quoted).unwrap_or(quoted), text);
        }

        #[test]
        fn nothing_is_too_odd(text in ".{0,20}") {
            unescape(&text);
        }
    }
}
