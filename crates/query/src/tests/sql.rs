use std::sync::Arc;

use record::Level;
use store::Snapshot;
use tempfile::TempDir;

use super::support::{Field, Row, dir, engine, held, part, row, shown, snapshot};

/// Three parts and memory, whose fields differ in names and types:
/// `status` is a number or a text, `took` a whole number or one with a fraction, `ok` and `at` are in one part only.
fn fixture(dir: &TempDir) -> Arc<Snapshot> {
    let oldest: Vec<Row> = vec![
        row(1, 1_000_000, "GET /index ok")
            .level(Level::Info)
            .with("status", Field::Int(200))
            .with("took", Field::Int(5)),
        row(2, 2_000_000, "GET /admin refused")
            .level(Level::Warn)
            .with("status", Field::Int(403))
            .with("took", Field::Int(7)),
    ];
    let middle: Vec<Row> = vec![
        row(3, 3_000_000, "connection refused by peer")
            .from("db")
            .level(Level::Error)
            .with("status", Field::Str("n/a")),
        row(4, 4_000_000, "Connection Refused again")
            .from("db")
            .level(Level::Error)
            .with("took", Field::Float(2.5)),
    ];
    let newest: Vec<Row> = vec![
        row(5, 5_000_000, "timeout")
            .with("ok", Field::Bool(false))
            .with("at", Field::Time(1_700_000_000_000_000)),
        row(6, 6_000_000, "it's done").with("ok", Field::Bool(true)).with("user.name", Field::Str("ann")),
    ];
    let memory: Vec<Row> = vec![
        row(7, 7_000_000, "café refused").with("status", Field::Int(500)),
        row(8, 500_000, "a late line").level(Level::Debug),
    ];
    let parts = [("a", oldest), ("b", middle), ("c", newest)];
    let parts = parts.into_iter().map(|(name, rows)| part(dir.path(), name, &rows)).collect();
    snapshot(vec![held(&memory[..1]), held(&memory[1..])], parts)
}

const ANSWERS: &[(&str, &[&str])] = &[
    ("SELECT count(*) FROM logs", &["8"]),
    ("SELECT count(*) AS n, min(position), max(position) FROM logs", &["8|1|8"]),
    ("SELECT min(time), max(time) FROM logs", &["1970-01-01T00:00:00.500Z|1970-01-01T00:00:07Z"]),
    ("SELECT position FROM logs ORDER BY time DESC LIMIT 3", &["7", "6", "5"]),
    ("SELECT position FROM logs ORDER BY time LIMIT 3", &["8", "1", "2"]),
    ("SELECT position FROM logs ORDER BY time", &["8", "1", "2", "3", "4", "5", "6", "7"]),
    ("SELECT position FROM logs ORDER BY position OFFSET 6", &["7", "8"]),
    ("SELECT source, count(*) FROM logs GROUP BY source ORDER BY source", &["app|6", "db|2"]),
    (
        "SELECT level, count(*) FROM logs GROUP BY 1 ORDER BY 1",
        &["debug|1", "error|2", "info|1", "warn|1", "-|3"],
    ),
    ("SELECT position FROM logs WHERE level = 'error' ORDER BY 1", &["3", "4"]),
    ("SELECT position FROM logs WHERE level IN ('warn', 'debug') ORDER BY 1", &["2", "8"]),
    ("SELECT position FROM logs WHERE source = 'db' AND has_word(message, 'again') ORDER BY 1", &["4"]),
    (
        "SELECT position FROM logs WHERE has_word(message, 'REFUSED') ORDER BY time DESC",
        &["7", "4", "3", "2"],
    ),
    ("SELECT position FROM logs WHERE has_word(message, 'refuse')", &[]),
    ("SELECT position FROM logs WHERE has_prefix(message, 'refu') ORDER BY 1", &["2", "3", "4", "7"]),
    ("SELECT position FROM logs WHERE has_phrase(message, 'connection refused') ORDER BY 1", &["3", "4"]),
    ("SELECT position FROM logs WHERE NOT has_word(message, 'refused') ORDER BY 1", &["1", "5", "6", "8"]),
    ("SELECT position FROM logs WHERE message LIKE '%refused%' ORDER BY 1", &["2", "3", "7"]),
    ("SELECT position FROM logs WHERE message ILIKE '%REFUSED%' ORDER BY 1", &["2", "3", "4", "7"]),
    ("SELECT position FROM logs WHERE message NOT LIKE '%e%' ORDER BY 1", &[]),
    ("SELECT position FROM logs WHERE contains(message, 'ction ref')", &["3"]),
    ("SELECT position FROM logs WHERE strpos(message, 'refused by') > 0", &["3"]),
    ("SELECT position FROM logs WHERE strpos(message, 'refused') = 0 ORDER BY 1", &["1", "4", "5", "6", "8"]),
    ("SELECT position FROM logs WHERE starts_with(message, 'GET /a')", &["2"]),
    ("SELECT position FROM logs WHERE message ~ '^GET /[a-i]' ORDER BY 1", &["1", "2"]),
    ("SELECT position FROM logs WHERE regexp_like(message, 'refused (by|again)')", &["3"]),
    ("SELECT position FROM logs WHERE message ~* 'REFUSED AGAIN'", &["4"]),
    ("SELECT position FROM logs WHERE message = 'it''s done'", &["6"]),
    (
        "SELECT position FROM logs WHERE message = 'timeout' OR has_word(message, 'café') ORDER BY 1",
        &["5", "7"],
    ),
    ("SELECT position FROM logs WHERE time >= '1970-01-01T00:00:05Z' ORDER BY 1", &["5", "6", "7"]),
    ("SELECT position FROM logs WHERE time < '1970-01-01 00:00:01.000001' ORDER BY 1", &["1", "8"]),
    (
        "SELECT position FROM logs WHERE time BETWEEN to_timestamp_micros(2000000) AND to_timestamp_micros(3000000) ORDER BY 1",
        &["2", "3"],
    ),
    ("SELECT position FROM logs WHERE time = '1970-01-01T00:00:06Z'", &["6"]),
    ("SELECT count(*) FROM logs WHERE time > now() - INTERVAL '1 hour'", &["0"]),
    ("SELECT count(*) FROM logs WHERE time <= now()", &["8"]),
    ("SELECT message FROM logs WHERE position = 8", &["a late line"]),
    ("SELECT position FROM logs WHERE position > 2 AND position <= 4 ORDER BY 1", &["3", "4"]),
    ("SELECT position FROM logs WHERE position IN (1, 5, 7) ORDER BY 1", &["1", "5", "7"]),
    // A field that is a number here and a text there is a text.
    (
        "SELECT position, status FROM logs WHERE status IS NOT NULL ORDER BY 1",
        &["1|200", "2|403", "3|n/a", "7|500"],
    ),
    ("SELECT position FROM logs WHERE status = '403'", &["2"]),
    ("SELECT position FROM logs WHERE TRY_CAST(status AS BIGINT) >= 403 ORDER BY 1", &["2", "7"]),
    ("SELECT position, took FROM logs WHERE took IS NOT NULL ORDER BY 1", &["1|5.0", "2|7.0", "4|2.5"]),
    ("SELECT sum(took) FROM logs", &["14.5"]),
    ("SELECT position FROM logs WHERE took > 2.5 ORDER BY 1", &["1", "2"]),
    ("SELECT position FROM logs WHERE took = 7", &["2"]),
    (
        "SELECT position, ok, at FROM logs WHERE ok IS NOT NULL ORDER BY 1",
        &["5|false|2023-11-14T22:13:20Z", "6|true|-"],
    ),
    ("SELECT position FROM logs WHERE ok", &["6"]),
    ("SELECT position FROM logs WHERE \"user.name\" = 'ann'", &["6"]),
    (
        "SELECT date_bin(INTERVAL '2 seconds', time) AS t, count(*) FROM logs GROUP BY 1 ORDER BY 1 LIMIT 2",
        &["1970-01-01T00:00:00Z|2", "1970-01-01T00:00:02Z|2"],
    ),
    (
        "WITH bad AS (SELECT * FROM logs WHERE level = 'error') SELECT count(*) FROM bad JOIN logs USING (position)",
        &["2"],
    ),
    (
        "SELECT l.position FROM logs l WHERE l.position = (SELECT max(position) FROM logs WHERE source = 'db')",
        &["4"],
    ),
    ("SELECT count(DISTINCT peer) FROM logs", &["1"]),
    ("SELECT upper(source) || '!' FROM logs WHERE position = 3", &["DB!"]),
    ("SELECT 1 + 1", &["2"]),
    ("SHOW TABLES", &["logs"]),
    (
        "DESCRIBE logs",
        &[
            "position|BIGINT UNSIGNED|false",
            "time|TIMESTAMP WITH TIME ZONE|false",
            "received|TIMESTAMP WITH TIME ZONE|false",
            "source|TEXT|false",
            "peer|TEXT|false",
            "level|TEXT|true",
            "message|TEXT|false",
            "flags|TEXT|true",
            "raw|BYTEA|true",
            "extra|TEXT|true",
            "at|TIMESTAMP WITH TIME ZONE|true",
            "ok|BOOLEAN|true",
            "status|TEXT|true",
            "took|DOUBLE|true",
            "user.name|TEXT|true",
        ],
    ),
];

#[test]
fn questions_have_these_answers() {
    let dir = dir();
    let (engine, snapshot) = (engine(), fixture(&dir));
    for (sql, expected) in ANSWERS {
        let answer = engine
            .sql(snapshot.clone(), sql)
            .and_then(shown)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        if *sql == "DESCRIBE logs" {
            let (mut answer, mut expected) = (answer, expected.to_vec());
            answer.sort();
            expected.sort_unstable();
            assert_eq!(answer, expected, "{sql}");
        } else {
            assert_eq!(answer, *expected, "{sql}");
        }
    }
}

#[test]
fn columns_can_be_shown_in_two_ways() {
    let dir = dir();
    let (engine, snapshot) = (engine(), fixture(&dir));
    let answer = |sql| engine.sql(snapshot.clone(), sql).and_then(shown).expect(sql);
    assert_eq!(answer("SHOW COLUMNS FROM logs"), answer("DESCRIBE logs"));
}

#[test]
fn all_columns_come_in_the_order_of_the_schema() {
    let dir = dir();
    let (engine, snapshot) = (engine(), fixture(&dir));
    let rows = engine.sql(snapshot.clone(), "SELECT * FROM logs WHERE position = 2").expect("an answer");
    assert_eq!(rows.schema().as_ref(), snapshot.schema().as_ref());
    let lines = shown(rows).expect("rows");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("2|1970-01-01T00:00:02Z|"), "{lines:?}");
}

#[test]
fn a_plan_can_be_looked_at() {
    let dir = dir();
    let (engine, snapshot) = (engine(), fixture(&dir));
    let sql = "EXPLAIN SELECT * FROM logs WHERE has_word(message, 'refused') ORDER BY time DESC LIMIT 10";
    let plan = engine.sql(snapshot, sql).and_then(shown).expect("a plan").join("\n");
    assert!(plan.contains("file_type=parquet") && plan.contains("has_word"), "{plan}");
}

#[test]
fn an_empty_store_has_the_columns_that_all_have() {
    let (engine, empty) = (engine(), snapshot(vec![], vec![]));
    let answer = |sql: &str| engine.sql(empty.clone(), sql).and_then(shown).expect("an answer");
    assert_eq!(answer("SELECT count(*) FROM logs"), ["0"]);
    assert!(answer("SELECT * FROM logs ORDER BY time DESC LIMIT 5").is_empty());
    assert_eq!(answer("DESCRIBE logs").len(), 10);
}
