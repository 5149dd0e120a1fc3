//! Lines that match a pattern in the language of grok, with the usual library of patterns.

use grok::Grok;

use crate::found::{Found, Reason};
use crate::pattern;
use crate::value::Parsed;

/// `%{IP:client} %{NUMBER:bytes:int}`: each named part is a field; `[a][b]` is the field `a.b`. A pattern that has to go back again
/// and again gives up after a million steps, and does not match then.
pub(crate) struct Pattern {
    pattern: grok::Pattern,
    /// For each name in the pattern, that of the field and its type.
    names: Vec<(String, String, Type)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    /// By its looks.
    Any,
    Text,
    Int,
    Float,
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pattern").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Pattern {
    /// # Errors
    /// What is wrong with the pattern.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let pattern =
            Grok::with_default_patterns().compile(pattern, true).map_err(|error| error.to_string())?;
        let mut names = Vec::new();
        for name in pattern.capture_names() {
            let kind = match pattern.get_extract(name) {
                None => Type::Any,
                Some("string") => Type::Text,
                Some("int" | "long") => Type::Int,
                Some("float" | "double") => Type::Float,
                Some(other) => {
                    return Err(format!("`{other}` is no type: use `int`, `float` or `string`"));
                }
            };
            names.push((name.to_owned(), field_name(name), kind));
        }
        if names.is_empty() {
            return Err("it names no field: write one as `%{PATTERN:name}`".to_owned());
        }
        Ok(Self { pattern, names })
    }

    /// Each named part that takes part in the match is a field.
    ///
    /// # Errors
    /// When the line does not match.
    pub(crate) fn read(&self, line: &str, found: &mut Found) -> Result<(), Reason> {
        let matched = self.pattern.match_against(line).ok_or("the line does not match")?;
        for (name, field, kind) in &self.names {
            let Some(text) = matched.get(name) else { continue };
            let number = match kind {
                Type::Any | Type::Text => None,
                Type::Int => text.parse().ok().map(Parsed::Int),
                Type::Float => text.parse().ok().filter(|value: &f64| value.is_finite()).map(Parsed::Float),
            };
            match (kind, number) {
                (Type::Any, _) => pattern::offer(found, field, text)?,
                (_, Some(number)) => found.offer(field, number)?,
                (_, None) => found.offer(field, Parsed::Text(text))?,
            }
        }
        Ok(())
    }
}

/// `[http][status]` is `http.status`.
fn field_name(name: &str) -> String {
    match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(path) => path.replace("][", "."),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use crate::tests::{fields, one};
    use crate::{Format, Parse};
    use record::{Level, Value};

    fn parse(pattern: &str) -> Parse {
        Format::Grok(pattern.to_owned()).into()
    }

    #[test]
    fn named_parts_are_fields_of_their_type() {
        let pattern = parse(
            "^%{TIMESTAMP_ISO8601:time} %{LOGLEVEL:level} %{IP:client} %{WORD:code:string} %{NUMBER:[http][took]:float} \
             %{GREEDYDATA:message}$",
        );
        let batch = one(&pattern, "2026-11-22T10:11:12Z ERROR 10.0.0.1 12 3 it broke");
        let record = batch.get(0);
        assert_eq!((record.time(), record.level()), (1_795_342_272_000_000, Some(Level::Error)));
        assert_eq!(record.message(), "it broke");
        let mut all = fields(record);
        all.sort_by_key(|(name, _)| *name);
        let expected = [
            ("client", Value::Str("10.0.0.1")),
            ("code", Value::Str("12")),
            ("http.took", Value::Float(3.0)),
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn what_the_library_has_works() {
        let batch = one(&parse("%{COMBINEDAPACHELOG}"), "x");
        assert!(batch.is_empty() || batch.get(0).field("error.reason").is_some());
        let line = r#"10.0.0.1 - - [22/Nov/2026:10:11:12 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl""#;
        let batch = one(&parse("%{COMBINEDAPACHELOG}"), line);
        assert_eq!(batch.get(0).field("error.reason"), None, "{:?}", fields(batch.get(0)));
    }

    #[test]
    fn a_bad_pattern_is_refused() {
        assert!(Pattern::new("%{NOSUCH:x}").unwrap_err().contains("NOSUCH"));
        assert!(Pattern::new("%{WORD:x:colour}").unwrap_err().contains("colour"));
        assert!(Pattern::new("%{WORD}").unwrap_err().contains("names no field"));
    }
}
