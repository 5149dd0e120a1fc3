//! The characters of a search, and the smallest things they make up.

use super::Fault;

/// The text of a search, and how far it has been read.
pub(super) struct Chars<'a> {
    text: &'a str,
    at: usize,
}

/// A text, and whether a `*` follows it.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) open: bool,
}

impl<'a> Chars<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next character's place in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What has been read since the byte `from`.
    pub(super) fn text_from(&self, from: usize) -> &'a str {
        &self.text[from..self.at]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let there = self.peek() == Some(c);
        if there {
            self.at += c.len_utf8();
        }
        there
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.rest().strip_prefix(word).is_some_and(|after| after.chars().next().is_none_or(ends_bare))
    }

    pub(super) fn eat_keyword(&mut self, word: &str) -> bool {
        let there = self.is_keyword(word);
        if there {
            self.at += word.len();
        }
        there
    }

    /// Text without quotes; the name of a field ends before its `:`. A backslash takes its meaning from the character
    /// that follows.
    pub(super) fn bare(&mut self, name: bool) -> Result<Value, Fault> {
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !(ends_bare(*c) || name && *c == ':')) {
            let at = self.at;
            self.next();
            match c {
                '*' if self.peek().is_none_or(ends_bare) => return Ok(Value { text, open: true }),
                '*' => {
                    return Err(Fault::new(
                        at,
                        "`*` stands at the end of a word; write `\\*` for the character, or a pattern: `/a.*b/`",
                    ));
                }
                '\\' => match self.next() {
                    Some(c) => text.push(c),
                    None => {
                        return Err(Fault::new(
                            at,
                            "a character is missing after `\\`; write `\\\\` for a backslash",
                        ));
                    }
                },
                c => text.push(c),
            }
        }
        Ok(Value { text, open: false })
    }

    /// Text in quotes. A backslash stands for itself, unless a quote or another one follows.
    pub(super) fn quoted(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.next();
        let mut text = String::new();
        while let Some(c) = self.next() {
            match c {
                '"' => return Ok(text),
                '\\' => text.push(match self.peek() {
                    Some(c @ ('"' | '\\')) => {
                        self.next();
                        c
                    }
                    _ => '\\',
                }),
                c => text.push(c),
            }
        }
        Err(Fault::new(start, "this quote is never closed; write `\\\"` for the character"))
    }

    /// A pattern between slashes. `\/` is a slash; any other backslash is the pattern's.
    pub(super) fn slashed(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.next();
        let mut source = String::new();
        loop {
            match self.next() {
                Some('/') if source.is_empty() => {
                    return Err(Fault::new(
                        start,
                        "this pattern is empty; for a path write quotes around it",
                    ));
                }
                Some('/') if self.peek().is_none_or(ends_bare) => return Ok(source),
                Some('/') => {
                    return Err(Fault::new(
                        self.at,
                        "the pattern ends before this; write `\\/` for a slash in it, or quotes around a path",
                    ));
                }
                Some('\\') if self.eat('/') => source.push('/'),
                Some('\\') => {
                    source.push('\\');
                    source.extend(self.next());
                }
                Some(c) => source.push(c),
                None => {
                    return Err(Fault::new(
                        start,
                        "this pattern has no second `/`; for a path write quotes around it",
                    ));
                }
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

/// True for what ends a text without quotes.
fn ends_bare(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '"')
}
