//! Tokens, keys and passwords.

use std::ops::Range;

use regex::Regex;

use super::BadStage;

/// What stands behind a name or a scheme, and what some services begin their tokens with. The group is what is secret. Only ASCII
/// counts as part of a word: then one pass over any text finds it.
const PATTERN: &str = r#"(?x)
    (?i: (?-u:\b) (?: bearer | basic ) \s+ ) ([A-Za-z0-9._~+/=-]{8,})
  | (?i: (?: password | passwd | secret | api[_-]?key | access[_-]?key | token ) ["']? \s* [=:] \s* ) ["'] ([^"']+) ["']
  | (?i: (?: password | passwd | secret | api[_-]?key | access[_-]?key | token ) ["']? \s* [=:] \s* ) ([^\s"',;&]+)
  | (?-u:\b) ( (?: sk | rk | pk ) _ (?: live | test ) _ [A-Za-z0-9]{16,}
       | gh[pousr]_ [A-Za-z0-9]{20,} | github_pat_ [A-Za-z0-9_]{20,} | glpat- [A-Za-z0-9_-]{20,}
       | xox[abeprs]- [A-Za-z0-9-]{10,} | (?: AKIA | ASIA ) [A-Z0-9]{16}
       | eyJ [A-Za-z0-9_-]{8,} \. [A-Za-z0-9_-]{4,} \. [A-Za-z0-9_-]* )
"#;

/// A name of a field that ends so has a secret.
const NAMES: [&str; 9] =
    ["password", "passwd", "secret", "api_key", "apikey", "api-key", "access_key", "token", "authorization"];

#[derive(Debug)]
pub(super) struct Secrets(Regex);

impl Secrets {
    pub(super) fn new() -> Result<Self, BadStage> {
        let bad =
            |error: regex::Error| BadStage::Pattern { name: "token".to_owned(), reason: error.to_string() };
        Regex::new(PATTERN).map(Self).map_err(bad)
    }

    /// Where secrets are.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        if !self.0.is_match(text) {
            return Vec::new();
        }
        let secrets = self
            .0
            .captures_iter(text)
            .filter_map(|found| found.iter().skip(1).flatten().next().map(|group| group.range()));
        // What was redacted before is none.
        secrets.filter(|place| !text[place.clone()].starts_with("[redacted:")).collect()
    }
}

/// True for a name such as `db.password`.
pub(super) fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    NAMES.iter().any(|end| {
        bytes
            .len()
            .checked_sub(end.len())
            .is_some_and(|from| bytes[from..].eq_ignore_ascii_case(end.as_bytes()))
    })
}
