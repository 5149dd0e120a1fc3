use std::sync::Arc;

use part::Part;
use record::Level;
use tempfile::TempDir;

use super::support::{Row, dir, engine, held, part, positions, row, shown, snapshot};
use crate::{Search, Work};

const PARTS: u64 = 12;
const ROWS: u64 = 1024;

/// Parts one after the other in time; row groups of 512 rows, pages of 64. One row in the fourth part has a rare word.
fn parts(dir: &TempDir) -> Vec<Arc<Part>> {
    (0..PARTS)
        .map(|number| {
            let rows: Vec<Row> = (1..=ROWS)
                .map(|index| {
                    let position = number * ROWS + index;
                    let rare = if position == 3 * ROWS + 700 { "needle" } else { "hay" };
                    let source = if number < 2 { "old" } else { "app" };
                    let level = if number == 5 { Level::Error } else { Level::Info };
                    let message = format!("request {position} took {} ms in {rare} today", index % 97);
                    row(position, position as i64 * 1000, &message).from(source).level(level)
                })
                .collect();
            part(dir.path(), &number.to_string(), &rows)
        })
        .collect()
}

fn asked(parts: &[Arc<Part>], sql: &str) -> (Vec<String>, Work) {
    let engine = engine();
    let mut rows = engine.sql(snapshot(vec![], parts.to_vec()), sql).expect("planned");
    let mut lines = Vec::new();
    for batch in rows.by_ref() {
        lines.extend(super::support::lines_of(&batch.expect("rows")));
    }
    (lines, rows.work())
}

#[test]
fn the_newest_rows_come_from_the_newest_parts() {
    let dir = dir();
    let parts = parts(&dir);
    for (order, first) in [("DESC", PARTS * ROWS), ("ASC", 1)] {
        let (lines, work) = asked(&parts, &format!("SELECT * FROM logs ORDER BY time {order} LIMIT 20"));
        assert_eq!(lines.len(), 20);
        assert!(lines[0].starts_with(&format!("{first}|")), "{}", lines[0]);
        // Each of the two threads may have begun with a part of its own.
        assert!(work.parts <= 2 && work.rows <= 2 * 64, "{order}: {work:?}");
    }
}

#[test]
fn the_newest_rows_with_a_word_that_all_have_come_from_the_newest_parts() {
    let dir = dir();
    let parts = parts(&dir);
    let (lines, work) = asked(
        &parts,
        "SELECT position FROM logs WHERE has_word(message, 'hay') ORDER BY time DESC, position DESC LIMIT 3",
    );
    assert_eq!(
        lines,
        [PARTS * ROWS, PARTS * ROWS - 1, PARTS * ROWS - 2].map(|position| position.to_string())
    );
    assert!(work.parts <= 2 && work.rows <= 2 * 64, "{work:?}");
}

#[test]
fn memory_that_is_newer_than_all_parts_does_not_stop_pruning() {
    let dir = dir();
    let memory: Vec<Row> =
        (1..=50).map(|index| row(PARTS * ROWS + index, 1_000_000_000 + index as i64, "new")).collect();
    let sql = "SELECT position FROM logs ORDER BY time DESC LIMIT 10";
    let engine = engine();
    let mut rows = engine.sql(snapshot(vec![held(&memory)], parts(&dir)), sql).expect("planned");
    let found: usize = rows.by_ref().map(|batch| batch.expect("rows").num_rows()).sum();
    assert_eq!(found, 10);
    assert!(rows.work().parts <= 2, "{:?}", rows.work());
}

#[test]
fn a_rare_word_reads_few_pages() {
    let dir = dir();
    let parts = parts(&dir);
    let all = PARTS * ROWS;
    for filter in [
        "has_word(message, 'Needle')",
        "has_phrase(message, 'in needle')",
        "message LIKE '% needle %' ESCAPE '\\'",
        "contains(message, ' needle ')",
        "strpos(message, 'in needle ') > 0",
        "message ~ 'in needle toda[xy]$'",
        "(has_word(message, 'needle') OR has_word(message, 'nowhere'))",
    ] {
        for what in ["count(*)", "message"] {
            let (lines, work) = asked(&parts, &format!("SELECT {what} FROM logs WHERE {filter}"));
            assert_eq!(lines.len(), 1, "{filter}");
            assert!(work.parts < PARTS as usize && work.rows <= all / 8, "{filter}: {work:?}");
        }
    }
    let (lines, work) = asked(&parts, "SELECT * FROM logs WHERE has_word(message, 'nowhere')");
    assert!(lines.is_empty() && work.rows <= all / 16, "{work:?}");
}

/// No word that the filters know is in what is looked for.
#[test]
fn a_rare_text_reads_the_pages_that_have_it() {
    let dir = dir();
    let parts = parts(&dir);
    for filter in [
        "message LIKE '%eedle%'",
        "message LIKE '%n need%e tod%'",
        "contains(message, 'eedl')",
        "strpos(message, 'eedl') > 0",
        "message ~ 'eedle'",
        "regexp_like(message, 'eedle')",
        "(message LIKE '%eedle%' OR message LIKE '%eedle tod%')",
    ] {
        for (what, order) in [("count(*)", ""), ("message", ""), ("*", "ORDER BY time DESC LIMIT 5")] {
            let (lines, work) = asked(&parts, &format!("SELECT {what} FROM logs WHERE {filter} {order}"));
            assert_eq!(lines.len(), 1, "{filter}");
            assert!(work.rows <= 64, "{filter}: {work:?}");
        }
    }
    let (lines, work) = asked(&parts, "SELECT count(*) FROM logs WHERE message LIKE '%owhere%'");
    assert_eq!((lines, work.rows), (vec!["0".to_owned()], 0));
    // What is everywhere is found everywhere, and is not looked for twice.
    let (lines, _) = asked(&parts, "SELECT count(*) FROM logs WHERE message LIKE '%oday%'");
    assert_eq!(lines, [(PARTS * ROWS).to_string()]);
    let either = "SELECT count(*) FROM logs WHERE message LIKE '%eedle%' OR message LIKE '%request 77 %'";
    assert_eq!(asked(&parts, either).0, ["2"]);
}

#[test]
fn a_search_for_what_is_rare_reads_no_page_without_it() {
    let dir = dir();
    let (engine, all) = (engine(), snapshot(vec![], parts(&dir)));
    for (query, found) in
        [("/eedle/", 1), ("/eedl. [tu]oda/", 1), ("needle", 1), ("/nowhe/ hay", 0), ("nowhere", 0)]
    {
        for limit in [None, Some(5)] {
            let search = Search { limit, ..Search::new(search::Query::parse(query).expect("a query")) };
            let mut rows = engine.search(all.clone(), &search).expect("planned");
            let lines: usize = rows.by_ref().map(|batch| batch.expect("rows").num_rows()).sum();
            assert_eq!(lines, found, "{query}");
            assert!(rows.work().rows <= 64 * found as u64 + 512, "{query}: {:?}", rows.work());
        }
    }
}

#[test]
fn time_position_source_and_level_rule_out_parts() {
    let dir = dir();
    let parts = parts(&dir);
    for (filter, count, most) in [
        ("time >= to_timestamp_micros(12000000)", 289, 1),
        ("time BETWEEN to_timestamp_micros(1) AND to_timestamp_micros(64000)", 64, 1),
        ("position > 2048 AND position <= 2100", 52, 1),
        ("position = 5000", 1, 1),
        ("source = 'old'", 2 * ROWS, 2),
        ("level = 'error'", ROWS, 1),
        ("source IN ('old', 'other') AND level = 'error'", 0, 0),
        ("source = 'nobody'", 0, 0),
    ] {
        let (lines, work) = asked(&parts, &format!("SELECT count(message) FROM logs WHERE {filter}"));
        assert_eq!(lines, [count.to_string()], "{filter}");
        assert!(work.parts <= most, "{filter}: {work:?}");
    }
    let (_, work) = asked(
        &parts,
        "SELECT count(message) FROM logs WHERE time BETWEEN to_timestamp_micros(1) AND to_timestamp_micros(64000)",
    );
    assert!(work.rows <= 128, "{work:?}");
}

#[test]
fn counting_all_rows_reads_none() {
    let dir = dir();
    let (lines, work) = asked(&parts(&dir), "SELECT count(*), min(time), max(position) FROM logs");
    assert!(lines[0].starts_with(&format!("{}|", PARTS * ROWS)), "{lines:?}");
    assert_eq!(work, Work::default());
}

#[test]
fn a_search_with_a_limit_reads_the_newest_parts_only() {
    let dir = dir();
    // With many rows in each part, the first window of time holds but some of the parts.
    let rows = |number: u64| -> Vec<Row> {
        (1..=30_000)
            .map(|index| row(number * 30_000 + index, (number * 30_000 + index) as i64, "hay"))
            .collect()
    };
    let options = part::WriteOptions { row_group_rows: 8192, page_rows: 1024, zstd_level: 1 };
    let parts = (0..5)
        .map(|number| super::support::part_of(dir.path(), &format!("s{number}"), &rows(number), &options));
    let all = snapshot(vec![], parts.collect());
    let mut search = Search::new(search::Query::parse("hay").expect("a query"));
    search.limit = Some(10);
    let engine = engine();
    let found = engine.search(all.clone(), &search).expect("planned");
    assert_eq!(positions(found).expect("rows"), (149_991..=150_000).rev().collect::<Vec<_>>());
    let mut first = engine.search(all.clone(), &Search { limit: None, ..search.clone() }).expect("planned");
    let batch = first.next().expect("rows").expect("no error");
    assert!(batch.num_rows() > 0);
    // A few batches are found ahead of the caller; they are from the newest window.
    assert!(first.work().parts <= 4, "{:?}", first.work());
    let oldest = engine.search(all, &Search { ascending: true, ..search }).expect("planned");
    assert_eq!(positions(oldest).expect("rows"), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_damaged_part_is_an_error_that_names_it() {
    let dir = dir();
    let parts = parts(&dir);
    let path = parts[PARTS as usize - 1].path().to_owned();
    let mut bytes = std::fs::read(&path).expect("the part");
    for byte in bytes.iter_mut().skip(8).take(200) {
        *byte ^= 0x55;
    }
    std::fs::write(&path, bytes).expect("the part");
    let error = engine()
        .sql(snapshot(vec![], parts), "SELECT * FROM logs")
        .map(shown)
        .expect("planned")
        .expect_err("damage");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}
