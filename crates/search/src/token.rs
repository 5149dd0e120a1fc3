//! What a token is: a word of a text, in one form whatever its case.

use std::borrow::Cow;

/// A token has at most so many bytes; what a longer word holds beyond that does not count for it.
pub(crate) const TOKEN_BYTES_MAX: usize = 64;

/// Goes up when a text has other tokens than before, as when letters are added to Unicode. A filter built with another
/// version must not rule out any text that is not ASCII; ASCII has the same tokens for ever.
pub const TOKENIZER_VERSION: u32 = 1;

/// The tokens of `text`: its maximal runs of letters, digits (of any script) and `_`, in lower case, each cut to the
/// characters that fit into 64 bytes. A word that already has that form is borrowed.
pub fn tokens(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    words(text).map(token)
}

/// The token that a word stands for.
pub(crate) fn token(word: &str) -> Cow<'_, str> {
    if word.len() <= TOKEN_BYTES_MAX && word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        return Cow::Borrowed(word);
    }
    let mut token = String::with_capacity(word.len().min(TOKEN_BYTES_MAX));
    for folded in word.chars().map(fold) {
        if token.len() + folded.len_utf8() > TOKEN_BYTES_MAX {
            break;
        }
        token.push(folded);
    }
    Cow::Owned(token)
}

/// The maximal runs of word characters, as they stand in the text.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.len() - skip(rest, false).len();
        let after = skip(&rest[start..], true);
        let word = &rest[start..rest.len() - after.len()];
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// What follows the characters at the start of `text` that are (or are not) part of a word.
fn skip(text: &str, word: bool) -> &str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii() {
            if is_word_byte(byte) != word {
                break;
            }
            at += 1;
        } else {
            let Some(c) = text[at..].chars().next().filter(|c| is_word(*c) == word) else { break };
            at += c.len_utf8();
        }
    }
    &text[at..]
}

/// True for a character of a word.
pub(crate) fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The same for ASCII; false for the bytes of all other characters.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// The lower case of a character, as one character, so that folding twice is folding once. The final sigma and the
/// long s count as the plain ones, as they do wherever case is ignored; `İ`, whose lower case is two characters, stays.
pub(crate) fn fold(c: char) -> char {
    match c {
        _ if c.is_ascii() => c.to_ascii_lowercase(),
        'ς' => 'σ',
        'ſ' => 's',
        _ => {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fold, is_word, tokens, words};
    use crate::token_hash;

    #[test]
    fn the_words_of_a_text_in_lower_case() {
        let long = "Ä".repeat(40);
        let table: [(&str, &[&str]); 8] = [
            ("", &[]),
            (" .-", &[]),
            ("GET /a_b?x=1 HTTP/1.1", &["get", "a_b", "x", "1", "http", "1", "1"]),
            ("Käse—ÄÖ", &["käse", "äö"]),
            ("ΟΔΟΣ οδος", &["οδοσ", "οδοσ"]),
            ("İ \u{212a}elvin Congreſs", &["İ", "kelvin", "congress"]),
            ("日志 错误", &["日志", "错误"]),
            (&long, &[&"ä".repeat(32)]),
        ];
        for (text, expected) in table {
            assert_eq!(tokens(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
        assert_eq!(tokens(&"x".repeat(100)).next().unwrap(), "x".repeat(64));
        // A character is never cut in two.
        assert_eq!(tokens(&format!("{}äb", "x".repeat(63))).next().unwrap(), "x".repeat(63));
    }

    #[test]
    fn folding_twice_is_folding_once_and_keeps_words_together() {
        for c in char::MIN..=char::MAX {
            assert_eq!(fold(fold(c)), fold(c), "{c:?}");
            assert_eq!(is_word(fold(c)), is_word(c), "{c:?}");
        }
    }

    /// Filters in files were built with the letters and cases that Unicode had then.
    #[test]
    fn letters_and_cases_are_those_of_the_tokenizer_version() {
        let mut seen = 0;
        for c in (char::MIN..=char::MAX).filter(|c| is_word(*c)) {
            let pair: String = [c, fold(c)].iter().collect();
            seen = token_hash(&format!("{seen:016x}{pair}"));
        }
        assert_eq!(
            seen, 17_708_964_581_876_505_274,
            "this compiler's Unicode tables make other tokens: raise `TOKENIZER_VERSION` with this number"
        );
    }

    proptest! {
        #[test]
        fn tokens_agree_with_the_plain_definition(text in "(?s)[a-zA-Z_ .äÄß日ςİ\u{212a}-]{0,100}|.{0,60}") {
            let plain: Vec<String> = text
                .split(|c: char| !is_word(c))
                .filter(|word| !word.is_empty())
                .map(|word| {
                    let mut token: String = word.chars().map(fold).collect();
                    token.truncate(token.floor_char_boundary(64));
                    token
                })
                .collect();
            prop_assert_eq!(tokens(&text).collect::<Vec<_>>(), plain.clone());
            // A token is its own token.
            for token in plain {
                prop_assert_eq!(tokens(&token).collect::<Vec<_>>(), [token.as_str()]);
            }
            prop_assert_eq!(words(&text).map(str::len).sum::<usize>(), text.chars().filter(|c| is_word(*c)).map(char::len_utf8).sum());
        }
    }
}
