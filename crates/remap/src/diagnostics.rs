use std::fmt;
use std::ops::Range;

use vrl::diagnostic::{Diagnostic, DiagnosticList, Formatter};

/// What the compiler has to say about a script: why it is none, or what is odd about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    script: String,
    list: Vec<Diagnostic>,
}

/// One of them, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem<'a> {
    /// What is wrong, in a few words.
    pub message: &'a str,
    /// The offset in the script, in bytes.
    pub offset: usize,
    /// The line of the script, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
}

/// A script that cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadScript(pub(crate) Diagnostics);

impl BadScript {
    /// Why.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.0
    }
}

impl Diagnostics {
    pub(crate) fn new(script: &str, list: Vec<Diagnostic>) -> Self {
        Self { script: script.to_owned(), list }
    }

    /// True when there is nothing to be said.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Each of them, in short.
    pub fn problems(&self) -> impl Iterator<Item = Problem<'_>> {
        self.list.iter().map(|diagnostic| {
            let label = diagnostic.labels.iter().find(|label| label.primary).or(diagnostic.labels.first());
            let offset = label.map_or(0, |label| label.span.start()).min(self.script.len());
            let offset = self.script.floor_char_boundary(offset);
            let before = &self.script[..offset];
            let line_from = before.rfind('\n').map_or(0, |at| at + 1);
            Problem {
                message: &diagnostic.message,
                offset,
                line: before.matches('\n').count() + 1,
                column: before[line_from..].chars().count() + 1,
            }
        })
    }

    /// The first in short, and how many more there are.
    pub fn summary(&self) -> String {
        let first = self.list.first().map_or("", |diagnostic| &diagnostic.message);
        match self.list.len() {
            0 | 1 => first.to_owned(),
            all => format!("{first}, and {} more", all - 1),
        }
    }

    /// Where the first of them is in a file whose text is `text`, and in which the script is the string at `span`, in bytes.
    pub fn offset_in(&self, text: &str, span: Range<usize>) -> usize {
        let offset = self.problems().next().map_or(0, |problem| problem.offset);
        self.script_at(text, span.clone()).map_or(span.start, |at| at + offset)
    }

    /// All of them as VRL shows them, with the part of the script that each is about.
    pub fn rendered(&self) -> String {
        self.render("", &self.script, 0)
    }

    /// All of them as VRL shows them, at their place in the file `name`, whose text is `text`, and in which the script is the string
    /// at `span`.
    pub fn rendered_in(&self, name: &str, text: &str, span: Range<usize>) -> String {
        match self.script_at(text, span.clone()) {
            Some(at) => self.render(name, text, at),
            // It begins on the same line.
            None => {
                let lines = text.get(..span.start).unwrap_or_default().matches('\n').count();
                self.render(name, &format!("{}{}", "\n".repeat(lines), self.script), lines)
            }
        }
    }

    /// Where the script begins; nowhere in a string with escapes, whose text is not the script's.
    fn script_at(&self, text: &str, span: Range<usize>) -> Option<usize> {
        let at = text.get(span.clone())?.find(&self.script)?;
        (!self.script.is_empty()).then_some(span.start + at)
    }

    fn render(&self, name: &str, text: &str, script_at: usize) -> String {
        let moved = self.list.iter().cloned().map(|mut diagnostic| {
            diagnostic.labels.iter_mut().for_each(|label| label.span = label.span + script_at);
            diagnostic
        });
        let list: DiagnosticList = moved.collect::<Vec<_>>().into();
        let shown = Formatter::new(text, list).to_string();
        // It knows no name for what it compiled.
        shown.trim_matches('\n').replace("┌─ :", &format!("┌─ {name}:"))
    }
}

/// The first in short, how many more there are, and where in the script the first is.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems().next() {
            Some(Problem { line, column, .. }) => {
                write!(f, "line {line}, column {column}: {}", self.summary())
            }
            None => Ok(()),
        }
    }
}
