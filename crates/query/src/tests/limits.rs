use std::sync::Arc;
use std::time::Duration;

use record::clock::monotonic;
use store::Snapshot;

use super::support::{Row, dir, engine, held, part, positions, row, shown, snapshot};
use crate::{Engine, Limits, QueryError, Search};

fn numbered(count: u64) -> Vec<Row> {
    (1..=count).map(|number| row(number, number as i64, &format!("line number {number} of many"))).collect()
}

/// More rows than anybody waits for: each of so many with each of the others, several times over.
const ENDLESS: &str = "SELECT count(*) FROM logs a, logs b, logs c, logs d WHERE a.message || b.message < c.message || d.message";

fn few_thousand() -> Arc<Snapshot> {
    snapshot(vec![held(&numbered(3000))], vec![])
}

#[test]
fn a_query_stops_at_the_time_limit_and_names_it() {
    let limit = Duration::from_millis(200);
    let engine = Engine::new(Limits { memory_bytes: 1 << 30, time: limit, threads: 2 }).expect("threads");
    let started = monotonic();
    let error = engine.sql(few_thousand(), ENDLESS).map(shown).expect("planned").expect_err("no end");
    assert!(matches!(error, QueryError::Time { limit: it } if it == limit), "{error}");
    assert!(error.to_string().contains("0.2 s, the time limit"), "{error}");
    assert!(monotonic() - started < Duration::from_secs(30), "it took much longer");
}

#[test]
fn waiting_for_the_caller_does_not_count() {
    let limit = Duration::from_millis(300);
    let engine = Engine::new(Limits { memory_bytes: 1 << 30, time: limit, threads: 2 }).expect("threads");
    let batches: Vec<_> = numbered(20).chunks(1).map(held).collect();
    let rows = engine.sql(snapshot(batches, vec![]), "SELECT position FROM logs").expect("planned");
    let mut found = 0;
    for batch in rows {
        std::thread::sleep(Duration::from_millis(40));
        found += batch.expect("no time limit").num_rows();
    }
    assert_eq!(found, 20);
}

#[test]
fn a_query_can_be_cancelled_while_somebody_waits_for_it() {
    let engine = engine();
    let mut rows = engine.sql(few_thousand(), ENDLESS).expect("planned");
    let cancel = rows.cancel();
    let waiting = std::thread::spawn(move || (rows.next(), rows.next().is_none()));
    std::thread::sleep(Duration::from_millis(50));
    cancel.cancel();
    let (item, ended) = waiting.join().expect("no panic");
    assert!(matches!(item, Some(Err(QueryError::Cancelled))), "{item:?}");
    assert!(ended);
}

#[test]
fn a_dropped_answer_lets_go_of_its_parts() {
    let (engine, dir) = (engine(), dir());
    let part = part(dir.path(), "1", &numbered(3000));
    let rows = engine.sql(snapshot(vec![], vec![Arc::clone(&part)]), ENDLESS).expect("planned");
    assert!(Arc::strong_count(&part) > 1);
    drop(rows);
    let started = monotonic();
    while Arc::strong_count(&part) > 1 {
        assert!(monotonic() - started < Duration::from_secs(30), "the query goes on");
        std::thread::yield_now();
    }
}

#[test]
fn an_answer_ends_with_an_error_when_its_engine_goes() {
    let engine = engine();
    let rows = engine.sql(few_thousand(), ENDLESS).expect("planned");
    drop(engine);
    let error = shown(rows).expect_err("no engine");
    assert!(matches!(error, QueryError::Broken(_)), "{error}");
}

#[test]
fn a_query_that_needs_too_much_memory_says_so_and_harms_no_other() {
    let engine = Engine::new(Limits { memory_bytes: 1 << 20, time: Duration::from_secs(60), threads: 2 })
        .expect("threads");
    let all = snapshot(vec![held(&numbered(40_000))], vec![]);
    for sql in ["SELECT * FROM logs ORDER BY message", "SELECT message, count(*) FROM logs GROUP BY message"]
    {
        let error = engine.sql(all.clone(), sql).map(shown).expect("planned").expect_err("too much");
        assert!(
            matches!(error, QueryError::Memory { limit_bytes } if limit_bytes == 1 << 20),
            "{sql}: {error}"
        );
        assert!(error.to_string().contains("1 MiB") && error.to_string().contains("LIMIT"), "{error}");
    }
    assert_eq!(engine.sql(all, "SELECT count(*) FROM logs").and_then(shown).expect("enough"), ["40000"]);
}

#[test]
fn a_search_gets_along_with_little_memory() {
    let dir = dir();
    let engine = Engine::new(Limits { memory_bytes: 4 << 20, time: Duration::from_secs(60), threads: 2 })
        .expect("threads");
    let rows = numbered(40_000);
    let parts = rows
        .chunks(10_000)
        .enumerate()
        .map(|(index, rows)| part(dir.path(), &index.to_string(), rows))
        .collect();
    let everything = Search::new(search::Query::parse("").expect("a query"));
    let found = engine.search(snapshot(vec![], parts), &everything).and_then(positions).expect("all rows");
    assert!(found.iter().copied().eq((1..=40_000).rev()), "{} rows", found.len());
}
