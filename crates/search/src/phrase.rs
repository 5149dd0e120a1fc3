//! Words of a text, one after the other.

use std::borrow::Cow;
use std::fmt;

use memchr::memchr2_iter;

use crate::token::{fold, is_word, is_word_byte, words};

/// True if `text` has `word`, whole and in any case. Several words are a phrase; none is never there.
pub fn has_word(text: &str, word: &str) -> bool {
    has_phrase(text, word)
}

/// True if a word of `text` begins with `prefix`, in any case. Words before the prefix must come right before it.
pub fn has_prefix(text: &str, prefix: &str) -> bool {
    Phrase::new(prefix, true).is_some_and(|phrase| phrase.is_in(text))
}

/// True if `text` has the words of `phrase` one after the other, in any case and whatever stands between them. A phrase
/// without any word is never there.
pub fn has_phrase(text: &str, phrase: &str) -> bool {
    Phrase::new(phrase, false).is_some_and(|phrase| phrase.is_in(text))
}

/// Words to find one after the other, prepared for many texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase<'a> {
    /// The words in lower case, with one space between them.
    words: Cow<'a, str>,
    open: bool,
    /// Where in `words` the byte is to look for first, if they are ASCII and have such a byte.
    anchor: Option<usize>,
}

impl<'a> Phrase<'a> {
    /// The words of `text`. If `open`, the last one may be the beginning of a word, unless something follows it in
    /// `text`. `None` if there is no word.
    pub fn new(text: &'a str, open: bool) -> Option<Self> {
        let words = if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(plain(text)) };
        let anchor = anchor(&words);
        (!words.is_empty()).then(|| Self { words, open: open && text.ends_with(is_word), anchor })
    }

    /// The same, with memory of its own.
    pub fn into_owned(self) -> Phrase<'static> {
        Phrase { words: Cow::Owned(self.words.into_owned()), open: self.open, anchor: self.anchor }
    }

    /// The words in lower case, with one space between them.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// True if the last word may be the beginning of one.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// True if `text` has the words, one after the other. Allocates nothing.
    pub fn is_in(&self, text: &str) -> bool {
        let Some(anchor) = self.anchor else { return self.is_among(text) };
        let (wanted, bytes) = (self.words.as_bytes(), text.as_bytes());
        let byte = wanted[anchor];
        let mut places = memchr2_iter(byte, byte.to_ascii_uppercase(), bytes);
        let Some(first) = places.next() else { return false };
        if !text.is_ascii() {
            return self.is_among(text);
        }
        std::iter::once(first).chain(places).any(|place| {
            let (before, after) = bytes.split_at(place);
            continues(after.iter(), wanted[anchor..].iter(), self.open)
                && continues(before.iter().rev(), wanted[..anchor].iter().rev(), false)
        })
    }

    /// The same for any script, word by word.
    fn is_among(&self, text: &str) -> bool {
        let mut rest = words(text);
        loop {
            if self.begins(rest.clone()) {
                return true;
            }
            if rest.next().is_none() {
                return false;
            }
        }
    }

    fn begins<'t>(&self, mut text: impl Iterator<Item = &'t str>) -> bool {
        let mut wanted = self.words.split(' ').peekable();
        while let Some(word) = wanted.next() {
            let Some(found) = text.next() else { return false };
            let mut found = found.chars().map(fold);
            let same = word.chars().all(|c| found.next() == Some(c));
            let whole = self.open && wanted.peek().is_none() || found.next().is_none();
            if !(same && whole) {
                return false;
            }
        }
        true
    }
}

/// The phrase as the search language writes it.
impl fmt::Display for Phrase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.words.contains(' ') { "\"" } else { "" };
        write!(f, "{quote}{}{quote}{}", self.words, if self.open { "*" } else { "" })
    }
}

/// True for words that are ASCII, in lower case, with one space between them.
fn is_plain(text: &str) -> bool {
    let mut space = true;
    let plain = text.bytes().all(|byte| {
        let was_space = std::mem::replace(&mut space, byte == b' ');
        if space { !was_space } else { is_word_byte(byte) && !byte.is_ascii_uppercase() }
    });
    plain && !space
}

fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for word in words(text) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().map(fold));
    }
    plain
}

/// How seldom logs have each byte; 0 for what is never looked for first. Those are the space, `k` and `s`: U+212A and
/// U+017F fold to them as well.
const SELDOM: [u8; 256] = {
    let often_first = b"eta0oi1nr2ldcuhmpf3456789gyw_bvxjzq";
    let mut seldom = [0; 256];
    let mut at = 0;
    while at < often_first.len() {
        seldom[often_first[at] as usize] = at as u8 + 1;
        at += 1;
    }
    seldom
};

/// Where the byte is that texts have least often.
fn anchor(words: &str) -> Option<usize> {
    let ranked = words.bytes().enumerate().map(|(at, byte)| (SELDOM[usize::from(byte)], at));
    ranked.max().filter(|(rank, _)| *rank > 0 && words.is_ascii()).map(|(_, at)| at)
}

/// True if `text` starts with `wanted`, in any case, with anything but words where that has a space. What follows is
/// not part of the last word, unless that is `open`.
fn continues<'b>(
    text: impl Iterator<Item = &'b u8>,
    wanted: impl Iterator<Item = &'b u8>,
    open: bool,
) -> bool {
    let mut text = text.copied().peekable();
    for byte in wanted {
        if *byte == b' ' {
            if text.next_if(|found| !is_word_byte(*found)).is_none() {
                return false;
            }
            while text.next_if(|found| !is_word_byte(*found)).is_some() {}
        } else if text.next().is_none_or(|found| found.to_ascii_lowercase() != *byte) {
            return false;
        }
    }
    open || text.next().is_none_or(|byte| !is_word_byte(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Phrase, has_phrase, has_prefix, has_word};
    use crate::token::{fold, words};

    #[test]
    fn words_prefixes_and_phrases() {
        let text = "Connection to 10.0.0.1:80 REFUSED (os_error 111) Straße \u{212a}elvin";
        for word in ["connection", "REFUSED", "os_error", "111", "10", "straße", "kelvin", "STRAßE"] {
            assert!(has_word(text, word), "{word}");
        }
        for word in ["connect", "error", "11", "onnection", "kelvi", "", "()", "stra"] {
            assert!(!has_word(text, word), "{word}");
        }
        for (prefix, there) in [("conn", true), ("os_", true), ("(os", true), ("rror", false), ("", false)] {
            assert_eq!(has_prefix(text, prefix), there, "{prefix}");
        }
        assert!(has_prefix(text, "refused os") && !has_prefix(text, "refused os "));
        for (phrase, there) in [
            ("10.0.0.1", true),
            ("refused os_error", true),
            ("Refused, (OS_ERROR", true),
            ("connection refused", false),
            ("0 0 1 80", true),
            ("0 1 8", false),
            ("111 strasse", false),
            ("111 straße", true),
            ("--", false),
        ] {
            assert_eq!(has_phrase(text, phrase), there, "{phrase}");
        }
    }

    fn naive(text: &str, phrase: &str, open: bool) -> bool {
        let folded = |text: &str| -> Vec<String> {
            words(text).map(|word| word.chars().map(fold).collect()).collect()
        };
        let (text, phrase) = (folded(text), folded(phrase));
        let Some((last, first)) = phrase.split_last() else { return false };
        text.windows(phrase.len()).any(|window| {
            let (found, before) = window.split_last().unwrap();
            before == first && if open { found.starts_with(last) } else { found == last }
        })
    }

    proptest! {
        #[test]
        fn found_like_the_plain_definition(
            text in "([abkKsS_1]{1,3}[ .,]{1,2}){0,6}[abkKsS_1]{0,3}|([aÄäkK\u{212a}sſσς]{1,3}[ .—]{1,2}){0,6}",
            phrase in "[abAksk_1 ]{1,5}|[aÄäkKsς ]{1,4}",
            open: bool,
        ) {
            let open = open && phrase.ends_with(crate::token::is_word);
            let found = Phrase::new(&phrase, open).is_some_and(|phrase| phrase.is_in(&text));
            prop_assert_eq!(found, naive(&text, &phrase, open), "{:?} in {:?}", phrase, text);
        }
    }
}
