use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::sample::select;
use record::Level;
use search::Query;

use super::support::{Field, Row, dir, engine, held, part, positions, records, row, shown, snapshot};
use crate::{Engine, Search, search_sql};

static ENGINE: LazyLock<Engine> = LazyLock::new(engine);

const WORDS: &[&str] =
    &["connection", "refused", "Refused", "timeout", "café", "id_7", "404", "it's", "GET", "/x/y", "10%"];

/// A field has the same type everywhere, or not: then it is text in the table.
fn field() -> impl Strategy<Value = (&'static str, Field)> {
    let user = select(vec!["ann", "bob", "Ann Lee", "404", "", "o'neil"]);
    prop_oneof![
        select(vec![200_i64, 404, 500, -1]).prop_map(|value| ("status", Field::Int(value))),
        select(vec![0.5, 2.0, 2.5, 1e21]).prop_map(|value| ("took", Field::Float(value))),
        select(vec![0_i64, 2, 3]).prop_map(|value| ("took", Field::Int(value))),
        any::<bool>().prop_map(|value| ("ok", Field::Bool(value))),
        user.prop_map(|value| ("user.name", Field::Str(value))),
        select(vec![1_000_000_i64, 1_700_000_000_123_456]).prop_map(|value| ("at", Field::Time(value))),
        select(vec![7_i64, 404]).prop_map(|value| ("mixed", Field::Int(value))),
        select(vec!["seven", "404", "7"]).prop_map(|value| ("mixed", Field::Str(value))),
        any::<bool>().prop_map(|value| ("mixed", Field::Bool(value))),
    ]
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let message = prop::collection::vec(select(WORDS), 0..5).prop_map(|words| words.join(" "));
    let level = prop::option::of(select(vec![Level::Debug, Level::Info, Level::Warn, Level::Error]));
    let origin = (select(vec!["app", "db"]), select(vec!["10.0.0.1:7", "10.0.0.2:7"]));
    let one = (message, level, origin, 0_i64..2_000, prop::collection::vec(field(), 0..4));
    prop::collection::vec(one, 0..60).prop_map(|all| {
        let rows = all.into_iter().enumerate();
        rows.map(|(index, (message, level, (source, peer), time, fields))| Row {
            position: index as u64 + 1,
            time: time * 1000,
            source,
            peer,
            level,
            message,
            fields,
        })
        .collect()
    })
}

fn query() -> impl Strategy<Value = String> {
    let leaf = select(vec![
        "connection",
        "refused",
        "REFUSED",
        "refu*",
        "\"connection refused\"",
        "\"refused timeout\"",
        "café",
        "id_7",
        "404",
        "it's",
        "nowhere",
        "/refus(ed|al)/",
        "/^GET/",
        "message:timeout",
        "level:error",
        "level:warning",
        "level:info",
        "source:app",
        "source:db",
        "source:ap*",
        "peer:10.0.0.1:7",
        "status:404",
        "status:>=404",
        "status:<0",
        "status:*",
        "took:2",
        "took:<=2.5",
        "took:>0.5",
        "took:*",
        "ok:true",
        "ok:*",
        "user.name:ann",
        "user.name:\"Ann Lee\"",
        "user.name:a*",
        "user.name:/^o/",
        "user.name:404",
        "user.name:*",
        "mixed:404",
        "mixed:seven",
        "mixed:true",
        "mixed:>=7",
        "mixed:*",
        "unknown:x",
        "unknown:*",
        "unknown:>5",
        "at:*",
        "time:>=1970-01-01T00:00:01Z",
        "time:<1970-01-01T00:00:00.5Z",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("-({one})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) ({other})")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("({one} OR {other})")),
        ]
    })
}

/// Where the rows lie: so many go to memory, the others to parts.
fn stored(dir: &tempfile::TempDir, rows: &[Row], cuts: &[usize]) -> Arc<store::Snapshot> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (rows.len() + 1)).collect();
    cuts.extend([0, rows.len()]);
    cuts.sort_unstable();
    let pieces: Vec<&[Row]> =
        cuts.windows(2).map(|pair| &rows[pair[0]..pair[1]]).filter(|piece| !piece.is_empty()).collect();
    let (memory, parts) = pieces.split_at(pieces.len() / 3);
    let parts = parts.iter().enumerate().map(|(index, rows)| part(dir.path(), &index.to_string(), rows));
    snapshot(memory.iter().map(|rows| held(rows)).collect(), parts.collect())
}

/// What a search finds, found by looking at each record.
fn expected(rows: &[Row], search: &Search) -> Vec<u64> {
    let batch = records(rows);
    let mut found: Vec<(i64, u64, u64)> = batch
        .iter()
        .filter(|record| search.query.matches(*record))
        .filter(|record| search.since.is_none_or(|since| record.time() >= since))
        .filter(|record| search.until.is_none_or(|until| record.time() < until))
        .filter(|record| search.source.as_ref().is_none_or(|source| record.source() == source))
        .filter(|record| search.peer.as_ref().is_none_or(|peer| record.peer() == peer))
        .filter(|record| search.position.is_none_or(|(from, to)| (from..=to).contains(&record.position().0)))
        .map(|record| (record.time(), record.position().0, u64::from(record.nth())))
        .filter(|at| search.behind.is_none_or(|than| if search.ascending { *at > than } else { *at < than }))
        .collect();
    found.sort_unstable();
    if !search.ascending {
        found.reverse();
    }
    found.truncate(search.limit.unwrap_or(usize::MAX));
    found.into_iter().map(|(_, position, _)| position).collect()
}

fn searches() -> impl Strategy<Value = Search> {
    let time = || prop::option::weighted(0.3, (0_i64..2_000).prop_map(|time| time * 1000));
    let limit = prop::option::of(0_usize..20);
    let source = prop::option::weighted(0.2, Just("app".to_owned()));
    let peer = prop::option::weighted(0.2, Just("10.0.0.2:7".to_owned()));
    let position = prop::option::weighted(0.2, (0_u64..40, 0_u64..60));
    let behind =
        prop::option::weighted(0.2, ((0_i64..2_000).prop_map(|time| time * 1000), 0_u64..60, Just(0)));
    (query(), time(), time(), limit, any::<bool>(), (source, peer, position, behind)).prop_map(
        |(query, since, until, limit, ascending, (source, peer, position, behind))| Search {
            by_position: false,
            query: Query::parse(&query).unwrap_or_else(|error| panic!("{query}: {error}")),
            since,
            until,
            limit,
            ascending,
            position,
            source,
            peer,
            behind,
        },
    )
}

#[test]
fn records_in_the_order_of_their_positions() {
    // Their times run backwards.
    let rows = |from: u64, to: u64| -> Vec<Row> {
        (from..to).rev().map(|number| row(number, 1000 - number as i64, "a record")).collect()
    };
    let dir = dir();
    let all = snapshot(vec![held(&rows(61, 101))], vec![part(dir.path(), "1", &rows(1, 61))]);
    let search = Search {
        position: Some((50, 70)),
        by_position: true,
        ..Search::new(search::Query::parse("record").expect("a query"))
    };
    let engine = engine();
    let found = engine.search(all, &search).and_then(positions).expect("rows");
    assert!(found.into_iter().eq(50..=70));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_what_matches_in_order(rows in rows(), cuts in prop::collection::vec(0_usize..100, 0..6), search in searches()) {
        let dir = dir();
        let snapshot = stored(&dir, &rows, &cuts);
        let found = ENGINE.search(snapshot.clone(), &search).and_then(positions);
        let expected = expected(&rows, &search);
        prop_assert_eq!(found.as_ref().ok(), Some(&expected), "{:?} {}", found, search_sql(&search));
    }
}

fn some_rows() -> Vec<Row> {
    (1..=100)
        .map(|number| {
            row(number, 10 * number as i64, if number % 2 == 0 { "even number" } else { "odd number" })
        })
        .collect()
}

#[test]
fn a_search_shows_the_columns_of_the_table_only() {
    let rows = some_rows();
    let snapshot = snapshot(vec![held(&rows)], vec![]);
    let mut search = Search::new(Query::parse("even -unknown:x -other:>5").expect("a query"));
    search.limit = Some(1);
    let found = ENGINE.search(snapshot.clone(), &search).expect("planned");
    assert_eq!(found.schema(), snapshot.schema());
    let lines = shown(found).expect("rows");
    assert!(lines.len() == 1 && lines[0].starts_with("100|"), "{lines:?}");
}

#[test]
fn the_sql_of_a_search_finds_the_same() {
    let dir = dir();
    let rows: Vec<Row> = some_rows().into_iter().map(|row| row.with("n", Field::Int(3))).collect();
    let snapshot = snapshot(vec![held(&rows[60..])], vec![part(dir.path(), "a", &rows[..60])]);
    let mut search = Search::new(Query::parse("odd n:3").expect("a query"));
    (search.since, search.until, search.limit) = (Some(50), Some(900), Some(30));
    search.position = Some((20, 80));
    let sql = search_sql(&search);
    assert!(
        sql.starts_with("SELECT * FROM logs WHERE time >= '1970-01-01T00:00:00.000050Z' AND time < "),
        "{sql}"
    );
    let found = ENGINE.search(snapshot.clone(), &search).and_then(positions).expect("rows");
    assert_eq!(found, ENGINE.sql(snapshot, &sql).and_then(positions).expect("rows"));
    assert_eq!(found.len(), 30);
}

#[test]
fn times_far_away_can_be_searched() {
    let far = [i64::MIN / 2, -1, 0, 4_102_444_800_000_000, i64::MAX / 2];
    let rows: Vec<Row> = far.iter().zip(1..).map(|(time, number)| row(number, *time, "far")).collect();
    let all = snapshot(vec![held(&rows)], vec![]);
    let mut search = Search::new(Query::parse("far").expect("a query"));
    assert_eq!(ENGINE.search(all.clone(), &search).and_then(positions).expect("rows"), [5, 4, 3, 2, 1]);
    (search.since, search.until, search.ascending) = (Some(i64::MIN / 2 + 1), Some(i64::MAX / 2), true);
    assert_eq!(ENGINE.search(all.clone(), &search).and_then(positions).expect("rows"), [2, 3, 4]);
    (search.since, search.until) = (Some(i64::MIN), Some(i64::MIN));
    assert!(ENGINE.search(all, &search).and_then(positions).expect("rows").is_empty());
}

#[test]
fn a_quote_in_a_name_is_no_way_out() {
    let rows = [row(1, 1, "one")];
    let all = snapshot(vec![held(&rows)], vec![]);
    let mut search = Search::new(Query::parse("").expect("a query"));
    search.source = Some("x' OR 'a' = 'a".to_owned());
    assert!(ENGINE.search(all, &search).and_then(positions).expect("no rows").is_empty());
}
