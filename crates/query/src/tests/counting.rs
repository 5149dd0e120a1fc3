//! Counts from the parts' indexes are those of their rows.

use std::sync::Arc;

use record::Level;
use store::Snapshot;
use tempfile::TempDir;

use super::support::{Row, dir, engine, held, part, row, shown, snapshot};
use crate::{Engine, Work};

/// Rows in seven minutes around 1970, of some levels and none, in two parts and in memory.
fn fixture(dir: &TempDir) -> Arc<Snapshot> {
    let rows: Vec<Row> = (0..700_u64)
        .map(|n| {
            let time = (n as i64 * 7_919 % 420) * 1_000_000 - 60_000_001;
            let row = row(n + 1, time, &format!("message {n}")).from(if n % 3 == 0 { "db" } else { "app" });
            match n % 5 {
                0 => row,
                1 => row.level(Level::Error),
                2 => row.level(Level::Warn),
                _ => row.level(Level::Info),
            }
        })
        .collect();
    let parts = vec![part(dir.path(), "one", &rows[..300]), part(dir.path(), "other", &rows[300..500])];
    snapshot(vec![held(&rows[500..600]), held(&rows[600..])], parts)
}

fn asked(engine: &Engine, snapshot: &Arc<Snapshot>, sql: &str) -> (Vec<String>, Work) {
    let mut rows = engine.sql(Arc::clone(snapshot), sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut lines = Vec::new();
    for batch in rows.by_ref() {
        lines.extend(super::support::lines_of(&batch.unwrap_or_else(|error| panic!("{sql}: {error}"))));
    }
    (lines, rows.work())
}

#[test]
fn by_level_and_minutes_no_row_is_read() {
    let dir = dir();
    let (engine, snapshot) = (engine(), fixture(&dir));
    let minute = "date_bin(INTERVAL '1 minute', time)";
    let questions = [
        ("level", "true", true),
        ("1", "level = 'error'", true),
        (minute, "true", true),
        (&*format!("level, {minute}"), "level IS NULL OR level IN ('warn', 'error')", true),
        ("date_trunc('hour', time), upper(level)", "level <> 'info'", true),
        ("date_bin(INTERVAL '2 minutes', time)", "time >= '1970-01-01T00:02:00Z'", true),
        ("level", "time < '1970-01-01T00:02:00Z' AND time > '1969-12-31T23:59:59.999999Z'", true),
        ("level", "time BETWEEN '1970-01-01T00:01:00Z' AND '1970-01-01T00:03:59.999999Z'", true),
        ("level", &format!("{minute} = '1970-01-01T00:01:00Z'"), true),
        ("level", "time >= '1970-01-01T00:02:01Z'", false),
        ("level", "time <= '1970-01-01T00:02:00Z'", false),
        ("level", "source = 'db'", false),
        ("level", "level = 'error' AND message LIKE '%9%'", false),
        ("date_bin(INTERVAL '90 seconds', time)", "true", false),
        ("date_bin(INTERVAL '1 minute', time, TIMESTAMP '1970-01-01T00:00:30Z')", "true", false),
        ("date_trunc('second', time)", "true", false),
        ("time", "true", false),
    ];
    for (groups, filter, counted) in questions {
        // A message is never null, but that is not known of it.
        let [fast, slow] = ["*", "message"].map(|what| {
            let sql = format!(
                "SELECT {groups}, count({what}) AS n FROM logs WHERE {filter} GROUP BY {groups} ORDER BY 1, 2"
            );
            asked(&engine, &snapshot, &sql)
        });
        assert_eq!(fast.0, slow.0, "{groups}; {filter}");
        assert!(!fast.0.is_empty(), "{groups}; {filter}");
        assert_eq!(fast.1 == Work::default(), counted, "{groups}; {filter}: {:?}", fast.1);
        assert!(slow.1.rows > 0, "{groups}; {filter}");
    }
}

#[test]
fn what_is_done_with_counts_stays_as_it_was() {
    let dir = dir();
    let (engine, snapshot) = (engine(), fixture(&dir));
    for (sql, expected) in [
        ("SELECT max(n) FROM (SELECT level, count(*) AS n FROM logs GROUP BY level)", &["280"][..]),
        (
            "SELECT level, count(*), count(1) + 1 FROM logs l GROUP BY level HAVING count(*) > 200",
            &["info|280|281"],
        ),
        ("SELECT level FROM logs GROUP BY level ORDER BY count(*) DESC, level LIMIT 2", &["info", "error"]),
        ("SELECT count(*) FROM logs WHERE level = 'fatal'", &["0"]),
        ("SELECT count(*) FROM logs WHERE time < '1969-01-01'", &["0"]),
        ("SELECT level, count(*) FROM logs WHERE level = 'fatal' GROUP BY level", &[]),
        (
            "SELECT a.n + b.n FROM (SELECT count(*) AS n FROM logs WHERE level = 'warn') a, (SELECT count(*) AS n FROM logs WHERE level IS NULL) b",
            &["280"],
        ),
        ("SELECT count(*) FILTER (WHERE source = 'db') FROM logs WHERE level = 'warn'", &["46"]),
        (
            "SELECT sum(n) FROM (SELECT date_trunc('minute', time) AS m, count(*) AS n FROM logs GROUP BY 1) WHERE m < '1970-01-01T00:00:00Z'",
            &["102"],
        ),
    ] {
        let answer = engine.sql(Arc::clone(&snapshot), sql).and_then(shown);
        assert_eq!(answer.unwrap_or_else(|error| panic!("{sql}: {error}")), expected, "{sql}");
    }
}
