//! Time and level at the head of a line that has no format of its own.

mod key;
mod token;

use record::Level;

use crate::level;
use crate::time::{self, Stamp};
use token::{Token, Tokens};

/// So many words and numbers of a line are looked at, and no more bytes than these.
const TOKENS: usize = 16;
const BYTES: usize = 256;

/// What the head of a text says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) stamp: Option<Stamp>,
    pub(crate) level: Option<Level>,
}

/// Finds time and level.
///
/// A time is taken from the beginning, behind a bracket, a number, a level or at most one word. A level is a word in brackets
/// (`[warn]`), a word in capitals that no prose stands before (`ERROR`), one with a colon (`error:`), one or a letter right behind
/// the time, a letter in brackets (`[E`, `(EE)`) or before Android's tag (`E/`), a mark of Redis, a severity of Cisco
/// (`%SYS-3-...`), or what stands behind the name of a level (`level=warn`, `"severity":"ERROR"`).
pub(crate) fn read(line: &str) -> Head {
    let mut seen = Seen::default();
    let mut tokens = Tokens::new(&line.as_bytes()[..line.len().min(BYTES)]);
    for _ in 0..TOKENS {
        let is_done = seen.level.is_some() && seen.stamp.is_some();
        if is_done || seen.words > 2 {
            break;
        }
        let Some(token) = tokens.next() else { break };
        if let Some(len) = seen.time_at(line.as_bytes(), &token) {
            tokens.go_on_at(token.at + len);
            continue;
        }
        seen.look_at(&token);
    }
    Head { stamp: seen.stamp, level: seen.level.or_else(|| key::find(line)) }
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    stamp: Option<Stamp>,
    level: Option<Level>,
    /// Words that could be prose.
    words: usize,
    /// The last word was `fatal`.
    is_fatal: bool,
    /// The one word was in capitals: a name, as in `PHP Warning:`.
    is_name: bool,
    is_behind_time: bool,
    /// Numbers since the time.
    numbers: usize,
}

impl Seen {
    /// The length of the time that begins here.
    fn time_at(&mut self, line: &[u8], token: &Token<'_>) -> Option<usize> {
        if self.stamp.is_some() || self.words > 1 {
            return None;
        }
        let first = *token.text.first()?;
        let is_name = first.is_ascii_alphabetic() && token.text.len() == 3;
        if !(first.is_ascii_digit() || is_name) {
            return None;
        }
        let (stamp, len) = time::read(&line[token.at..])?;
        (self.stamp, self.is_behind_time, self.numbers) = (Some(stamp), true, 0);
        if self.level.is_none() {
            self.level = redis_mark(&line[token.at + len..]);
        }
        Some(len)
    }

    fn look_at(&mut self, token: &Token<'_>) {
        if self.level.is_none() {
            self.level = self.level_of(token);
        }
        self.is_fatal = token.text.eq_ignore_ascii_case(b"fatal");
        if token.is_word() {
            let is_heading = token.bracket.is_some() || matches!(token.end, Some(b':' | b'[' | b'(' | b'='));
            self.words += usize::from(!is_heading && self.level.is_none());
            self.is_name = token.text.iter().all(u8::is_ascii_uppercase);
            self.is_behind_time = false;
        } else {
            self.numbers += 1;
        }
    }

    fn level_of(&self, token: &Token<'_>) -> Option<Level> {
        match token.text {
            [letter] => self.letter(*letter, token),
            [first, second] if first == second && token.bracket == Some(b'(') => level::from_letter(*first),
            [b'%', ..] => cisco(token.text),
            text if (3..=13).contains(&text.len()) && text.iter().all(u8::is_ascii_alphabetic) => {
                self.word(token)
            }
            _ => None,
        }
    }

    fn word(&self, token: &Token<'_>) -> Option<Level> {
        let is_upper = token.text.iter().all(u8::is_ascii_uppercase);
        // Without a space behind it, it is the name of a module or a code.
        let has_colon = token.end == Some(b':') && token.next.is_none_or(|byte| byte == b' ');
        let counts = token.is_alone_in_bracket()
            || (is_upper && self.words == 0)
            || (has_colon && (self.words == 0 || self.words == 1 && self.is_name || self.is_fatal))
            || (self.is_behind_time && self.words == 0);
        if !counts {
            return None;
        }
        if self.is_fatal && token.text.eq_ignore_ascii_case(b"error") {
            return Some(Level::Fatal);
        }
        match token.text {
            // PostgreSQL's, which says more than `info` in no way; MySQL's; and those of Java's own library.
            b"LOG" | b"CONFIG" => Some(Level::Info),
            b"Note" | b"NOTE" => Some(Level::Notice),
            b"FINE" => Some(Level::Debug),
            b"FINER" | b"FINEST" => Some(Level::Trace),
            word => std::str::from_utf8(word).ok().and_then(Level::from_word),
        }
    }

    fn letter(&self, letter: u8, token: &Token<'_>) -> Option<Level> {
        let is_first = token.at == 0
            && (matches!(token.end, Some(b'/' | b','))
                || (token.end == Some(b' ') && token.next == Some(b'(')));
        let is_in_bracket = token.bracket == Some(b'[') && self.words == 0 && self.numbers == 0;
        let is_behind_time =
            self.stamp.is_some() && self.words == 0 && token.end.is_none_or(|byte| b" /])".contains(&byte));
        // `I` begins many a sentence.
        let is_prose =
            letter == b'I' && self.numbers < 2 && token.next.is_some_and(|byte| byte.is_ascii_lowercase());
        (is_first || is_in_bracket || (is_behind_time && !is_prose))
            .then(|| level::from_letter(letter))
            .flatten()
    }
}

/// `123:M 22 Nov 2026 10:11:12.123 * Ready`: what stands behind the time.
fn redis_mark(behind: &[u8]) -> Option<Level> {
    match behind {
        [b' ', b'.', b' ', ..] => Some(Level::Debug),
        [b' ', b'*', b' ', ..] => Some(Level::Notice),
        [b' ', b'#', b' ', ..] => Some(Level::Warn),
        _ => None,
    }
}

/// `%FACILITY-SEVERITY-MNEMONIC`, with more parts in the facility.
fn cisco(text: &[u8]) -> Option<Level> {
    let parts = text[1..].split(|byte| *byte == b'-');
    let severity = parts.skip(1).find_map(|part| match part {
        [digit @ b'0'..=b'7'] => Some(digit - b'0'),
        _ => None,
    });
    severity.and_then(level::from_syslog)
}

#[cfg(test)]
mod tests;
