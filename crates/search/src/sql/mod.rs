//! A search as a boolean SQL expression over `logs`.
//!
//! Where a column may be null, a negation holds for null as well: what has no status does not have status 500.

use record::LineFlags;

use crate::expr::{Expr, Levels, Test};
use crate::value::{Number, Operand, Relation, ValueTest, time_text};

/// The type of a field's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// True or false.
    Bool,
    /// 64-bit integers.
    Int,
    /// 64-bit floating-point numbers.
    Float,
    /// Text.
    Text,
    /// Microseconds since 1970.
    Time,
    /// There is no such column: null in every row.
    Missing,
    /// Any of them.
    Unknown,
}

/// Longer lists are written as a tree, so that no reader of the SQL recurses too deep.
const LIST_MAX: usize = 16;

pub(crate) fn sql(expr: &Expr, column: &dyn Fn(&str) -> Column) -> String {
    match expr {
        Expr::Everything => "TRUE".to_owned(),
        Expr::Test(test) => test_sql(test, column),
        Expr::Not(expr) => negation(expr, column),
        Expr::And(all) => list(all.iter().map(|expr| within(expr, column)).collect(), " AND "),
        Expr::Or(either) => list(either.iter().map(|expr| within(expr, column)).collect(), " OR "),
    }
}

fn negation(expr: &Expr, column: &dyn Fn(&str) -> Column) -> String {
    let sql = sql(expr, column);
    let test = matches!(expr, Expr::Test(_) | Expr::Everything);
    match is_null_sometimes(expr) {
        true if test && sql.starts_with('(') => format!("{sql} IS NOT TRUE"),
        true => format!("({sql}) IS NOT TRUE"),
        false if test => format!("NOT {sql}"),
        false => format!("NOT ({sql})"),
    }
}

/// The SQL of a part of a list, in parentheses if it is one itself.
fn within(expr: &Expr, column: &dyn Fn(&str) -> Column) -> String {
    let sql = sql(expr, column);
    if matches!(expr, Expr::And(_) | Expr::Or(_)) { format!("({sql})") } else { sql }
}

fn list(mut parts: Vec<String>, between: &str) -> String {
    while parts.len() > LIST_MAX {
        parts = parts.chunks(LIST_MAX).map(|part| format!("({})", part.join(between))).collect();
    }
    parts.join(between)
}

fn is_null_sometimes(expr: &Expr) -> bool {
    match expr {
        Expr::Everything | Expr::Not(_) => false,
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(is_null_sometimes),
        Expr::Test(Test::Field(_, test)) => *test != ValueTest::Exists,
        Expr::Test(Test::Level(levels)) => !levels.is_all(),
        Expr::Test(Test::Flags(flags)) => !flags.is_empty(),
        Expr::Test(_) => false,
    }
}

fn test_sql(test: &Test, column: &dyn Fn(&str) -> Column) -> String {
    match test {
        Test::Words(phrase) => {
            let function = match phrase.is_open() {
                true => "has_prefix",
                false if phrase.words().contains(' ') => "has_phrase",
                false => "has_word",
            };
            format!("{function}(message, {})", literal(phrase.words()))
        }
        Test::Message(pattern) => format!("regexp_like(message, {})", literal(pattern.source())),
        Test::Level(levels) => level_sql(*levels),
        Test::Flags(flags) => flags_sql(*flags),
        Test::Instant(clock, relation, micros) => {
            format!("\"{}\" {} {}", clock.column(), relation.sign(), instant(*micros))
        }
        Test::Position(relation, position) => format!("\"position\" {} {position}", relation.sign()),
        Test::HasRaw => "\"raw\" IS NOT NULL".to_owned(),
        Test::Origin(origin, test) => {
            let name = identifier(origin.column());
            match test {
                ValueTest::Is(relation, operand) => {
                    format!("{name} {} {}", relation.sign(), literal(&operand.text))
                }
                test => text_sql(&name, test),
            }
        }
        Test::Field(name, test) => field_sql(&identifier(name), test, column(name)),
    }
}

fn level_sql(levels: Levels) -> String {
    match levels.names().as_slice() {
        _ if levels.is_all() => "\"level\" IS NOT NULL".to_owned(),
        [] => "FALSE".to_owned(),
        [name] => format!("\"level\" = '{name}'"),
        names => format!("\"level\" IN ('{}')", names.join("', '")),
    }
}

fn flags_sql(flags: LineFlags) -> String {
    if flags.is_empty() {
        return "\"flags\" IS NOT NULL".to_owned();
    }
    list(flags.names().map(|name| format!("has_word(\"flags\", '{name}')")).collect(), " AND ")
}

fn field_sql(name: &str, test: &ValueTest, column: Column) -> String {
    let text = if column == Column::Text { name.to_owned() } else { format!("CAST({name} AS VARCHAR)") };
    match test {
        _ if column == Column::Missing => "FALSE".to_owned(),
        ValueTest::Is(relation, operand) => comparison(name, &text, *relation, operand, column),
        ValueTest::Exists => format!("{name} IS NOT NULL"),
        test => text_sql(&text, test),
    }
}

/// What is only ever a test of text.
fn text_sql(text: &str, test: &ValueTest) -> String {
    match test {
        ValueTest::Begins(prefix) => format!("starts_with({text}, {})", literal(prefix)),
        ValueTest::Like(pattern) => format!("regexp_like({text}, {})", literal(pattern.source())),
        ValueTest::Is(..) | ValueTest::Exists => format!("{text} IS NOT NULL"),
    }
}

fn comparison(name: &str, text: &str, relation: Relation, operand: &Operand, column: Column) -> String {
    let sign = relation.sign();
    let numeric = matches!(column, Column::Int | Column::Float);
    let mut either = Vec::new();
    // The text of a number or a time is equal only to what is the same number or time.
    let as_text = match operand {
        Operand { number: Some(_), .. } => !numeric,
        Operand { time: Some(_), .. } => column != Column::Time,
        _ => true,
    };
    if as_text && operand.compares_text(relation) {
        either.push(format!("{text} {sign} {}", literal(&operand.text)));
    }
    if let Some(number) = operand.number
        && !matches!(column, Column::Bool | Column::Time)
    {
        let value = if numeric { name.to_owned() } else { format!("TRY_CAST({text} AS DOUBLE)") };
        either.push(format!("{value} {sign} {}", numeral(number)));
    }
    if let Some(micros) = operand.time
        && matches!(column, Column::Time | Column::Text | Column::Unknown)
    {
        let value = if column == Column::Time {
            name.to_owned()
        } else {
            format!("TRY_CAST({text} AS TIMESTAMP(6))")
        };
        either.push(format!("{value} {sign} {}", instant(micros)));
    }
    match either.as_slice() {
        [] => "FALSE".to_owned(),
        [one] => one.clone(),
        several => format!("({})", several.join(" OR ")),
    }
}

fn numeral(number: Number) -> String {
    match number {
        Number::Int(number) => number.to_string(),
        Number::Float(number) => format!("{number:?}"),
    }
}

fn instant(micros: i64) -> String {
    match time_text(micros) {
        Some(text) => format!("to_timestamp_micros('{text}')"),
        None => format!("to_timestamp_micros({micros})"),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests;
