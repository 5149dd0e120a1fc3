//! Searches against a plain model of what they mean, on generated records.

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};
use search::{Query, tokens};

/// A record, in plain values.
#[derive(Clone, Debug)]
struct Plain {
    message: String,
    source: &'static str,
    level: Option<Level>,
    time: i64,
    split: bool,
    fields: Vec<(&'static str, Field)>,
}

#[derive(Clone, Debug)]
enum Field {
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'static str),
    Time(i64),
}

/// A search, in plain values.
#[derive(Clone, Debug)]
enum Model {
    Words { words: Vec<&'static str>, open: bool, quoted: bool },
    Regex(&'static str),
    Level { relation: &'static str, level: Level },
    Source(&'static str),
    Time { relation: &'static str, micros: i64 },
    Split,
    Number { name: &'static str, relation: &'static str, number: i64 },
    Text { name: &'static str, text: &'static str, open: bool },
    Exists(&'static str),
    Not(Box<Model>),
    And(Box<Model>, Box<Model>),
    Or(Box<Model>, Box<Model>),
}

const WORDS: [&str; 10] = ["a", "ab", "Error", "ERR", "connection", "Käse", "kÄSE", "10", "sk_1", "Σας"];
const NAMES: [&str; 3] = ["status", "http.code", "a b"];
const RELATIONS: [&str; 5] = ["", "<", "<=", ">=", ">"];
const TEXTS: [&str; 7] = ["5", "5.0", "007", "true", "two words", "it's \"x\"", ""];

fn plain() -> impl Strategy<Value = Plain> {
    let separator = select(vec![" ", "  ", ", ", "-", " — "]);
    let message = vec((select(WORDS.to_vec()), separator), 0..6)
        .prop_map(|words| words.into_iter().flat_map(|(word, after)| [word, after]).collect::<String>());
    let field = prop_oneof![
        any::<bool>().prop_map(Field::Bool),
        (-3_i64..8).prop_map(Field::Int),
        (-3_i64..8).prop_map(|n| Field::Float(n as f64 / 2.0 + 0.25)),
        select(TEXTS.to_vec()).prop_map(Field::Str),
        (0_i64..4).prop_map(Field::Time),
    ];
    let level = proptest::option::of(select(Level::ALL.to_vec()));
    let fields = vec((select(NAMES.to_vec()), field), 0..3);
    (message, select(vec!["web", "db"]), level, -3_i64..4, any::<bool>(), fields).prop_map(
        |(message, source, level, time, split, fields)| Plain { message, source, level, time, split, fields },
    )
}

fn model() -> impl Strategy<Value = Model> {
    let name = || select(NAMES.to_vec());
    let relation = || select(RELATIONS.to_vec());
    let leaf = prop_oneof![
        4 => (vec(select(WORDS.to_vec()), 1..3), any::<bool>(), any::<bool>())
            .prop_map(|(words, open, quoted)| Model::Words { words, open, quoted }),
        1 => select(vec!["a", "Err", "k.se", "^a|n$", "1/0"]).prop_map(Model::Regex),
        1 => (relation(), select(Level::ALL.to_vec())).prop_map(|(relation, level)| Model::Level { relation, level }),
        1 => select(vec!["web", "db", "WEB"]).prop_map(Model::Source),
        1 => (relation(), -3_i64..4).prop_map(|(relation, micros)| Model::Time { relation, micros }),
        1 => Just(Model::Split),
        2 => (name(), relation(), -3_i64..8).prop_map(|(name, relation, number)| Model::Number { name, relation, number }),
        2 => (name(), select(TEXTS.to_vec()), any::<bool>()).prop_map(|(name, text, open)| Model::Text { name, text, open }),
        1 => name().prop_map(Model::Exists),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        let pair = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            inner.clone().prop_map(|model| Model::Not(Box::new(model))),
            pair().prop_map(|(a, b)| Model::And(a, b)),
            pair().prop_map(|(a, b)| Model::Or(a, b)),
        ]
    })
}

impl Model {
    /// The search as somebody may write it.
    fn written(&self) -> String {
        match self {
            Self::Words { words, open, quoted } => {
                let star = if *open { "*" } else { "" };
                if *quoted { format!("\"{}\"{star}", words.join(", ")) } else { words.join("-") + star }
            }
            Self::Regex(source) => format!("/{}/", source.replace('/', "\\/")),
            Self::Level { relation, level } => format!("level:{relation}{}", level.name().to_uppercase()),
            Self::Source(name) => format!("source:{name}"),
            Self::Time { relation, micros } => format!("time:{relation}{}", instant(*micros)),
            Self::Split => "flags:split".to_owned(),
            Self::Number { name, relation, number } => format!("{}:{relation}{number}", escaped(name)),
            Self::Text { name, text, open } => {
                format!("{}:\"{}\"{}", escaped(name), text.replace('"', "\\\""), if *open { "*" } else { "" })
            }
            Self::Exists(name) => format!("{}:*", escaped(name)),
            Self::Not(model) => format!("NOT ({})", model.written()),
            Self::And(a, b) => format!("({}) AND ({})", a.written(), b.written()),
            Self::Or(a, b) => format!("({}) OR ({})", a.written(), b.written()),
        }
    }

    fn matches(&self, record: &Plain) -> bool {
        match self {
            Self::Words { words, open, .. } => has_words(&record.message, words, *open),
            Self::Regex(source) => regex::Regex::new(source).unwrap().is_match(&record.message),
            Self::Level { relation, level } => {
                record.level.is_some_and(|found| holds(relation, &found, level))
            }
            Self::Source(name) => record.source == *name,
            Self::Time { relation, micros } => holds(relation, &record.time, micros),
            Self::Split => record.split,
            Self::Number { name, relation, number } => record.field(name).is_some_and(|field| {
                let found = match field {
                    Field::Int(found) => Some(*found as f64),
                    Field::Float(found) => Some(*found),
                    Field::Str(text) => text.parse().ok(),
                    Field::Bool(_) | Field::Time(_) => None,
                };
                found.is_some_and(|found| holds(relation, &found, &(*number as f64)))
            }),
            Self::Text { name, text, open } => record.field(name).is_some_and(|field| {
                let found = field.text();
                let number = |text: &str| text.parse::<f64>().ok();
                match open {
                    true => found.starts_with(text),
                    false => {
                        found == *text || number(&found).is_some_and(|found| number(text) == Some(found))
                    }
                }
            }),
            Self::Exists(name) => record.field(name).is_some(),
            Self::Not(model) => !model.matches(record),
            Self::And(a, b) => a.matches(record) && b.matches(record),
            Self::Or(a, b) => a.matches(record) || b.matches(record),
        }
    }
}

impl Plain {
    /// A field set twice has its last value.
    fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().rev().find(|(other, _)| *other == name).map(|(_, field)| field)
    }

    fn batch(&self) -> Batch {
        let mut batch = Batch::new();
        batch.push(&Line {
            position: Position(1),
            received: Micros(1),
            source: self.source,
            peer: "p",
            bytes: self.message.as_bytes(),
            flags: if self.split { LineFlags::SPLIT } else { LineFlags::default() },
        });
        batch.set_time(0, self.time);
        batch.set_level(0, self.level);
        for (name, field) in &self.fields {
            batch.set_field(0, name, field.value());
        }
        batch
    }
}

impl Field {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Float(value) => Value::Float(*value),
            Self::Str(value) => Value::Str(value),
            Self::Time(value) => Value::Time(*value),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Float(value) => value.to_string(),
            Self::Str(value) => (*value).to_owned(),
            Self::Time(value) => instant(*value),
        }
    }
}

fn instant(micros: i64) -> String {
    match micros {
        0 => "1970-01-01T00:00:00Z".to_owned(),
        1.. => format!("1970-01-01T00:00:00.{micros:06}Z"),
        _ => format!("1969-12-31T23:59:59.{:06}Z", 1_000_000 + micros),
    }
}

fn escaped(name: &str) -> String {
    name.replace(' ', "\\ ")
}

fn holds<T: PartialOrd>(relation: &str, found: &T, wanted: &T) -> bool {
    match relation {
        "" => found == wanted,
        "<" => found < wanted,
        "<=" => found <= wanted,
        ">=" => found >= wanted,
        _ => found > wanted,
    }
}

fn has_words(message: &str, words: &[&str], open: bool) -> bool {
    let lower = |word: &str| word.to_lowercase().replace('ς', "σ");
    let message: Vec<String> =
        message.split([' ', ',', '-', '—']).filter(|word| !word.is_empty()).map(lower).collect();
    message.windows(words.len()).any(|window| {
        window.iter().zip(words).enumerate().all(|(index, (found, word))| {
            let last = index + 1 == words.len();
            *found == lower(word) || (open && last && found.starts_with(&lower(word)))
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn matches_what_the_model_matches(model in model(), records in vec(plain(), 1..12)) {
        let text = model.written();
        let query = Query::parse(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let canonical = Query::parse(&query.to_string()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&canonical, &query);
        for record in &records {
            let batch = record.batch();
            let matches = query.matches(batch.get(0));
            prop_assert_eq!(matches, model.matches(record), "{} on {:?}", text, record);
            let held: HashSet<String> = tokens(&record.message).map(Into::into).collect();
            let may = query.needle().may_match(&|token| held.contains(token));
            prop_assert!(may || !matches, "{:?} rules out {:?}", query.needle(), record);
        }
    }
}

#[test]
fn needles_ask_for_what_every_match_holds() {
    let needle = |text: &str| Query::parse(text).unwrap().needle();
    let rules_out = |text: &str, message: &str| {
        let held: HashSet<String> = tokens(message).map(Into::into).collect();
        !needle(text).may_match(&|token| held.contains(token))
    };
    for (text, message) in [
        ("refused", "accepted"),
        ("\"connection refused\"", "connection accepted"),
        ("a OR b", "c"),
        ("level:error a", "b"),
        ("(a OR b) -c d", "a b"),
        ("\"connection ref\"*", "accepted"),
        ("/a refused b/", "a b"),
    ] {
        assert!(rules_out(text, message), "{text} of {message}");
    }
    for (text, message) in
        [("-a", "a"), ("conn*", "connection"), ("a OR level:error", "b"), ("/a.b/", ""), ("", "")]
    {
        assert!(!rules_out(text, message), "{text} of {message}");
    }
}
