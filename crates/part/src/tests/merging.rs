use std::sync::Arc;

use arrow_array::RecordBatch;
use proptest::prelude::*;

use super::{OwnedValue, Row, any_rows, keys, part, small};
use crate::columns::FIELDS_MAX;
use crate::{Part, WriteOptions, core_schema, merge, write};

fn merged(parts: &[Arc<Part>]) -> Vec<RecordBatch> {
    merge(parts).unwrap().collect::<Result<_, _>>().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn parts_become_one_with_every_row_once(rows in any_rows(1..300), count in 1usize..6) {
        let dir = tempfile::tempdir().unwrap();
        // Dealt out in turn, so that the parts' times overlap.
        let parts: Vec<Arc<Part>> = (0..count.min(rows.len()))
            .map(|n| rows.iter().skip(n).step_by(count).cloned().collect::<Vec<_>>())
            .enumerate()
            .map(|(n, rows)| part(dir.path(), &n.to_string(), &rows, &small()))
            .collect();
        let mut expected: Vec<(i64, u64)> = rows.iter().map(|row| (row.time, row.position)).collect();
        expected.sort_unstable();
        let path = dir.path().join("merged");
        let all = merge(&parts).unwrap();
        let schema = all.schema();
        let summary = write(&path, all, schema, &small()).unwrap();
        let part = Part::open(path, summary);
        part.verify().unwrap();
        let back: Vec<(i64, u64)> = part.scan(None, None, 50).unwrap().flat_map(|batch| keys(&batch.unwrap())).collect();
        prop_assert_eq!(back, expected);
        let mut one = crate::Histogram::new();
        parts.iter().for_each(|part| one.add(&part.histogram().unwrap()));
        prop_assert_eq!(part.histogram().unwrap(), one);
    }
}

#[test]
fn parts_of_other_times_are_read_when_their_time_comes() {
    let dir = tempfile::tempdir().unwrap();
    let rows = |from: u64| (from..from + 100).map(|n| Row::plain(n, n as i64, "x")).collect::<Vec<_>>();
    let late = part(dir.path(), "late", &rows(1000), &small());
    let early = part(dir.path(), "early", &rows(0), &small());
    std::fs::remove_file(late.path()).unwrap();
    let mut all = merge(&[late, early]).unwrap();
    let error = all.find_map(Result::err).unwrap();
    assert!(error.is_damage(), "{error}");
    assert!(all.next().is_none());
}

#[test]
fn more_fields_than_columns_are_merged_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let parts: Vec<Arc<Part>> = (0..3u64)
        .map(|nth| {
            let fields = |n: u64| {
                vec![
                    (format!("p{nth}-{}", n % 150), OwnedValue::Int(n as i64)),
                    ("all".into(), OwnedValue::Bool(true)),
                ]
            };
            let rows: Vec<Row> = (0..450)
                .map(|n| Row { fields: fields(n), ..Row::plain(n * 3 + nth, n as i64, "x") })
                .collect();
            part(dir.path(), &nth.to_string(), &rows, &small())
        })
        .collect();
    let mut all = merge(&parts).unwrap();
    assert_eq!(all.schema().fields().len(), core_schema().fields().len() + FIELDS_MAX);
    assert!(all.schema().column_with_name("all").is_some());
    let values: usize = all
        .by_ref()
        .map(Result::unwrap)
        .map(|batch| {
            let at = core_schema().fields().len();
            let extra = batch.column(at - 1);
            batch.columns()[at..].iter().map(|column| column.len() - column.null_count()).sum::<usize>()
                + extra.len()
                - extra.null_count()
        })
        .sum();
    assert_eq!(values, 3 * 450 * 2);
}

/// What a merge holds does not grow with the rows: batches of long texts are small.
#[test]
fn batches_of_long_texts_are_small() {
    let dir = tempfile::tempdir().unwrap();
    let long = "x".repeat(250_000);
    let rows =
        |nth: u64| (0..60).map(|n| Row::plain(n * 2 + nth, (n * 2 + nth) as i64, &long)).collect::<Vec<_>>();
    let parts = [0, 1].map(|nth| part(dir.path(), &nth.to_string(), &rows(nth), &WriteOptions::default()));
    let batches = merged(&parts);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 120);
    let most = batches.iter().map(RecordBatch::num_rows).max().unwrap();
    // 8 MiB used up, and a page of each in use; without bounds it would be 120 rows, 30 MB.
    assert!(most <= 60, "{most} rows of 250 kB at once");
}
