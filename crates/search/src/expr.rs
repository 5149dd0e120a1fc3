//! What a search is made of, and how it is written.

use std::fmt;

use record::{Level, LineFlags, Record};

use crate::needle::Needle;
use crate::pattern::Pattern;
use crate::phrase::Phrase;
use crate::value::{Relation, ValueTest, time_text};

/// A condition. `And` and `Or` have at least two parts, none of which is of the same kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Expr {
    /// True of all records.
    #[default]
    Everything,
    Test(Test),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
}

/// A condition on one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Words(Phrase<'static>),
    Message(Pattern),
    Level(Levels),
    /// All of these marks; any mark at all if empty.
    Flags(LineFlags),
    Instant(Clock, Relation, i64),
    Position(Relation, u64),
    HasRaw,
    Origin(Origin, ValueTest),
    Field(String, ValueTest),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Time,
    Received,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Source,
    Peer,
}

/// A set of levels; empty for what is more than the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Levels(u8);

impl Levels {
    const ALL: u8 = (1 << Level::ALL.len()) - 1;

    /// The levels for which `wanted` is true.
    pub(crate) fn new(wanted: impl Fn(Level) -> bool) -> Self {
        let bits =
            Level::ALL.iter().filter(|level| wanted(**level)).fold(0, |bits, level| bits | 1 << *level as u8);
        Self(bits)
    }

    pub(crate) fn contains(self, level: Level) -> bool {
        self.0 & 1 << level as u8 != 0
    }

    pub(crate) fn is_all(self) -> bool {
        self.0 == Self::ALL
    }

    pub(crate) fn names(self) -> Vec<&'static str> {
        Level::ALL.into_iter().filter(|level| self.contains(*level)).map(Level::name).collect()
    }
}

impl Clock {
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Received => "received",
        }
    }
}

impl Origin {
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Peer => "peer",
        }
    }
}

impl Expr {
    pub(crate) fn matches(&self, record: Record<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Test(test) => test.matches(record),
            Self::Not(expr) => !expr.matches(record),
            Self::And(all) => all.iter().all(|expr| expr.matches(record)),
            Self::Or(either) => either.iter().any(|expr| expr.matches(record)),
        }
    }

    pub(crate) fn needle(&self) -> Needle {
        match self {
            Self::Everything | Self::Not(_) => Needle::Any,
            Self::Test(test) => test.needle(),
            Self::And(all) => Needle::all(all.iter().map(Self::needle)),
            Self::Or(either) => Needle::either(either.iter().map(Self::needle)),
        }
    }
}

impl Test {
    fn matches(&self, record: Record<'_>) -> bool {
        match self {
            Self::Words(phrase) => phrase.is_in(record.message()),
            Self::Message(pattern) => pattern.is_in(record.message()),
            Self::Level(levels) => record.level().is_some_and(|level| levels.contains(level)),
            Self::Flags(flags) => !record.flags().is_empty() && record.flags().contains(*flags),
            Self::Instant(Clock::Time, relation, micros) => relation.accepts(record.time().cmp(micros)),
            Self::Instant(Clock::Received, relation, micros) => {
                relation.accepts(record.received().cmp(micros))
            }
            Self::Position(relation, position) => relation.accepts(record.position().0.cmp(position)),
            Self::HasRaw => record.raw().is_some(),
            Self::Origin(Origin::Source, test) => test.holds_for_text(record.source()),
            Self::Origin(Origin::Peer, test) => test.holds_for_text(record.peer()),
            Self::Field(name, test) => record.field(name).is_some_and(|value| test.holds_for(value)),
        }
    }

    fn needle(&self) -> Needle {
        match self {
            Self::Words(phrase) if phrase.is_open() => {
                phrase.words().rsplit_once(' ').map_or(Needle::Any, |(whole, _)| Needle::tokens_of(whole))
            }
            Self::Words(phrase) => Needle::tokens_of(phrase.words()),
            Self::Message(pattern) => pattern.needle(),
            _ => Needle::Any,
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("*"),
            Self::Test(test) => test.fmt(f),
            Self::Not(expr) => {
                f.write_str("-")?;
                expr.write_within(f, matches!(**expr, Self::Test(_) | Self::Everything))
            }
            Self::And(all) => write_list(f, all, " ", |expr| !matches!(expr, Self::Or(_))),
            Self::Or(either) => write_list(f, either, " OR ", |_| true),
        }
    }
}

impl Expr {
    /// Writes it as a part of another, in parentheses unless it can stand `bare`.
    fn write_within(&self, f: &mut fmt::Formatter<'_>, bare: bool) -> fmt::Result {
        if bare { write!(f, "{self}") } else { write!(f, "({self})") }
    }
}

fn write_list(
    f: &mut fmt::Formatter<'_>,
    exprs: &[Expr],
    between: &str,
    bare: fn(&Expr) -> bool,
) -> fmt::Result {
    for (index, expr) in exprs.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        expr.write_within(f, bare(expr))?;
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(phrase) => phrase.fmt(f),
            Self::Message(pattern) => pattern.fmt(f),
            Self::Level(levels) => match levels.names().as_slice() {
                _ if levels.is_all() => f.write_str("level:*"),
                [] => write!(f, "level:>{}", Level::Fatal),
                [name] => write!(f, "level:{name}"),
                names => write!(f, "level:/^({})$/", names.join("|")),
            },
            Self::Flags(flags) if flags.is_empty() => f.write_str("flags:*"),
            Self::Flags(flags) => write!(f, "flags:{}", flags.names().collect::<Vec<_>>().join(",")),
            Self::Instant(clock, relation, micros) => {
                let text = time_text(*micros).unwrap_or_default();
                write!(f, "{}:{}{text}", clock.column(), written(*relation))
            }
            Self::Position(relation, position) => write!(f, "position:{}{position}", written(*relation)),
            Self::HasRaw => f.write_str("raw:*"),
            Self::Origin(origin, test) => write!(f, "{}:{test}", origin.column()),
            Self::Field(name, test) => {
                for (index, c) in name.chars().enumerate() {
                    let plain = c.is_alphanumeric() || "_.@".contains(c) || (c == '-' && index > 0);
                    write!(f, "{}{c}", if plain { "" } else { "\\" })?;
                }
                write!(f, ":{test}")
            }
        }
    }
}

impl fmt::Display for ValueTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists => f.write_str("*"),
            Self::Is(relation, operand) => {
                f.write_str(written(*relation))?;
                write_value(f, &operand.text)
            }
            Self::Begins(prefix) => {
                write_value(f, prefix)?;
                f.write_str("*")
            }
            Self::Like(pattern) => pattern.fmt(f),
        }
    }
}

/// The relation as the search language writes it.
fn written(relation: Relation) -> &'static str {
    if relation == Relation::Equal { "" } else { relation.sign() }
}

/// A value, in quotes where it needs them.
fn write_value(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "_.-@:,+".contains(c)) {
        return f.write_str(text);
    }
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
