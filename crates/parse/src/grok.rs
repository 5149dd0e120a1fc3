//! Lines that match a pattern made of named ones.

use std::fmt;

use fancy_regex::{Error, Regex, RegexBuilder, RuntimeError};
use grok::parser::{GrokComponent, grok_split};
use serde::{Deserialize, Serialize};

use crate::found::{Found, Reason};
use crate::pattern;
use crate::value::Parsed;

/// The pattern with all that it names written out is at most so long, in bytes.
const WRITTEN_OUT_MAX: usize = 64 << 10;
/// Patterns name each other at most so deep: one that names itself ends here.
const DEPTH_MAX: usize = 64;
/// How often matching one line may go back to try another way.
const STEPS_BACK_MAX: usize = 100_000;
/// Each of these steps may go over the whole line.
const LINE_BYTES_MAX: usize = 64 << 10;

/// A pattern of named patterns, as in `%{IP:client} %{WORD:method} %{NUMBER:seconds:float}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grok {
    /// A regular expression with names of patterns in it: `%{NAME}`, `%{NAME:field}` or `%{NAME:field:type}`. The type is `int`,
    /// `float` or `text`; without one the looks of the text decide.
    pub pattern: String,
    /// Patterns of one's own, by name. They come before those that are known.
    pub patterns: Vec<(String, String)>,
}

/// A [`Grok`] that was checked.
///
/// Owns the compiled pattern. Matching a line goes back at most 100,000 times, and a line is at most 64 KiB long; one that takes more
/// does not match, with the reason.
pub(crate) struct Groks {
    regex: Regex,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: Kind,
    /// Where it is; of several, the first that takes part counts.
    groups: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Looks,
    Int,
    Float,
    Text,
}

impl Groks {
    /// # Errors
    /// What is wrong with the pattern.
    pub(crate) fn new(told: &Grok) -> Result<Self, String> {
        let mut writer = Writer { own: &told.patterns, regex: String::new(), fields: Vec::new() };
        writer.write(&told.pattern, 0)?;
        let regex = RegexBuilder::new(&writer.regex)
            .backtrack_limit(STEPS_BACK_MAX)
            .build()
            .map_err(|error| error.to_string())?;
        let mut fields: Vec<Field> = Vec::new();
        for (group, name) in regex.capture_names().enumerate() {
            let Some(name) = name else { continue };
            let (name, kind) = match number(name).and_then(|number| writer.fields.get(number)) {
                Some((name, kind)) => (name.as_str(), *kind),
                None => (name, Kind::Looks),
            };
            match fields.iter_mut().find(|field| field.name == name) {
                Some(field) => field.groups.push(group),
                None => fields.push(Field { name: name.to_owned(), kind, groups: vec![group] }),
            }
        }
        if fields.is_empty() {
            return Err("it names no field: write one as `%{IP:client}`".to_owned());
        }
        Ok(Self { regex, fields })
    }

    /// Each field that takes part in the match.
    ///
    /// # Errors
    /// When the line does not match, is too much to match, or what matches is not of the type that is asked for.
    pub(crate) fn read(&self, line: &str, found: &mut Found) -> Result<(), Reason> {
        if line.len() > LINE_BYTES_MAX {
            return Err("the line is longer than 64 KiB, too long for this pattern".into());
        }
        let captures = self.regex.captures(line).map_err(|error| too_much(&error))?;
        let captures = captures.ok_or("the line does not match")?;
        for field in &self.fields {
            if let Some(text) = field.groups.iter().find_map(|group| captures.get(*group)) {
                field.offer(text.as_str(), found)?;
            }
        }
        Ok(())
    }
}

fn too_much(error: &Error) -> Reason {
    match error {
        Error::RuntimeError(RuntimeError::BacktrackLimitExceeded) => {
            "the pattern can match this line in too many ways: more than 100000 were tried".into()
        }
        error => format!("the pattern cannot be matched: {error}").into(),
    }
}

impl Field {
    fn offer(&self, text: &str, found: &mut Found) -> Result<(), Reason> {
        let name = self.name.as_str();
        let not = |what| Reason::from(format!("`{name}` is no {what}: `{text}`"));
        let value = match self.kind {
            Kind::Looks => return pattern::offer(found, name, text),
            Kind::Text => Parsed::Text(text),
            Kind::Int => Parsed::Int(text.parse().map_err(|_| not("whole number"))?),
            Kind::Float => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                Parsed::Float(number.ok_or_else(|| not("number"))?)
            }
        };
        Ok(found.offer(name, value)?)
    }
}

/// Writes a pattern out: the names of patterns become what they stand for.
struct Writer<'a> {
    own: &'a [(String, String)],
    regex: String,
    /// Those of the groups `_0`, `_1` and so on.
    fields: Vec<(String, Kind)>,
}

impl<'a> Writer<'a> {
    fn write(&mut self, pattern: &str, depth: usize) -> Result<(), String> {
        if depth > DEPTH_MAX {
            return Err(format!("its patterns name each other more than {DEPTH_MAX} deep"));
        }
        for part in grok_split(pattern) {
            match part {
                GrokComponent::RegularExpression { string, .. } => self.regex.push_str(string),
                GrokComponent::GrokPattern { name, alias, extract, definition, .. } => {
                    let inner = if definition.is_empty() { self.find(name)? } else { definition };
                    self.open(alias, extract)?;
                    self.write(inner, depth + 1)?;
                    self.regex.push(')');
                }
                GrokComponent::PatternError(_) => {
                    return Err(format!(
                        "`{pattern}`: after `%{{` comes `NAME}}`, `NAME:field}}` or `NAME:field:int}}`"
                    ));
                }
            }
            if self.regex.len() > WRITTEN_OUT_MAX {
                return Err(format!("with all that it names it is longer than {WRITTEN_OUT_MAX} bytes"));
            }
        }
        Ok(())
    }

    fn open(&mut self, field: &str, kind: &str) -> Result<(), String> {
        let kind = match kind {
            "" => Kind::Looks,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "text" => Kind::Text,
            other => return Err(format!("`{other}` is no type: write `int`, `float` or `text`")),
        };
        if field.is_empty() {
            self.regex.push_str("(?:");
            return Ok(());
        }
        self.regex.push_str(&format!("(?<_{}>", self.fields.len()));
        self.fields.push((dotted(field), kind));
        Ok(())
    }

    fn find(&self, name: &str) -> Result<&'a str, String> {
        let own = self.own.iter().find(|(own, _)| own == name).map(|(_, pattern)| pattern.as_str());
        let known = || grok::patterns().iter().find(|(known, _)| *known == name).map(|(_, pattern)| *pattern);
        own.or_else(known).ok_or_else(|| format!("there is no pattern `{name}`: write it in `patterns`"))
    }
}

/// Of the group `_7`: 7.
fn number(group: &str) -> Option<usize> {
    group.strip_prefix('_')?.parse().ok()
}

/// `[a][b]`, as others write it, is `a.b`.
fn dotted(field: &str) -> String {
    field.trim_start_matches('[').trim_end_matches(']').replace("][", ".")
}

impl fmt::Debug for Groks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groks").field("regex", &self.regex.as_str()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;
    use record::{Level, Value};

    use super::{Grok, Groks};
    use crate::tests::{fields, lines, one};
    use crate::{Format, Parse, Parser};

    fn grok(pattern: &str, patterns: &[(&str, &str)]) -> Grok {
        let own = |(name, pattern): &(&str, &str)| ((*name).to_owned(), (*pattern).to_owned());
        Grok { pattern: pattern.to_owned(), patterns: patterns.iter().map(own).collect() }
    }

    fn parse(pattern: &str) -> Parse {
        Parse::from(Format::Grok(grok(pattern, &[])))
    }

    #[test]
    fn names_with_fields_are_fields_of_their_types() {
        let told = parse(
            "^%{IPORHOST:client} %{WORD:[http][method]} %{NOTSPACE:path} %{NUMBER:bytes:int} %{NUMBER:took:float} %{NUMBER:id:text} \
             %{LOGLEVEL:level}(?: %{INT:tries})? (?<rest>.*)$",
        );
        let batch = one(&told, "10.0.0.7 GET /a 007 3 12 WARN 5 later");
        let record = batch.get(0);
        assert_eq!(record.level(), Some(Level::Warn));
        let expected = [
            ("client", Value::Str("10.0.0.7")),
            ("http.method", Value::Str("GET")),
            ("path", Value::Str("/a")),
            ("bytes", Value::Int(7)),
            ("took", Value::Float(3.0)),
            ("id", Value::Str("12")),
            ("tries", Value::Int(5)),
            ("rest", Value::Str("later")),
        ];
        assert_eq!(fields(record), expected);
    }

    #[test]
    fn a_line_that_does_not_match_is_kept_with_the_reason() {
        for (pattern, line, reason) in [
            ("^%{INT:n}$", "seven", "the line does not match"),
            ("^%{NUMBER:n:int}$", "7.5", "`n` is no whole number: `7.5`"),
            ("^%{WORD:n:float}$", "inf", "`n` is no number: `inf`"),
        ] {
            let batch = one(&parse(pattern), line);
            assert_eq!(batch.get(0).message(), line);
            let expected = [("error.stage", Value::Str("grok")), ("error.reason", Value::Str(reason))];
            assert_eq!(fields(batch.get(0)), expected, "{pattern}");
        }
    }

    #[test]
    fn what_would_take_for_ever_is_given_up() {
        let line = format!("{}!", "a".repeat(200));
        let batch = one(&parse("^(?:%{X:w=(?:a|aa)}(?=a|!))+$"), &line);
        let Some(Value::Str(reason)) = batch.get(0).field("error.reason") else { panic!("it ended") };
        assert!(reason.contains("too many ways"), "{reason}");
        let batch = one(&parse("%{WORD:w}"), &"a".repeat(70_000));
        let Some(Value::Str(reason)) = batch.get(0).field("error.reason") else { panic!("it was read") };
        assert!(reason.contains("64 KiB"), "{reason}");
    }

    #[test]
    fn patterns_of_ones_own_come_first() {
        let told = grok("%{ORDER:order} by %{USER:user}", &[("ORDER", "#%{INT:number}"), ("USER", "[a-z]+")]);
        let batch = one(&Format::Grok(told).into(), "order #17 by ann.b");
        let expected =
            [("order", Value::Str("#17")), ("number", Value::Int(17)), ("user", Value::Str("ann"))];
        assert_eq!(fields(batch.get(0)), expected);
    }

    #[test]
    fn one_field_in_two_places_is_what_takes_part() {
        let told = parse("^(?:a=%{INT:n}|b=%{INT:n})$");
        assert_eq!(one(&told, "b=2").get(0).field("n"), Some(Value::Int(2)));
    }

    #[test]
    fn every_pattern_that_is_known_can_be_used() {
        let cannot = |name: &str| Groks::new(&grok(&format!("%{{{name}:it}}"), &[])).err();
        let bad: Vec<_> =
            grok::patterns().iter().filter_map(|(name, _)| Some((name, cannot(name)?))).collect();
        assert!(bad.is_empty(), "{bad:#?}");
    }

    #[test]
    fn mistakes() {
        for (told, expected) in [
            (grok("%{NOPE:x}", &[]), "there is no pattern `NOPE`"),
            (grok("%{INT:x:long}", &[]), "`long` is no type"),
            (grok("%{INT", &[]), "after `%{` comes"),
            (grok("%{INT}", &[]), "it names no field"),
            (grok("(%{INT:n}", &[]), "Parsing error"),
            (grok("%{A:x}", &[("A", "%{A}")]), "more than 64 deep"),
            (
                grok("%{A:x}", &[("A", "%{B}%{B}%{B}%{B}"), ("B", &"x".repeat(20_000))]),
                "longer than 65536 bytes",
            ),
        ] {
            let found = Groks::new(&told).unwrap_err();
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn any_line_matches_or_is_kept() {
        let patterns =
            ["%{COMBINEDAPACHELOG}", "%{SYSLOGBASE} %{GREEDYDATA:text}", "%{QS:quoted} %{URI:uri}"];
        // Compiling one takes longer than matching many lines.
        let parsers = RefCell::new(patterns.map(|pattern| Parser::new(&parse(pattern)).unwrap()));
        proptest!(|(line in any::<String>())| {
            for parser in parsers.borrow_mut().iter_mut() {
                let mut batch = lines(&[&line]);
                parser.apply(&mut batch);
                prop_assert_eq!(batch.len(), 1);
                prop_assert!(batch.get(0).field("error.reason").is_none() || batch.get(0).message() == line);
            }
        });
    }
}
