//! From the filters of a plan to what a part must hold: what is not understood restricts nothing.

use std::collections::BTreeSet;

use arrow_schema::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{InList, Like, ScalarFunction};
use datafusion::logical_expr::{Between, BinaryExpr, Cast, Expr, Operator};
use part::{Needs, columns};
use search::Needle;

use crate::functions::{HAS_PHRASE, HAS_WORD};

/// What a row must have to pass all of `filters`. No row that passes is without it.
pub(crate) fn of_filters(filters: &[Expr]) -> Needs {
    filters.iter().map(of).reduce(both).unwrap_or_default()
}

/// True if nothing is needed.
pub(crate) fn is_nothing(needs: &Needs) -> bool {
    needs.time.is_none()
        && needs.position.is_none()
        && needs.sources.is_none()
        && needs.levels.is_none()
        && matches!(needs.message, Needle::Any)
        && needs.equals.is_empty()
        && needs.contains.is_empty()
}

/// What a row must have so that `filter` is true of it.
fn of(filter: &Expr) -> Needs {
    match filter {
        Expr::Alias(alias) => of(&alias.expr),
        Expr::IsTrue(inner) => of(inner),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => both(of(left), of(right)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => one_of(of(left), of(right)),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => comparison(left, *op, right),
        Expr::Between(Between { expr, negated: false, low, high }) => {
            both(comparison(expr, Operator::GtEq, low), comparison(expr, Operator::LtEq, high))
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            list.iter().map(|value| comparison(expr, Operator::Eq, value)).reduce(one_of).unwrap_or_default()
        }
        Expr::Like(like) => of_like(like),
        Expr::ScalarFunction(ScalarFunction { func, args }) => of_function(func.name(), args),
        _ => Needs::default(),
    }
}

fn comparison(left: &Expr, op: Operator, right: &Expr) -> Needs {
    if let Expr::ScalarFunction(function) = left {
        return of_place(function, op, right);
    }
    if literal(right).is_none() {
        return match (literal(left), op.swap()) {
            (Some(_), Some(swapped)) => comparison(right, swapped, left),
            _ => Needs::default(),
        };
    }
    match column(left) {
        Some(columns::TIME) => {
            Needs { time: literal(right).and_then(|at| times(op, at)), ..Needs::default() }
        }
        Some(columns::POSITION) => {
            Needs { position: literal(right).and_then(|at| positions(op, at)), ..Needs::default() }
        }
        Some(name) => {
            literal(right).and_then(text).map_or_else(Needs::default, |value| of_text(name, op, value))
        }
        None => Needs::default(),
    }
}

/// `strpos(message, 'text') > 0` and the like.
fn of_place(function: &ScalarFunction, op: Operator, right: &Expr) -> Needs {
    let at = literal(right).and_then(|value| match value {
        ScalarValue::Int32(at) => at.map(i64::from),
        ScalarValue::Int64(at) => *at,
        _ => None,
    });
    let found = match (op, at) {
        (Operator::Gt, Some(at)) => at >= 0,
        (Operator::GtEq | Operator::Eq, Some(at)) => at >= 1,
        (Operator::NotEq, Some(at)) => at == 0,
        _ => false,
    };
    match function.args.as_slice() {
        [text_of, wanted] if found && matches!(function.func.name(), "strpos" | "position" | "instr") => {
            of_text_in(text_of, wanted)
        }
        _ => Needs::default(),
    }
}

fn of_text(name: &str, op: Operator, value: &str) -> Needs {
    let values = || Some(vec![value.to_owned()]);
    match (op, name) {
        (Operator::Eq, columns::SOURCE) => Needs { sources: values(), ..Needs::default() },
        (Operator::Eq, columns::LEVEL) => Needs { levels: values(), ..Needs::default() },
        (Operator::Eq, columns::MESSAGE) => Needs { message: Needle::tokens_of(value), ..Needs::default() },
        (Operator::Eq, name) => {
            Needs { equals: vec![(name.to_owned(), value.to_owned())], ..Needs::default() }
        }
        (Operator::RegexMatch, columns::MESSAGE) => of_pattern(value),
        (Operator::LikeMatch, columns::MESSAGE) => Needs {
            message: search::like_needle(value, None),
            contains: like_text(value).into_iter().collect(),
            ..Needs::default()
        },
        _ => Needs::default(),
    }
}

fn of_like(like: &Like) -> Needs {
    if like.negated {
        return Needs::default();
    }
    of_message(&like.expr, &like.pattern, |pattern| {
        if like.case_insensitive {
            let message = search::ilike_needle(pattern, like.escape_char);
            return Needs { message, ..Needs::default() };
        }
        let message = search::like_needle(pattern, like.escape_char);
        let text = if like.escape_char.is_none() { like_text(pattern) } else { None };
        Needs { message, contains: text.into_iter().collect(), ..Needs::default() }
    })
}

fn of_function(name: &str, args: &[Expr]) -> Needs {
    match (name, args) {
        (HAS_WORD | HAS_PHRASE, [text_of, wanted]) => of_message(text_of, wanted, |wanted| Needs {
            message: Needle::tokens_of(wanted),
            ..Needs::default()
        }),
        ("contains" | "starts_with" | "ends_with", [text_of, wanted]) => of_text_in(text_of, wanted),
        ("regexp_like", [text_of, wanted]) => of_message(text_of, wanted, of_pattern),
        // Null counts as false in a filter, so `coalesce(x, false)` is true where x is.
        ("coalesce", [first, Expr::Literal(ScalarValue::Boolean(Some(false)), _)]) => of(first),
        _ => Needs::default(),
    }
}

fn of_text_in(text_of: &Expr, wanted: &Expr) -> Needs {
    of_message(text_of, wanted, |wanted| Needs {
        message: search::contains_needle(wanted),
        contains: long_enough(wanted).into_iter().collect(),
        ..Needs::default()
    })
}

fn of_message(text_of: &Expr, wanted: &Expr, needs: impl Fn(&str) -> Needs) -> Needs {
    match (column(text_of), literal(wanted).and_then(text)) {
        (Some(columns::MESSAGE), Some(wanted)) => needs(wanted),
        _ => Needs::default(),
    }
}

/// What every match of a regular expression holds, as the search language sees it; and the texts in it.
fn of_pattern(regex: &str) -> Needs {
    let quoted = format!("/{}/", regex.replace('/', r"\/"));
    let message = search::Query::parse(&quoted).map_or(Needle::Any, |query| query.needle());
    let contains = search::pattern_texts(regex).iter().filter_map(|text| long_enough(text)).collect();
    Needs { message, contains, ..Needs::default() }
}

/// The longest text without a wildcard in a pattern without an escape character. Systems differ in what a backslash means
/// then, so with one there is none.
fn like_text(pattern: &str) -> Option<String> {
    let longest = pattern.split(['%', '_']).max_by_key(|text| text.len())?;
    if pattern.contains('\\') { None } else { long_enough(longest) }
}

/// A text that is worth looking for before rows are made of a page: nearly every page has one or two given bytes.
fn long_enough(text: &str) -> Option<String> {
    (text.len() >= 3).then(|| text.to_owned())
}

/// The column's name, also when it is compared as another type that keeps every value.
pub(crate) fn column(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Column(column) => Some(&column.name),
        Expr::Cast(Cast { expr, field }) => {
            let name = column(expr)?;
            let keeps = match field.data_type() {
                DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _) => name == columns::TIME,
                DataType::Decimal128(20.., 0) | DataType::UInt64 => name == columns::POSITION,
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => part::columns::is_core(name),
                _ => false,
            };
            (keeps && !(name == columns::TIME && is_text(field.data_type()))).then_some(name)
        }
        _ => None,
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

pub(crate) fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    }
}

fn text(value: &ScalarValue) -> Option<&str> {
    value.try_as_str().flatten()
}

/// A time that is a whole number of microseconds.
pub(crate) fn micros(at: &ScalarValue) -> Option<i64> {
    let nanos = nanos(at)?;
    if nanos % 1000 == 0 { i64::try_from(nanos / 1000).ok() } else { None }
}

fn nanos(at: &ScalarValue) -> Option<i128> {
    let (value, nanos) = match at {
        ScalarValue::TimestampSecond(Some(value), _) => (*value, 1_000_000_000),
        ScalarValue::TimestampMillisecond(Some(value), _) => (*value, 1_000_000),
        ScalarValue::TimestampMicrosecond(Some(value), _) => (*value, 1_000),
        ScalarValue::TimestampNanosecond(Some(value), _) => (*value, 1),
        _ => return None,
    };
    Some(i128::from(value) * nanos)
}

fn times(op: Operator, at: &ScalarValue) -> Option<(i64, i64)> {
    let at = nanos(at)?;
    // The first microsecond not before, and the last one not after.
    let (from, to) = (clamp(-((-at).div_euclid(1000))), clamp(at.div_euclid(1000)));
    match op {
        Operator::Eq => Some((from.min(to), to.max(from))),
        Operator::Gt | Operator::GtEq => Some((from, i64::MAX)),
        Operator::Lt | Operator::LtEq => Some((i64::MIN, to)),
        _ => None,
    }
}

fn clamp(micros: i128) -> i64 {
    i64::try_from(micros).unwrap_or(if micros < 0 { i64::MIN } else { i64::MAX })
}

fn positions(op: Operator, at: &ScalarValue) -> Option<(u64, u64)> {
    let at = match at {
        ScalarValue::UInt64(Some(at)) => *at,
        ScalarValue::Int64(Some(at)) => u64::try_from(*at).ok()?,
        ScalarValue::Decimal128(Some(at), _, 0) => u64::try_from(*at).ok()?,
        _ => return None,
    };
    match op {
        Operator::Eq => Some((at, at)),
        Operator::Gt | Operator::GtEq => Some((at, u64::MAX)),
        Operator::Lt | Operator::LtEq => Some((0, at)),
        _ => None,
    }
}

/// What must be there for both to be true.
fn both(one: Needs, other: Needs) -> Needs {
    let mut equals = one.equals;
    equals.extend(other.equals);
    Needs {
        time: merge(one.time, other.time, |one, other| (one.0.max(other.0), one.1.min(other.1))),
        position: merge(one.position, other.position, |one, other| (one.0.max(other.0), one.1.min(other.1))),
        sources: merge(one.sources, other.sources, intersection),
        levels: merge(one.levels, other.levels, intersection),
        message: Needle::all([one.message, other.message]),
        equals,
        contains: one.contains.into_iter().chain(other.contains).collect(),
    }
}

/// What must be there for one of them to be true.
fn one_of(one: Needs, other: Needs) -> Needs {
    let same = |pair: &(String, String)| other.equals.contains(pair);
    Needs {
        time: one.time.zip(other.time).map(|(one, other)| (one.0.min(other.0), one.1.max(other.1))),
        position: one
            .position
            .zip(other.position)
            .map(|(one, other)| (one.0.min(other.0), one.1.max(other.1))),
        sources: one.sources.zip(other.sources).map(union),
        levels: one.levels.zip(other.levels).map(union),
        equals: one.equals.into_iter().filter(same).collect(),
        contains: in_each_other(&one.contains, &other.contains),
        message: Needle::either([one.message, other.message]),
    }
}

/// Each text of one that is part of a text of the other.
fn in_each_other(one: &[String], other: &[String]) -> Vec<String> {
    let is_in = |text: &&String, all: &[String]| all.iter().any(|longer| longer.contains(text.as_str()));
    let first = one.iter().filter(|text| is_in(text, other));
    first.chain(other.iter().filter(|text| is_in(text, one))).cloned().collect()
}

fn merge<T>(one: Option<T>, other: Option<T>, join: impl Fn(T, T) -> T) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(join(one, other)),
        (one, other) => one.or(other),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `merge` calls")]
fn intersection(one: Vec<String>, other: Vec<String>) -> Vec<String> {
    one.into_iter().filter(|value| other.contains(value)).collect()
}

fn union((one, other): (Vec<String>, Vec<String>)) -> Vec<String> {
    one.into_iter().chain(other).collect::<BTreeSet<_>>().into_iter().collect()
}
