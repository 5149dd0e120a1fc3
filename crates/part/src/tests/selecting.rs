use std::collections::BTreeSet;

use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
use proptest::prelude::*;
use record::Level;
use search::{Needle, contains_needle, has_word};

use super::{OwnedValue, Row, any_rows, part, positions, small};
use crate::{Needs, Part, Selection, WriteOptions};

fn select(part: &Part, needs: &Needs) -> (u64, BTreeSet<u64>) {
    let Some(selection) = part.select(needs).unwrap() else { return (0, BTreeSet::new()) };
    let batches = part.scan(None, Some(&selection), 33).unwrap();
    (selection.rows, batches.flat_map(|batch| positions(&batch.unwrap())).collect())
}

fn any_needs() -> impl Strategy<Value = Needs> {
    let token = || "[a-c]{1,3}".prop_map(Needle::Token);
    let message = prop_oneof![
        Just(Needle::Any),
        token(),
        prop::collection::vec(token(), 1..3).prop_map(Needle::All),
        prop::collection::vec(token(), 1..3).prop_map(Needle::Either),
    ];
    let time = prop::option::of(prop_oneof![
        Just((0, 0)),
        Just((i64::MIN, -1)),
        (1_700_000_000_000_000i64..1_700_000_600_000_000).prop_map(|from| (from, from + 60_000_000)),
    ]);
    let sources = prop::option::of(prop::sample::subsequence(vec!["one", "two", "three"], 0..3));
    let levels = prop::option::of(prop::sample::subsequence(vec!["warn", "fatal", "loud", "info"], 0..3));
    let position =
        prop::option::of((0u64..20_000_000, 0u64..5_000_000).prop_map(|(from, len)| (from, from + len)));
    let contains = prop::collection::vec("[a-c ]{1,4}", 0..2);
    let equals = prop::option::of((
        prop::sample::select(vec!["peer", "a", "é", "http.status", "nowhere"]),
        "[a-d]|-?[0-9]|true",
    ));
    (message, time, sources, levels, position, equals, contains).prop_map(
        |(message, time, sources, levels, position, equals, contains)| Needs {
            time,
            position,
            sources: sources.map(|names| names.into_iter().map(str::to_owned).collect()),
            levels: levels.map(|names| names.into_iter().map(str::to_owned).collect()),
            message,
            equals: equals.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            contains,
        },
    )
}

fn matches(row: &Row, needs: &Needs) -> bool {
    let within = |range: Option<(i64, i64)>| range.is_none_or(|(from, to)| (from..=to).contains(&row.time));
    let text = row.text();
    within(needs.time)
        && needs.position.is_none_or(|(from, to)| (from..=to).contains(&row.position))
        && needs.sources.as_ref().is_none_or(|names| names.iter().any(|name| name == row.source))
        && needs
            .levels
            .as_ref()
            .is_none_or(|names| row.level.is_some_and(|level| names.iter().any(|name| name == level.name())))
        && needs.message.may_match(&|token| has_word(&text, token))
        && needs.contains.iter().all(|wanted| text.contains(wanted))
        && needs.equals.iter().all(|(name, value)| match name.as_str() {
            "peer" => row.peer == *value,
            name => row.fields.iter().any(|(field, own)| {
                let mut text = String::new();
                crate::text::write_plain(&mut text, own.value());
                field == name && text == *value
            }),
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn no_row_that_matches_is_ruled_out(rows in any_rows(1..200), needs in prop::collection::vec(any_needs(), 12)) {
        let dir = tempfile::tempdir().unwrap();
        let part = part(dir.path(), "part", &rows, &small());
        for needs in needs {
            let (count, selected) = select(&part, &needs);
            prop_assert_eq!(count, selected.len() as u64);
            for row in rows.iter().filter(|row| matches(row, &needs)) {
                prop_assert!(selected.contains(&row.position), "{needs:?} rules out {row:?}");
            }
        }
    }
}

/// 4096 rows: each page of 128 has its own word, each 1024 their own level and source, each row its own id.
fn many() -> Vec<Row> {
    let sources = ["one", "two", "three", "four"];
    (0..4096u64)
        .map(|n| Row {
            source: sources[n as usize / 1024],
            level: Some(Level::ALL[n as usize / 1024]),
            fields: vec![
                ("id".into(), OwnedValue::Str(format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))),
                ("host".into(), OwnedValue::Str(format!("host-{}", n % 10))),
            ],
            ..Row::plain(
                n * 100,
                1_700_000_000_000_000 + n as i64 * 1_000_000,
                &format!("GET /page word{} n{n}", n / 128),
            )
        })
        .collect()
}

#[test]
fn pages_that_cannot_match_are_ruled_out() {
    let dir = tempfile::tempdir().unwrap();
    let rows = many();
    let options = WriteOptions { row_group_rows: 1024, page_rows: 128, zstd_level: 1 };
    let part = part(dir.path(), "part", &rows, &options);
    let token = |text: &str| Needs { message: Needle::Token(text.into()), ..Needs::default() };
    let equals =
        |name: &str, value: &str| Needs { equals: vec![(name.into(), value.into())], ..Needs::default() };
    let rows_of = |needs: &Needs| select(&part, needs).0;
    assert_eq!(rows_of(&Needs::default()), 4096);
    assert!((128..=256).contains(&rows_of(&token("word17"))), "{}", rows_of(&token("word17")));
    assert!(rows_of(&token("n777")) <= 512);
    assert!(rows_of(&token("absent")) <= 256);
    assert_eq!(rows_of(&token("get")), 4096);
    assert!(rows_of(&Needs { message: contains_needle("/page word3 "), ..Needs::default() }) <= 512);
    let time = 1_700_000_000_000_000 + 2_000_000_000;
    assert_eq!(rows_of(&Needs { time: Some((time, time)), ..Needs::default() }), 128);
    assert_eq!(rows_of(&Needs { time: Some((0, 1)), ..Needs::default() }), 0);
    assert_eq!(rows_of(&Needs { position: Some((12_800, 25_599)), ..Needs::default() }), 128);
    assert_eq!(rows_of(&Needs { sources: Some(vec!["two".into()]), ..Needs::default() }), 1024);
    assert_eq!(
        rows_of(&Needs { levels: Some(vec!["debug".into(), "trace".into()]), ..Needs::default() }),
        2048
    );
    assert_eq!(rows_of(&Needs { levels: Some(vec!["fatal".into()]), ..Needs::default() }), 0);
    assert!(
        (1024..=2048).contains(&rows_of(&equals(
            "id",
            &format!("{:016x}", 2000u64.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        )))
    );
    assert!(rows_of(&equals("id", "ffffffffffffffff")) <= 1024);
    assert_eq!(rows_of(&equals("host", "host-11")), 0);
    assert_eq!(rows_of(&equals("host", "host-3")), 4096);
    assert_eq!(rows_of(&equals("nowhere", "x")), 0);
}

/// Each row has an id, of which a Bloom filter tells; a page of many values is looked at before rows are made of it.
#[test]
fn each_id_is_found_in_few_pages() {
    let dir = tempfile::tempdir().unwrap();
    let (rows, options) = (many(), WriteOptions { row_group_rows: 1024, page_rows: 128, zstd_level: 1 });
    let part = part(dir.path(), "part", &rows, &options);
    let needs = |n: u64| Needs {
        equals: vec![("id".into(), format!("{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))],
        ..Needs::default()
    };
    let left = |n: u64| {
        let Some(mut selection) = part.select(&needs(n)).unwrap() else { return BTreeSet::new() };
        let look = part.look_for(&needs(n)).unwrap().unwrap();
        for (group, rows) in &mut selection.row_groups {
            *rows = part.look(&look, *group, rows.clone()).unwrap();
        }
        part.scan(None, Some(&selection), 99).unwrap().flat_map(|batch| positions(&batch.unwrap())).collect()
    };
    for n in (0..4096).step_by(67) {
        let left = left(n);
        assert!(left.contains(&(n * 100)) && left.len() == 128, "{n}: {left:?}");
    }
    let wrong = (5000..5200).filter(|n| part.select(&needs(*n)).unwrap().is_some()).count();
    assert!(wrong < 60, "{wrong} of 200 ids that are not there were not ruled out");
}

#[test]
fn pages_without_the_text_are_ruled_out() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<Row> = (0..4096u64)
        .map(|n| {
            let rare = if n == 2000 { "abzqxvcd" } else { "nothing" };
            let message =
                format!("the request {} of this client was answered with {rare}, as ever and ever", n % 100);
            Row::plain(n, n as i64, &message)
        })
        .collect();
    let options = WriteOptions { row_group_rows: 1024, page_rows: 128, zstd_level: 1 };
    let part = part(dir.path(), "part", &rows, &options);
    let rows_of = |texts: &[&str]| {
        let contains = texts.iter().map(|&text| text.to_owned()).collect();
        select(&part, &Needs { contains, ..Needs::default() }).0
    };
    assert_eq!(rows_of(&["zqxv"]), 128);
    assert_eq!(rows_of(&["est 77 of", "with"]), 4096);
    assert_eq!(rows_of(&["with", "zqxw"]), 0);
    assert_eq!(rows_of(&["client", "zqxv"]), 128);
    assert_eq!(rows_of(&["zq"]), 4096, "too short to rule anything out");
    part.verify().unwrap();
}

/// The positions that are left when one looks for a text in some rows of each row group.
fn looked_for(part: &Part, text: &str, from: usize) -> BTreeSet<u64> {
    let needs = Needs { contains: vec![text.to_owned()], ..Needs::default() };
    let (metadata, look) = (part.metadata().unwrap(), part.look_for(&needs).unwrap());
    let mut left = Selection::default();
    for (group, rows) in metadata.row_groups().iter().map(|group| group.num_rows() as usize).enumerate() {
        let from = from.min(rows);
        let rows = RowSelection::from(vec![RowSelector::skip(from), RowSelector::select(rows - from)]);
        let rows = match &look {
            Some(look) => part.look(look, group, rows).unwrap(),
            None => rows,
        };
        left.row_groups.push((group, rows));
    }
    part.scan(None, Some(&left), 50).unwrap().flat_map(|batch| positions(&batch.unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_row_with_the_text_is_left_out(rows in any_rows(1..200), text in "[a-c ]{1,4}", from in 0usize..70) {
        let dir = tempfile::tempdir().unwrap();
        let part = part(dir.path(), "part", &rows, &small());
        let all = part.scan(None, None, 1000).unwrap().flat_map(|batch| positions(&batch.unwrap()));
        let with_text: BTreeSet<u64> =
            rows.iter().filter(|row| row.text().contains(&text)).map(|row| row.position).collect();
        // The first rows of each group are not asked for.
        let asked: BTreeSet<u64> = all.enumerate().filter(|(nth, _)| nth % 64 >= from).map(|(_, at)| at).collect();
        let left = looked_for(&part, &text, from);
        prop_assert!(left.is_subset(&asked));
        prop_assert!(with_text.intersection(&asked).all(|position| left.contains(position)));
    }
}

#[test]
fn pages_without_the_text_are_struck_out_while_that_pays() {
    let dir = tempfile::tempdir().unwrap();
    let options = WriteOptions { row_group_rows: 1024, page_rows: 128, zstd_level: 1 };
    let part = part(dir.path(), "part", &many(), &options);
    assert_eq!(looked_for(&part, "ord17 ", 0).len(), 128);
    assert_eq!(looked_for(&part, "ord17 ", 1000).len(), 0);
    assert_eq!(looked_for(&part, "/page", 0).len(), 4096);
    assert_eq!(looked_for(&part, "nowhere", 0).len(), 0);
}

#[test]
fn levels_per_minute_and_frequent_values() {
    let dir = tempfile::tempdir().unwrap();
    let part = part(dir.path(), "part", &many(), &small());
    let histogram = part.histogram().unwrap();
    let total: u64 = histogram.total().iter().sum();
    let first = histogram.minutes().next().unwrap();
    // 1,700,000,000 s is 20 s after a full minute.
    assert_eq!((total, first.0, first.1[Level::Trace as usize]), (4096, 1_699_999_980_000_000, 40));
    assert_eq!(histogram.minutes().count(), 4096 / 60 + 1);
    assert_eq!(part.top_values("source").unwrap().unwrap().len(), 4);
    let hosts = part.values("host").unwrap().unwrap();
    assert_eq!(
        (hosts.distinct, hosts.exact, hosts.values.iter().map(|(_, n)| n).sum::<u64>()),
        (10, true, 4096)
    );
    assert_eq!(part.top_values("message").unwrap(), None);
    assert_eq!(part.summary().levels.get("debug"), Some(&1024));
}

#[test]
fn filters_take_at_most_their_share() {
    let dir = tempfile::tempdir().unwrap();
    for (name, message) in [("ids", "%h%h"), ("words", "the same few words again and again %h")] {
        let rows: Vec<Row> = (0..9000u64)
            .map(|n| {
                let id = format!(" {:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                Row::plain(n, n as i64, &message.replace("%h", &id))
            })
            .collect();
        let part = part(dir.path(), name, &rows, &WriteOptions::default());
        let text: u64 = rows.iter().map(|row| row.message.len() as u64).sum();
        let index = part.summary().index_bytes;
        assert!(index <= text * 17 / 100 + 8192, "{name}: {index} bytes of index for {text} of text");
        part.verify().unwrap();
    }
}
