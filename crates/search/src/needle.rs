//! What a text must hold for a condition to be true of it: what filters over tokens are asked.

use crate::token::{token, tokens, words};

/// Tokens of which a text must hold some. It may let pass what does not match, and never rules out what does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Needle {
    /// Any text may match.
    #[default]
    Any,
    /// The text has this token, as [`tokens`] yields it.
    Token(String),
    /// All of these hold.
    All(Vec<Needle>),
    /// One of these holds.
    Either(Vec<Needle>),
}

/// More are not asked for.
const ALL_MAX: usize = 64;

impl Needle {
    /// That all of these hold, simplified. The first 64 suffice: each but rules out more.
    pub fn all(needles: impl IntoIterator<Item = Needle>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        let flat = needles.into_iter().flat_map(|needle| match needle {
            Self::Any => Vec::new(),
            Self::All(more) => more,
            needle => vec![needle],
        });
        for needle in flat {
            if all.len() < ALL_MAX && !all.contains(&needle) {
                all.push(needle);
            }
        }
        if all.len() > 1 { Self::All(all) } else { all.pop().unwrap_or_default() }
    }

    /// That one of these holds, simplified.
    pub fn either(needles: impl IntoIterator<Item = Needle>) -> Self {
        let mut either: Vec<Self> = Vec::new();
        for needle in needles {
            match needle {
                Self::Any => return Self::Any,
                Self::Either(more) => either.extend(more),
                needle if either.contains(&needle) => {}
                needle => either.push(needle),
            }
        }
        if either.len() == 1 { either.pop().unwrap_or_default() } else { Self::Either(either) }
    }

    /// That a text has all tokens of `text`.
    pub fn tokens_of(text: &str) -> Self {
        Self::all(tokens(text).map(|token| Self::Token(token.into_owned())))
    }

    /// False if no text whose tokens are among those for which `holds` is true can match.
    pub fn may_match(&self, holds: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Token(token) => holds(token),
            Self::All(all) => all.iter().all(|needle| needle.may_match(holds)),
            Self::Either(either) => either.iter().any(|needle| needle.may_match(holds)),
        }
    }
}

/// What a text must hold to have `text` in it. The first and the last word of `text` may be parts of longer ones, if
/// nothing stands before and behind them.
pub fn contains_needle(text: &str) -> Needle {
    Needle::all(whole_tokens(text, false, false))
}

/// What a text must hold to be `LIKE pattern`. Without an `escape` character, nothing is concluded from what is next to
/// a backslash, since systems differ in what it means then. It is for `LIKE` alone; see [`ilike_needle`].
pub fn like_needle(pattern: &str, escape: Option<char>) -> Needle {
    Needle::all(like_tokens(pattern, escape))
}

/// What a text must hold to be `ILIKE pattern`. Nothing is concluded from tokens beyond ASCII, since what is the same in
/// any case differs a little from what tokens take for the same.
pub fn ilike_needle(pattern: &str, escape: Option<char>) -> Needle {
    let ascii = |needle: &Needle| matches!(needle, Needle::Token(token) if token.is_ascii());
    Needle::all(like_tokens(pattern, escape).into_iter().filter(ascii))
}

fn like_tokens(pattern: &str, escape: Option<char>) -> Vec<Needle> {
    let mut found = Vec::new();
    let mut literal = String::new();
    // The text starts and ends where the pattern does, so that words there are whole.
    let mut whole_start = true;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let escaped = if Some(c) == escape { chars.next() } else { None };
        match (escaped, c) {
            (Some(c), _) => literal.push(c),
            (None, '%' | '_') => close(&mut found, &mut literal, &mut whole_start),
            (None, '\\') if escape.is_none() => close(&mut found, &mut literal, &mut whole_start),
            (None, c) => literal.push(c),
        }
    }
    found.extend(whole_tokens(&literal, whole_start, true));
    found
}

/// A wildcard ends a literal stretch of a pattern.
fn close(found: &mut Vec<Needle>, literal: &mut String, whole_start: &mut bool) {
    found.extend(whole_tokens(literal, *whole_start, false));
    literal.clear();
    *whole_start = false;
}

/// The tokens of `text` without the one at its very start or end, unless words are whole there.
fn whole_tokens(text: &str, whole_start: bool, whole_end: bool) -> impl Iterator<Item = Needle> {
    words(text).filter_map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        let end = start + word.len();
        let whole = (whole_start || start > 0) && (whole_end || end < text.len());
        whole.then(|| Needle::Token(token(word).into_owned()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::{Needle, contains_needle, ilike_needle, like_needle};
    use crate::tokens;

    fn shown(needle: &Needle) -> String {
        let list = |all: &[Needle], by: &str| all.iter().map(shown).collect::<Vec<_>>().join(by);
        match needle {
            Needle::Any => "any".to_owned(),
            Needle::Token(token) => token.clone(),
            Needle::All(all) => format!("({})", list(all, " ")),
            Needle::Either(either) => format!("({})", list(either, " | ")),
        }
    }

    #[test]
    fn only_whole_tokens_are_asked_for() {
        let table = [
            ("connection refused by", "refused"),
            (" Connection refused", "connection"),
            (" Connection, refused.", "(connection refused)"),
            ("refused", "any"),
            ("", "any"),
        ];
        for (text, expected) in table {
            assert_eq!(shown(&contains_needle(text)), expected, "{text}");
        }
        let table = [
            ("%connection refused%", None, "any"),
            ("connection refused%", None, "connection"),
            ("Connection refused", None, "(connection refused)"),
            ("%a b c_d e%", None, "b"),
            ("% user\\_name %", None, "any"),
            ("% user\\_name %", Some('\\'), "user_name"),
            ("% 100!% sure %", Some('!'), "(100 sure)"),
            ("a\\b", None, "any"),
            ("!", Some('!'), "any"),
        ];
        for (pattern, escape, expected) in table {
            assert_eq!(shown(&like_needle(pattern, escape)), expected, "{pattern}");
        }
        assert_eq!(shown(&ilike_needle("% Käse brot %", None)), "brot");
    }

    #[test]
    fn simplified() {
        let token = |token: &str| Needle::Token(token.to_owned());
        let any = || Needle::Any;
        assert_eq!(Needle::all([]), any());
        assert_eq!(Needle::all([any(), token("a"), any(), token("a")]), token("a"));
        assert_eq!(shown(&Needle::all([Needle::tokens_of("a b"), token("c")])), "(a b c)");
        assert_eq!(Needle::either([token("a"), any()]), any());
        assert_eq!(Needle::either([token("a"), token("a")]), token("a"));
        assert!(!Needle::either([]).may_match(&|_| true));
        let many: String = (0..1000).map(|n| format!("{n} ")).collect();
        assert!(matches!(Needle::tokens_of(&many), Needle::All(all) if all.len() == 64));
    }

    /// `LIKE` as SQL defines it.
    fn like(text: &[char], pattern: &[char], escape: Option<char>) -> bool {
        match pattern {
            [] => text.is_empty(),
            [c, next, rest @ ..] if Some(*c) == escape => {
                text.first() == Some(next) && like(&text[1..], rest, escape)
            }
            ['%', rest @ ..] => (0..=text.len()).any(|at| like(&text[at..], rest, escape)),
            ['_', rest @ ..] => !text.is_empty() && like(&text[1..], rest, escape),
            [c, rest @ ..] => text.first() == Some(c) && like(&text[1..], rest, escape),
        }
    }

    proptest! {
        #[test]
        fn never_rules_out_what_is_like_the_pattern(
            text in "[ab _%!\\\\ä]{0,10}",
            wild in prop::collection::vec((0_usize..10, prop::sample::select(vec!['%', '_'])), 0..4),
            escaped: bool,
            bare_backslash: bool,
        ) {
            // A pattern that the text is like: characters replaced by wildcards, special ones escaped.
            let escape = if escaped { Some('!') } else { None };
            let chars: Vec<char> = text.chars().collect();
            let mut pattern = Vec::new();
            for (at, c) in chars.iter().enumerate() {
                match wild.iter().find(|(place, _)| *place == at) {
                    Some((_, wildcard)) => pattern.push(*wildcard),
                    None => {
                        if escaped && matches!(c, '%' | '_' | '!') {
                            pattern.push('!');
                        }
                        pattern.push(*c);
                    }
                }
            }
            let held: HashSet<String> = tokens(&text).map(Into::into).collect();
            let holds = |token: &str| held.contains(token);
            prop_assert!(like(&chars, &pattern, escape));
            let pattern: String = pattern.into_iter().collect();
            prop_assert!(like_needle(&pattern, escape).may_match(&holds), "{pattern:?} {text:?}");
            prop_assert!(ilike_needle(&pattern.to_uppercase(), escape).may_match(&holds));
            // A backslash that escapes although no character was named for that.
            if bare_backslash {
                let pattern: String = text.chars().flat_map(|c| ['\\', c].into_iter().skip(usize::from(!"%_\\".contains(c)))).collect();
                prop_assert!(like_needle(&pattern, None).may_match(&holds), "{pattern:?} {text:?}");
            }
        }

        #[test]
        fn never_rules_out_what_contains_the_text(text in "[ab _.ÄK]{0,12}", from in 0_usize..12, len in 0_usize..12) {
            let part: String = text.chars().skip(from).take(len).collect();
            let held: HashSet<String> = tokens(&text).map(Into::into).collect();
            prop_assert!(contains_needle(&part).may_match(&|token| held.contains(token)));
        }
    }
}
