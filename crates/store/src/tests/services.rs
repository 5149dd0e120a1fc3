//! Merges and retention over real parts.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow_array::RecordBatch;
use record::Position;

use super::rows::{SECOND, append, open, positions, positions_in, records};
use crate::compaction::Compaction;
use crate::flush::Flush;
use crate::limits::Limits;
use crate::retention::retain;
use crate::{Retention, Snapshot};

const HOUR: i64 = 3600 * SECOND;

#[test]
fn hours_become_a_day_in_the_order_of_time() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    let (mut flush, mut compaction) = (Flush::default(), Compaction::default());
    for ten in 0..12 {
        // Each flush has rows of two hours, in no order, with a field that is a number or a text.
        let rows: Vec<_> = (ten * 10 + 1..=ten * 10 + 10)
            .map(|position| {
                (
                    position,
                    (position as i64 * 37 % 7) * 60 * SECOND + (ten as i64 / 3 + position as i64 % 2) * HOUR,
                    "s",
                )
            })
            .collect();
        core.append("main", &records(&rows), Position(ten * 10 + 10)).unwrap();
        flush.flush(&core).unwrap();
    }
    let before = core.snapshot().parts.len();
    assert_eq!(before, 24);
    while compaction.compact(&core, 3 * HOUR).unwrap() {}
    assert!(core.snapshot().parts.len() < 12);
    while compaction.compact(&core, 26 * HOUR).unwrap() {}
    let view = core.snapshot();
    assert_eq!(view.parts.len(), 1);
    assert!(
        view.parts[0].path().to_str().unwrap().contains("date=1970-01-01/hour=__HIVE_DEFAULT_PARTITION__/")
    );
    view.parts[0].verify().unwrap();
    assert_eq!(positions_in(&view), (1..=120).collect::<Vec<_>>());
    let rows: Vec<RecordBatch> = view.parts[0].scan(None, None, 8192).unwrap().map(Result::unwrap).collect();
    let in_file: Vec<u64> = rows.iter().flat_map(positions).collect();
    assert_ne!(in_file, (1..=120).collect::<Vec<_>>(), "they lie by time");
    assert!(core.status().compaction.done > 2);
    assert!(crate::retention::remove_files(&core).unwrap() == 0, "nobody holds a part of before");
    assert!(crate::verify(dir.path()).unwrap().unknown.is_empty());
}

#[test]
fn sources_with_limits_of_their_own_go_by_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    let day = |days: u64| Retention { age: Some(Duration::from_secs(days * 86_400)), bytes: None };
    let limits = Limits {
        retention: day(30),
        sources: BTreeMap::from([("audit".to_owned(), day(300))]),
        disk_free_min: 0,
    };
    core.set_limits(limits);
    let rows: Vec<_> =
        (1..=40).map(|position| (position, 0, if position % 4 == 0 { "audit" } else { "web" })).collect();
    core.append("main", &records(&rows), Position(40)).unwrap();
    Flush::default().flush(&core).unwrap();
    assert_eq!(core.snapshot().parts.len(), 2);
    while Compaction::default().compact(&core, 400 * 24 * HOUR).unwrap() {}
    assert_eq!(core.snapshot().parts.len(), 2, "they are not merged");
    retain(&core, 29 * 24 * HOUR).unwrap();
    assert_eq!(core.snapshot().parts.len(), 2);
    retain(&core, 31 * 24 * HOUR).unwrap();
    assert_eq!(positions_in(&core.snapshot()), (1..=10).map(|n| n * 4).collect::<Vec<_>>());
    assert_eq!((core.status().dropped_by_age.rows, core.status().dropped_by_age.parts), (30, 1));
    // What was dropped does not come back.
    drop(core);
    let core = open(dir.path());
    append(&core, 1..=40);
    assert_eq!(positions_in(&core.snapshot()).len(), 10);
}

#[test]
fn a_row_from_1970_is_as_young_as_its_neighbours() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    core.set_limits(Limits {
        retention: Retention { age: Some(Duration::from_secs(100)), bytes: None },
        ..Limits::default()
    });
    let rows = [(1000, -7 * HOUR, "s"), (1001, 0, "s"), (1002, 4_102_444_800 * SECOND, "s")];
    core.append("main", &records(&rows), Position(1002)).unwrap();
    Flush::default().flush(&core).unwrap();
    retain(&core, 1050 * SECOND).unwrap();
    assert_eq!(positions_in(&core.snapshot()), [1000, 1001, 1002]);
    retain(&core, 1103 * SECOND).unwrap();
    assert_eq!(positions_in(&core.snapshot()), [0; 0]);
}

#[test]
fn a_merge_of_parts_that_retention_drops_is_in_vain() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    let mut compaction = Compaction::default();
    for ten in 0..2 {
        append(&core, ten * 10 + 1..=ten * 10 + 10);
        Flush::default().flush(&core).unwrap();
    }
    // The merge is written, its commit fails, and before it is tried again one of its parts goes.
    core.disk.faults.fail("before-manifest-append");
    assert!(compaction.compact(&core, 100 * HOUR).is_err());
    core.set_limits(Limits {
        retention: Retention { age: Some(Duration::from_secs(5)), bytes: None },
        ..Limits::default()
    });
    retain(&core, 16 * SECOND).unwrap();
    assert!(compaction.compact(&core, 100 * HOUR).unwrap());
    assert_eq!(positions_in(&core.snapshot()), (11..=20).collect::<Vec<_>>());
    crate::retention::remove_files(&core).unwrap();
    assert!(crate::verify(dir.path()).unwrap().unknown.is_empty());
}

#[test]
fn ten_thousand_field_names() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    for batch in 0..100_u64 {
        let rows: Vec<_> = (batch * 100 + 1..=batch * 100 + 100).map(|position| (position, 0, "s")).collect();
        let mut batch_of_names = records(&rows);
        for index in 0..100 {
            let name = format!("name{}", batch * 100 + index);
            batch_of_names.set_field(index as usize, &name, record::Value::Int(index as i64));
        }
        core.append("main", &batch_of_names, Position(batch * 100 + 100)).unwrap();
        if batch % 20 == 19 {
            Flush::default().flush(&core).unwrap();
        }
    }
    while Compaction::default().compact(&core, 100 * HOUR).unwrap() {}
    drop(core);
    let view = Snapshot::open(dir.path()).unwrap();
    assert_eq!(positions_in(&view).len(), 10_000);
    assert_eq!((view.parts.len(), view.parts[0].summary().fields.len()), (1, 200));
    view.parts[0].verify().unwrap();
}
