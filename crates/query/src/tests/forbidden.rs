use super::support::{engine, held, row, shown, snapshot};
use crate::QueryError;

/// What a text is refused with: the name of the error and a part of its words.
const REFUSED: &[(&str, &str, &str)] = &[
    ("CREATE TABLE t (a INT)", "Forbidden", "`CREATE` is not allowed"),
    ("CREATE TABLE t AS SELECT * FROM logs", "Forbidden", "CREATE"),
    ("CREATE VIEW v AS SELECT * FROM logs", "Forbidden", "CREATE"),
    ("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/etc'", "Forbidden", "CREATE"),
    ("CREATE DATABASE d", "Forbidden", "CREATE"),
    ("CREATE FUNCTION f() RETURNS INT RETURN 1", "Forbidden", "CREATE"),
    ("DROP TABLE logs", "Forbidden", "DROP"),
    ("ALTER TABLE logs ADD COLUMN a INT", "Forbidden", "ALTER"),
    ("TRUNCATE TABLE logs", "Forbidden", "TRUNCATE"),
    ("INSERT INTO logs SELECT * FROM logs", "Forbidden", "INSERT"),
    ("UPDATE logs SET message = ''", "Forbidden", "UPDATE"),
    ("DELETE FROM logs", "Forbidden", "DELETE"),
    ("COPY logs TO '/tmp/out.parquet'", "Forbidden", "COPY"),
    ("COPY (SELECT 1) TO '/tmp/out.csv' STORED AS CSV", "Forbidden", "COPY"),
    ("SET datafusion.execution.target_partitions = 1", "Forbidden", "SET"),
    ("RESET datafusion.execution.target_partitions", "Forbidden", "RESET"),
    ("SHOW ALL", "Forbidden", "SHOW"),
    ("SHOW datafusion.execution.batch_size", "Forbidden", "SHOW"),
    ("BEGIN", "Forbidden", ""),
    ("PREPARE p AS SELECT 1", "Forbidden", "PREPARE"),
    ("EXECUTE p", "Forbidden", "EXECUTE"),
    ("EXPLAIN DROP TABLE logs", "Forbidden", "DROP"),
    ("EXPLAIN ANALYZE COPY logs TO '/tmp/out.csv'", "Forbidden", "COPY"),
    ("SELECT * INTO t FROM logs", "Forbidden", "CreateMemoryTable"),
    ("SELECT 1; DROP TABLE logs", "Syntax", "one at a time"),
    ("", "Syntax", "no statement"),
    ("SELEC 1", "Syntax", "Expected"),
    ("SELECT * FROM '/etc/passwd'", "UnknownTable", "/etc/passwd"),
    ("SELECT * FROM \"/etc/passwd\"", "UnknownTable", "/etc/passwd"),
    ("SELECT * FROM '/tmp/any.parquet'", "UnknownTable", "only table is `logs`"),
    ("SELECT * FROM users", "UnknownTable", "no table `users`"),
    ("SELECT * FROM information_schema.tables", "UnknownTable", "information_schema"),
    ("SELECT * FROM information_schema.df_settings", "UnknownTable", "df_settings"),
    ("DESCRIBE users", "UnknownTable", "users"),
    ("SHOW COLUMNS FROM users", "UnknownTable", "users"),
    ("SELECT * FROM read_parquet('/tmp/any.parquet')", "Plan", "read_parquet"),
    ("SELECT * FROM read_csv('/etc/passwd')", "Plan", "read_csv"),
    ("SELECT * FROM parquet_metadata('/tmp/any.parquet')", "Plan", "parquet_metadata"),
    ("SELECT * FROM generate_series(1, 1000000000000)", "Plan", "generate_series"),
    ("SELECT nothing_such(message) FROM logs", "Plan", "nothing_such"),
    ("SELECT mesage FROM logs", "UnknownColumn", "is it `message`?"),
    ("SELECT \"status\" FROM logs", "UnknownColumn", "is it `http.status`?"),
    ("SELECT has_word(message) FROM logs", "Plan", "has_word takes two texts"),
];

#[test]
fn only_questions_are_answered() {
    let engine = engine();
    let rows = [row(1, 1, "one").with("http.status", super::support::Field::Int(200))];
    let snapshot = snapshot(vec![held(&rows)], vec![]);
    for (sql, kind, words) in REFUSED {
        let error = match engine.sql(snapshot.clone(), sql).map(shown) {
            Ok(answer) => panic!("{sql}: {answer:?}"),
            Err(error) => error,
        };
        let debug = format!("{error:?}");
        assert!(debug.starts_with(kind), "{sql}: {debug}");
        assert!(error.to_string().contains(words), "{sql}: {error}");
        assert!(!error.to_string().ends_with('.'), "{sql}: {error}");
    }
}

#[test]
fn a_query_has_a_longest_length() {
    let sql = format!("SELECT '{}'", "x".repeat(crate::Engine::SQL_BYTES_MAX));
    let error = engine().sql(snapshot(vec![], vec![]), &sql).map(shown).expect_err("too long");
    assert!(matches!(error, QueryError::TooLong { .. }), "{error}");
}

#[test]
fn a_deep_expression_is_answered_or_refused_but_does_no_harm() {
    let engine = engine();
    let snapshot = snapshot(vec![held(&[row(1, 1, "one")])], vec![]);
    let many = vec!["position=2"; 4_000].join(" OR ");
    let deep = format!("SELECT {}1{}", "(".repeat(20_000), ")".repeat(20_000));
    for sql in
        [format!("SELECT count(*) FROM logs WHERE {many}"), deep, format!("SELECT {}1", "- ".repeat(20_000))]
    {
        match engine.sql(snapshot.clone(), &sql).and_then(shown) {
            Ok(lines) => assert_eq!(lines, ["0"]),
            Err(error) => assert!(!matches!(error, QueryError::Broken(_)), "{error}"),
        }
    }
}
