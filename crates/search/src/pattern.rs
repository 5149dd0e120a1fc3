use std::fmt;

use regex::{Regex, RegexBuilder};

use crate::needle::{Needle, contains_needle};

/// A compiled pattern, and what it needs at a time when it runs, take at most so many bytes each.
const BYTES_MAX: usize = 1 << 20;

/// A regular expression. Two are equal when they are written alike.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Regex);

impl Pattern {
    /// # Errors
    /// Says on one line what is wrong with `source`.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let built =
            RegexBuilder::new(source).size_limit(BYTES_MAX).dfa_size_limit(BYTES_MAX).nest_limit(50).build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the pattern is too large; repeat less in it".to_owned(),
            // The last line has the message, behind the lines that show where it is.
            error => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                format!("bad pattern: {}", last.trim_start_matches("error: "))
            }
        })
    }

    pub(crate) fn source(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// What is known only of patterns that are plain text.
    pub(crate) fn needle(&self) -> Needle {
        if regex::escape(self.source()) == self.source() {
            contains_needle(self.source())
        } else {
            Needle::Any
        }
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

/// The pattern as the search language writes it.
impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        let mut escaped = false;
        for c in self.source().chars() {
            if c == '/' && !escaped {
                f.write_str("\\")?;
            }
            escaped = c == '\\' && !escaped;
            write!(f, "{c}")?;
        }
        f.write_str("/")
    }
}
