//! A full disk, and one that fails: nothing is lost, and it recovers by itself.

use super::rows::{SECOND, append, open, positions_in};
use crate::Snapshot;
use crate::compaction::Compaction;
use crate::flush::Flush;
use crate::limits::Limits;
use crate::retention::{remove_files, retain};

/// Where a full disk shows.
const FULL: [&[&str]; 6] = [
    &["before-part"],
    &["part-begun"],
    &["part-written"],
    &["before-manifest-append", "manifest-begun"],
    &["manifest-half-appended", "manifest-tmp-written"],
    &["manifest-appended"],
];

#[test]
fn a_full_disk_in_any_step_of_a_flush() {
    for points in FULL {
        let dir = tempfile::tempdir().unwrap();
        let core = open(dir.path());
        let mut flush = Flush::default();
        append(&core, 1..=50);
        core.disk.faults.fill(points);
        for _ in 0..3 {
            // `part-begun` stands for the bytes of the part: the others fail here.
            let failed = flush.flush(&core).is_err();
            assert!(failed, "{points:?}");
            assert_eq!(positions_in(&core.snapshot()), (1..=50).collect::<Vec<_>>());
        }
        append(&core, 51..=60);
        core.disk.faults.fill(&[]);
        flush.flush(&core).unwrap();
        flush.flush(&core).unwrap();
        assert_eq!(positions_in(&Snapshot::open(dir.path()).unwrap()), (1..=60).collect::<Vec<_>>());
        assert!(crate::verify(dir.path()).unwrap().unknown.is_empty());
    }
}

#[test]
fn a_failed_step_of_a_commit_may_be_durable_or_not_and_is_tried_again() {
    let points =
        ["before-manifest-append", "manifest-half-appended", "before-manifest-sync", "manifest-synced"];
    for point in points {
        let dir = tempfile::tempdir().unwrap();
        let core = open(dir.path());
        let mut flush = Flush::default();
        append(&core, 1..=50);
        core.disk.faults.fail(point);
        assert!(flush.flush(&core).is_err() && core.disk.faults.failed());
        // Whichever a crash now shows, it is whole.
        let shown = positions_in(&Snapshot::open(dir.path()).unwrap());
        assert!(shown.is_empty() || shown.len() == 50, "{point}: {}", shown.len());
        flush.flush(&core).unwrap();
        assert_eq!(positions_in(&core.snapshot()).len(), 50, "{point}");
        assert_eq!(positions_in(&Snapshot::open(dir.path()).unwrap()).len(), 50, "{point}");
    }
}

#[test]
fn a_full_disk_when_the_store_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    append(&core, 1..=50);
    Flush::default().flush(&core).unwrap();
    drop(core);
    let disk = crate::disk::Disk::new(dir.path());
    disk.faults.fill(&["manifest-begun", "before-manifest-append", "before-part"]);
    let core = crate::store::open_core_on(disk, super::rows::small()).unwrap();
    assert_eq!(positions_in(&core.snapshot()).len(), 50);
    append(&core, 51..=60);
    assert!(Flush::default().flush(&core).is_err());
    core.disk.faults.fill(&[]);
    Flush::default().flush(&core).unwrap();
    assert_eq!(positions_in(&Snapshot::open(dir.path()).unwrap()).len(), 60);
}

#[test]
fn no_merge_without_room_for_it() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    let (mut flush, mut compaction) = (Flush::default(), Compaction::default());
    for ten in 0..4 {
        append(&core, ten * 10 + 1..=ten * 10 + 10);
        flush.flush(&core).unwrap();
    }
    core.disk.faults.set_free_bytes(100);
    assert!(!compaction.compact(&core, 400_000 * SECOND).unwrap());
    core.disk.faults.set_free_bytes(1 << 30);
    assert!(compaction.compact(&core, 400_000 * SECOND).unwrap());
    assert_eq!(core.snapshot().parts.len(), 1);
}

#[test]
fn the_oldest_parts_go_for_the_free_disk() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    let mut flush = Flush::default();
    for ten in 0..4 {
        append(&core, ten * 10 + 1..=ten * 10 + 10);
        flush.flush(&core).unwrap();
    }
    let bytes = core.snapshot().parts[3].summary().bytes;
    core.set_limits(Limits { disk_free_min: 1 << 20, ..Limits::default() });
    core.disk.faults.set_free_bytes((1 << 20) - bytes);
    let held = core.snapshot();
    retain(&core, 0).unwrap();
    retain(&core, 0).unwrap();
    assert_eq!(
        positions_in(&core.snapshot()),
        (11..=40).collect::<Vec<_>>(),
        "once, not again while a file waits"
    );
    let status = core.status();
    assert_eq!((status.dropped_by_free_disk.parts, status.dropped_by_free_disk.rows), (1, 10));
    assert_eq!(remove_files(&core).unwrap(), 1);
    assert_eq!(positions_in(&held).len(), 40, "a snapshot keeps its files");
    drop(held);
    assert_eq!(remove_files(&core).unwrap(), 0);
    assert!(crate::verify(dir.path()).unwrap().unknown.is_empty());
}
