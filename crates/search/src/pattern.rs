use std::fmt;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

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

    /// What is known of the plain text in it. Only ASCII counts: other letters have more than one form.
    pub(crate) fn needle(&self) -> Needle {
        regex_syntax::parse(self.source()).map_or(Needle::Any, |hir| {
            let mut run = String::new();
            let mut found = texts(&hir, &mut run);
            found.push(contains_needle(&run));
            Needle::all(found)
        })
    }
}

/// What every match of an expression holds. `run` is the plain text up to here; it goes on behind.
fn texts(hir: &Hir, run: &mut String) -> Vec<Needle> {
    match hir.kind() {
        HirKind::Literal(literal) => match str::from_utf8(&literal.0) {
            Ok(text) if text.is_ascii() => {
                run.push_str(text);
                Vec::new()
            }
            _ => end(run),
        },
        HirKind::Capture(capture) => texts(&capture.sub, run),
        HirKind::Concat(parts) => parts.iter().flat_map(|part| texts(part, run)).collect(),
        HirKind::Look(_) | HirKind::Empty => Vec::new(),
        HirKind::Alternation(choices) => {
            let mut found = end(run);
            let of = |choice: &Hir| {
                let mut run = String::new();
                let mut found = texts(choice, &mut run);
                found.extend(end(&mut run));
                Needle::all(found)
            };
            found.push(Needle::either(choices.iter().map(of)));
            found
        }
        HirKind::Repetition(again) if again.min > 0 => {
            let mut found = end(run);
            found.extend(texts(&again.sub, run));
            found.extend(end(run));
            found
        }
        HirKind::Repetition(_) | HirKind::Class(_) => end(run),
    }
}

/// Texts that are in every match of a regular expression, exactly as they are; none of an expression that is not understood.
pub fn pattern_texts(source: &str) -> Vec<String> {
    let (mut run, mut found) = (String::new(), Vec::new());
    if let Ok(hir) = regex_syntax::parse(source) {
        plain_texts(&hir, &mut run, &mut found);
    }
    found.push(run);
    found.retain(|text| !text.is_empty());
    found
}

/// `run` is the plain text up to here; it goes on behind.
fn plain_texts(hir: &Hir, run: &mut String, found: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Literal(literal) => match str::from_utf8(&literal.0) {
            Ok(text) => run.push_str(text),
            Err(_) => found.push(std::mem::take(run)),
        },
        HirKind::Capture(capture) => plain_texts(&capture.sub, run, found),
        HirKind::Concat(parts) => parts.iter().for_each(|part| plain_texts(part, run, found)),
        HirKind::Look(_) | HirKind::Empty => {}
        HirKind::Repetition(again) if again.min > 0 => {
            found.push(std::mem::take(run));
            plain_texts(&again.sub, run, found);
            found.push(std::mem::take(run));
        }
        HirKind::Alternation(_) | HirKind::Repetition(_) | HirKind::Class(_) => {
            found.push(std::mem::take(run));
        }
    }
}

/// The plain text ends here.
fn end(run: &mut String) -> Vec<Needle> {
    vec![contains_needle(&std::mem::take(run))]
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

#[cfg(test)]
mod tests {
    use super::{Needle, Pattern, contains_needle, pattern_texts};

    #[test]
    fn what_a_pattern_needs() {
        let needle = |source: &str| Pattern::new(source).unwrap().needle();
        for (source, text) in [
            ("in needle toda[xy]$", "in needle toda"),
            ("^a (very )rare word", "a very rare word"),
            ("( one two )+", " one two "),
            ("plain", "plain"),
        ] {
            assert_eq!(needle(source), contains_needle(text), "{source}");
        }
        assert_eq!(
            needle("( one )x?( two )"),
            Needle::all([contains_needle(" one "), contains_needle(" two ")])
        );
        assert_eq!(needle(" (one|two) "), needle("z( one )?z"), "each choice may go on on both sides");
        for source in ["(?i) word ", " (word )?", "[0-9]+", ".*", " gr\u{fc}n "] {
            assert_eq!(needle(source), Needle::Any, "{source}");
        }
    }
    #[test]
    fn what_is_in_every_match() {
        for (source, texts) in [
            ("plain", &["plain"][..]),
            ("^in needle toda[xy]$", &["in needle toda"]),
            ("a (very )?rare (old|new) w\\.rd", &["a ", "rare ", " w.rd"]),
            ("(ab)+c", &["ab", "c"]),
            ("(?i)word|gr\u{fc}n", &[]),
            ("gr\u{fc}n(?i)x1", &["gr\u{fc}n", "1"]),
            ("(unclosed", &[]),
        ] {
            assert_eq!(pattern_texts(source), texts, "{source}");
        }
    }
}
