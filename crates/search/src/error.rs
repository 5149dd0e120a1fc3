use std::fmt;

/// At most so many characters of a search are shown before and behind the place of an error.
const SHOWN: usize = 60;

/// What is wrong with a search, and where. Shown with the search and a caret below the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SyntaxError {
    /// Where, counted in characters from 1.
    pub column: usize,
    /// What is wrong, and what to write instead.
    pub message: String,
    text: String,
}

impl SyntaxError {
    /// An error at byte `at` of `text`.
    pub(crate) fn new(text: &str, at: usize, message: impl Into<String>) -> Self {
        let before = text.get(..at).unwrap_or(text).chars().count();
        let from = before.saturating_sub(SHOWN);
        let shown = text.chars().skip(from).take(2 * SHOWN);
        // Each character takes one column, and none of them does anything to a terminal.
        let text = shown.map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { column: before + 1, message: message.into(), text }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = (self.column - 1).min(SHOWN);
        write!(f, "{}, at column {}\n  {}\n  {:indent$}^", self.message, self.column, self.text, "")
    }
}
