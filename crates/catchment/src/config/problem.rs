use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use record::escape_controls;

/// Where something stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, as it was named to the program.
    pub(super) file: Arc<str>,
    /// The line, from 1; 0 is the file as a whole.
    pub(super) line: usize,
    /// The column in characters, from 1.
    pub(super) column: usize,
    /// The path of the key, such as `source[1].address`, where the first source is `source[1]`; empty where
    /// there is no key.
    pub(super) key: String,
}

/// One mistake in a file, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Where it is.
    pub(super) place: Place,
    /// What is wrong.
    pub(super) message: String,
    /// What to do; empty where the message says it all.
    pub(super) hint: String,
    /// What a compiler or another program says about it, line by line; mostly empty.
    pub(super) said: String,
}

/// Every mistake that was found, in the order of the lines; shown one per line, with what other programs say below. There is at least
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    /// How many more there were than are kept.
    more: usize,
}

/// Collects problems while the files are read. It keeps the first [`PROBLEMS_MAX`] and counts the rest, so
/// that a picture given as a list of targets does not become a million messages.
pub(super) struct Report {
    problems: RefCell<Problems>,
    runs_code: bool,
}

/// Says that a problem has been reported, and that there is nothing to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reported;

pub(super) const PROBLEMS_MAX: usize = 200;

impl Place {
    /// A file as a whole.
    pub(super) fn file(name: &str) -> Self {
        Self { file: name.into(), line: 0, column: 0, key: String::new() }
    }

    /// This place with a key below it.
    pub(super) fn below(&self, key: &str) -> Self {
        let dot = if self.key.is_empty() { "" } else { "." };
        Self { key: format!("{}{dot}{key}", self.key), ..self.clone() }
    }

    /// How a message about `from` speaks of this place.
    pub(super) fn seen_from(&self, from: &Self) -> String {
        if self.file == from.file {
            format!("line {}", self.line)
        } else {
            format!("`{}:{}`", self.file, self.line)
        }
    }
}

impl Report {
    pub(super) fn new() -> Self {
        Self { problems: RefCell::new(Problems { list: Vec::new(), more: 0 }), runs_code: false }
    }

    /// One for which the user's own code may be run, to find out whether it can be.
    pub(super) fn running_code() -> Self {
        Self { runs_code: true, ..Self::new() }
    }

    /// True when code may be run.
    pub(super) fn runs_code(&self) -> bool {
        self.runs_code
    }

    /// Takes note of a problem.
    pub(super) fn add(&self, place: &Place, message: impl Into<String>, hint: impl Into<String>) -> Reported {
        let (message, hint) = (message.into(), hint.into());
        self.push(Problem { place: place.clone(), message, hint, said: String::new() })
    }

    /// The same, with what another program said about it.
    pub(super) fn add_with(
        &self,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
        said: impl Into<String>,
    ) -> Reported {
        let (message, hint, said) = (message.into(), hint.into(), said.into());
        self.push(Problem { place: place.clone(), message, hint, said })
    }

    fn push(&self, problem: Problem) -> Reported {
        let mut problems = self.problems.borrow_mut();
        if problems.list.len() < PROBLEMS_MAX {
            problems.list.push(problem);
        } else {
            problems.more += 1;
        }
        Reported
    }

    /// The problems, or nothing when there is none. Those of `main` come first, then file by file.
    pub(super) fn finish(self, main: &str) -> Option<Problems> {
        let mut problems = self.problems.into_inner();
        problems.list.sort_by(|one, other| {
            let [one, other] = [one, other].map(|problem| {
                let Place { file, line, column, .. } = &problem.place;
                (**file != *main, file, *line, *column)
            });
            one.cmp(&other)
        });
        // A file that is named twice is read twice.
        problems.list.dedup();
        (!problems.list.is_empty()).then_some(problems)
    }
}

/// `file:line: key: message; hint`, or `file:line:column: message; hint` where there is no key. Always one
/// line; what another program said is below it, indented.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, line, column, key } = &self.place;
        let mut text = file.to_string();
        if *line > 0 {
            text += &format!(":{line}");
        }
        if !key.is_empty() {
            text += &format!(": {key}");
        } else if *line > 0 {
            text += &format!(":{column}");
        }
        text += &format!(": {}", self.message);
        if !self.hint.is_empty() {
            text += &format!("; {}", self.hint);
        }
        f.write_str(&escape_controls(&text))?;
        self.said.lines().try_for_each(|line| write!(f, "\n  {}", escape_controls(line)))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::{PROBLEMS_MAX, Place, Report};

    fn at(file: &str, line: usize, column: usize, key: &str) -> Place {
        Place { line, column, key: key.to_owned(), ..Place::file(file) }
    }

    #[test]
    fn shown_by_line_with_the_main_file_first() {
        let report = Report::new();
        report.add(&at("a.txt", 3, 1, ""), "no port", "write `host:port`");
        report.add(&at("main.toml", 12, 4, "journal.at_cap"), "unknown", "");
        report.add(&at("main.toml", 2, 9, ""), "no value", "");
        report.add(&at("main.toml", 2, 1, "x"), "unknown key", "");
        report.add(&at("b.txt", 1, 1, ""), "no port", "");
        report.add(&Place::file("main.toml"), "no source", "add one");
        let problems = report.finish("main.toml").expect("there are some");
        assert_eq!(
            problems.to_string(),
            "main.toml: no source; add one\n\
             main.toml:2: x: unknown key\n\
             main.toml:2:9: no value\n\
             main.toml:12: journal.at_cap: unknown\n\
             a.txt:3:1: no port; write `host:port`\n\
             b.txt:1:1: no port"
        );
    }

    #[test]
    fn one_line_each_and_nothing_that_a_terminal_obeys() {
        let report = Report::new();
        report.add(&at("a\n.toml", 1, 1, "k\x1b[2J"), "`x\ny` is wrong", "");
        let shown = report.finish("a\n.toml").expect("there is one").to_string();
        assert_eq!(shown, "a\\u{a}.toml:1: k\\u{1b}[2J: `x\\u{a}y` is wrong");
    }

    #[test]
    fn what_another_program_said_is_below() {
        let report = Report::new();
        report.add_with(&at("a", 3, 1, "k"), "no", "", "Traceback:\n  \x1b[2J\n");
        report.add(&at("a", 4, 1, "k"), "no", "");
        let shown = report.finish("a").expect("there are two").to_string();
        assert_eq!(shown, "a:3: k: no\n  Traceback:\n    \\u{1b}[2J\na:4: k: no");
    }

    #[test]
    fn no_problem_no_problems() {
        assert_eq!(Report::new().finish("a"), None);
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let report = Report::new();
        for line in 0..PROBLEMS_MAX + 7 {
            report.add(&at("a", line + 1, 1, ""), "no", "");
        }
        let shown = report.finish("a").expect("there are some").to_string();
        assert_eq!(shown.lines().count(), PROBLEMS_MAX + 1);
        assert!(shown.ends_with("\nand 7 more"));
    }
}
