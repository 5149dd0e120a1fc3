//! What a test means for the column that it names.

use record::{Level, LineFlags};

use crate::expr::{Clock, Expr, Levels, Origin, Test};
use crate::phrase::Phrase;
use crate::value::{Operand, Relation, ValueTest, time};

/// The condition that `test` holds for the column or field `name`.
///
/// # Errors
/// Says what the column can be asked instead.
pub(crate) fn condition(name: String, test: ValueTest) -> Result<Expr, String> {
    let exists = test == ValueTest::Exists;
    let test = match name.as_str() {
        // These are there in every record.
        "message" | "time" | "received" | "position" | "source" | "peer" if exists => {
            return Ok(Expr::Everything);
        }
        "message" => message(test),
        "level" => level(&test),
        "time" => instant(Clock::Time, &test),
        "received" => instant(Clock::Received, &test),
        "position" => position(&test),
        "source" => Ok(Test::Origin(Origin::Source, test)),
        "peer" => Ok(Test::Origin(Origin::Peer, test)),
        "flags" => flags(&test),
        "raw" if exists => Ok(Test::HasRaw),
        "raw" => Err("of `raw` only `raw:*` can be asked: whether it is there".to_owned()),
        "extra" => Err("`extra` can be asked in SQL only".to_owned()),
        _ => Ok(Test::Field(name, test)),
    };
    test.map(Expr::Test)
}

/// The condition that the message has these words.
///
/// # Errors
/// Says that there is no word.
pub(crate) fn words(text: &str, open: bool) -> Result<Test, String> {
    Phrase::new(text, open).map(|phrase| Test::Words(phrase.into_owned())).ok_or_else(|| {
        let pattern = regex::escape(text).replace('/', "\\/");
        format!("no letter or digit to search for; `/{pattern}/` finds such text")
    })
}

fn message(test: ValueTest) -> Result<Test, String> {
    match test {
        ValueTest::Is(Relation::Equal, operand) => words(&operand.text, false),
        ValueTest::Begins(prefix) => words(&prefix, true),
        ValueTest::Like(pattern) => Ok(Test::Message(pattern)),
        ValueTest::Is(..) | ValueTest::Exists => {
            Err("`message` takes words, phrases and patterns".to_owned())
        }
    }
}

fn level(test: &ValueTest) -> Result<Test, String> {
    let named = |wanted: &dyn Fn(&str) -> bool| {
        let levels = Levels::new(|level| wanted(level.name()));
        (!levels.names().is_empty()).then_some(levels)
    };
    let levels = match test {
        ValueTest::Exists => Some(Levels::new(|_| true)),
        ValueTest::Is(relation, operand) => Level::from_word(&operand.text)
            .map(|wanted| Levels::new(|level| relation.accepts(level.cmp(&wanted)))),
        ValueTest::Begins(prefix) => named(&|name| name.starts_with(&prefix.to_ascii_lowercase())),
        ValueTest::Like(pattern) => named(&|name| pattern.is_in(name)),
    };
    levels
        .map(Test::Level)
        .ok_or_else(|| format!("no such level; there are {}", Level::ALL.map(Level::name).join(", ")))
}

fn flags(test: &ValueTest) -> Result<Test, String> {
    const ALL: [LineFlags; 3] = [LineFlags::UNTERMINATED, LineFlags::SPLIT, LineFlags::HEAD_LOST];
    let named = |name: &str| ALL.into_iter().find(|flag| flag.names().eq([name]));
    let flags = match test {
        ValueTest::Exists => Some(LineFlags::default()),
        ValueTest::Is(Relation::Equal, operand) => operand
            .text
            .split(',')
            .try_fold(LineFlags::default(), |flags, name| Some(flags.with(named(name)?))),
        _ => None,
    };
    flags.map(Test::Flags).ok_or_else(|| {
        let names: Vec<_> = ALL.into_iter().flat_map(LineFlags::names).collect();
        format!("`flags` takes one of {}, or `*` for any", names.join(", "))
    })
}

fn instant(clock: Clock, test: &ValueTest) -> Result<Test, String> {
    let ValueTest::Is(relation, Operand { text, .. }) = test else {
        return Err(format!("`{0}` is compared, as in `{0}:>=2026-01-31T12:00:00Z`", clock.column()));
    };
    let micros = time(text).ok_or("no time; write it like `2026-01-31T12:00:00Z` or `2026-01-31`")?;
    Ok(Test::Instant(clock, *relation, micros))
}

fn position(test: &ValueTest) -> Result<Test, String> {
    if let ValueTest::Is(relation, operand) = test
        && let Ok(position) = operand.text.parse()
    {
        return Ok(Test::Position(*relation, position));
    }
    Err("`position` is compared with a whole number, as in `position:>=4711`".to_owned())
}
