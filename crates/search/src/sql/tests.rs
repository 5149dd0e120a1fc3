use proptest::prelude::*;

use super::Column;
use crate::Query;

fn sql(text: &str) -> String {
    Query::parse(text).unwrap_or_else(|error| panic!("{error}")).to_sql()
}

#[test]
fn searches_as_sql() {
    for (text, expected) in [
        ("", "TRUE"),
        ("Refused", "has_word(message, 'refused')"),
        ("\"it's down\" conn*", "has_phrase(message, 'it s down') AND has_prefix(message, 'conn')"),
        ("a (b OR c)", "has_word(message, 'a') AND (has_word(message, 'b') OR has_word(message, 'c'))"),
        ("a b OR c", "(has_word(message, 'a') AND has_word(message, 'b')) OR has_word(message, 'c')"),
        ("-a", "NOT has_word(message, 'a')"),
        ("-level:error", "(\"level\" = 'error') IS NOT TRUE"),
        ("-(a level:error)", "(has_word(message, 'a') AND \"level\" = 'error') IS NOT TRUE"),
        (
            "--x:1 -x:*",
            "NOT ((CAST(\"x\" AS VARCHAR) = '1' OR TRY_CAST(CAST(\"x\" AS VARCHAR) AS DOUBLE) = 1) IS NOT TRUE) AND NOT \"x\" IS NOT NULL",
        ),
        ("/it's \\d/", "regexp_like(message, 'it''s \\d')"),
        ("level:>=warn", "\"level\" IN ('warn', 'error', 'fatal')"),
        ("level:*", "\"level\" IS NOT NULL"),
        ("level:>fatal", "FALSE"),
        (
            "source:o'n peer:10* source:>=b",
            "\"source\" = 'o''n' AND starts_with(\"peer\", '10') AND \"source\" >= 'b'",
        ),
        ("time:>=2026-01-31", "\"time\" >= to_timestamp_micros('2026-01-31T00:00:00Z')"),
        ("position:<7 raw:*", "\"position\" < 7 AND \"raw\" IS NOT NULL"),
        ("flags:split,unterminated", "has_word(\"flags\", 'unterminated') AND has_word(\"flags\", 'split')"),
        ("a\\\"b:x", "CAST(\"a\"\"b\" AS VARCHAR) = 'x'"),
        ("x:>=500", "TRY_CAST(CAST(\"x\" AS VARCHAR) AS DOUBLE) >= 500"),
        ("x:-1.5", "(CAST(\"x\" AS VARCHAR) = '-1.5' OR TRY_CAST(CAST(\"x\" AS VARCHAR) AS DOUBLE) = -1.5)"),
        (
            "x:>b x:b* x:/b/",
            "CAST(\"x\" AS VARCHAR) > 'b' AND starts_with(CAST(\"x\" AS VARCHAR), 'b') AND regexp_like(CAST(\"x\" AS VARCHAR), 'b')",
        ),
        (
            "x:<2026-01-31",
            "TRY_CAST(CAST(\"x\" AS VARCHAR) AS TIMESTAMP(6)) < to_timestamp_micros('2026-01-31T00:00:00Z')",
        ),
    ] {
        assert_eq!(sql(text), expected, "{text}");
    }
}

#[test]
fn where_types_are_known_nothing_is_converted_without_need() {
    use Column::{Bool, Float, Int, Missing, Text, Time};
    for (text, column, expected) in [
        ("x:>=500", Int, "\"x\" >= 500"),
        ("x:500", Int, "\"x\" = 500"),
        ("x:5e3", Float, "\"x\" = 5000.0"),
        ("x:NaN", Float, "CAST(\"x\" AS VARCHAR) = 'NaN'"),
        ("x:>b", Text, "\"x\" > 'b'"),
        ("x:500", Text, "(\"x\" = '500' OR TRY_CAST(\"x\" AS DOUBLE) = 500)"),
        ("x:<500", Bool, "FALSE"),
        ("x:true", Bool, "CAST(\"x\" AS VARCHAR) = 'true'"),
        ("x:<=2026-01-31", Time, "\"x\" <= to_timestamp_micros('2026-01-31T00:00:00Z')"),
        ("x:>2026-01-31", Int, "FALSE"),
        (
            "x:>2026-01-31",
            Text,
            "TRY_CAST(\"x\" AS TIMESTAMP(6)) > to_timestamp_micros('2026-01-31T00:00:00Z')",
        ),
        ("x:b*", Text, "starts_with(\"x\", 'b')"),
        ("x:*", Missing, "FALSE"),
        ("-x:5", Missing, "(FALSE) IS NOT TRUE"),
    ] {
        let query = Query::parse(text).unwrap();
        assert_eq!(query.to_sql_for(&|_| column), expected, "{text} {column:?}");
    }
}

#[test]
fn long_and_deep_searches_nest_little() {
    let deepest = |sql: &str| {
        let change = |c| i32::from(c == '(') - i32::from(c == ')');
        sql.chars()
            .scan(0, |depth, c| {
                *depth += change(c);
                Some(*depth)
            })
            .max()
    };
    assert_eq!(deepest(&sql(&"a ".repeat(256))), Some(2));
    assert_eq!(deepest(&sql(&"a OR x:1 ".repeat(128))), Some(5));
    let deep = format!("(x{}a{}", " OR -(y (x".repeat(5), "))".repeat(5) + ")");
    assert!(deepest(&sql(&deep)) <= Some(20), "{:?}", deepest(&sql(&deep)));
}

/// What is left of SQL without its texts and names.
fn skeleton(sql: &str) -> String {
    let mut left = String::new();
    let mut quote = None;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(end) if c == end && chars.next_if_eq(&end).is_none() => quote = None,
            Some(_) => {}
            None if c == '\'' || c == '"' => quote = Some(c),
            None => left.push(c),
        }
    }
    assert_eq!(quote, None, "{sql}");
    left
}

proptest! {
    /// Whatever a name or a value holds, it stays inside its quotes.
    #[test]
    fn nothing_leaves_its_quotes(name in "['\"a;() -]{1,6}|\\PC{1,8}", value in "['\"a;\\\\ -]{0,6}|\\PC{0,8}") {
        const CORE: [&str; 10] = ["message", "level", "time", "received", "position", "source", "peer", "flags", "raw", "extra"];
        prop_assume!(!CORE.contains(&name.as_str()));
        let name: String = name.chars().flat_map(|c| ['\\', c]).collect();
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        let starts = skeleton(&sql(&format!("{name}:\"{value}\"*")));
        prop_assert_eq!(starts, "starts_with(CAST( AS VARCHAR), )");
        let more = skeleton(&sql(&format!("{name}:>\"x{value}\" source:\"{value}\"")));
        prop_assert_eq!(more, "CAST( AS VARCHAR) >  AND  = ");
        let phrase = skeleton(&sql(&format!("\"x {value}\"")));
        prop_assert!(["has_word(message, )", "has_phrase(message, )"].contains(&phrase.as_str()));
    }
}
