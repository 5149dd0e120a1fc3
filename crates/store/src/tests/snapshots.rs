//! Snapshots, while everything else goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use record::Position;

use super::rows::{SECOND, append, open, positions_in, records, small};
use crate::flush::Flush;
use crate::{AppendError, Options, Snapshot, Store};

#[test]
fn each_row_once_in_every_snapshot_while_rows_move() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { memtable_bytes: 96 << 10, flush_after: Duration::from_millis(1), ..small() };
    let store = Arc::new(Store::open(dir.path(), options).unwrap());
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (store, done) = (Arc::clone(&store), Arc::clone(&done));
            std::thread::spawn(move || {
                let mut count = 0;
                while !done.load(Ordering::Relaxed) {
                    let view = store.snapshot();
                    let upto = view.checkpoints.get("main").map_or(0, |position| position.0);
                    assert_eq!(positions_in(&view), (1..=upto).collect::<Vec<_>>());
                    count += 1;
                }
                count
            })
        })
        .collect();
    for hundred in 0..60 {
        // Two hours of a day long over: they are merged as they come.
        let time = |position: u64| (position as i64 % 2) * 3600 * SECOND;
        let rows: Vec<_> = (hundred * 100 + 1..=hundred * 100 + 100).map(|p| (p, time(p), "s")).collect();
        store.append("main", &records(&rows), Position(hundred * 100 + 100)).unwrap();
        let there = positions_in(&store.snapshot()).len() as u64;
        assert_eq!(there, hundred * 100 + 100, "visible when it returns");
    }
    store.flush().unwrap();
    done.store(true, Ordering::Relaxed);
    let counts: Vec<u32> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    assert!(counts.iter().all(|count| *count > 3), "{counts:?}");
    let status = store.status();
    assert!(status.flush.done > 3, "{status:?}");
    assert_eq!(
        (status.flush.failures, status.compaction.failures, status.retention.failures),
        (0, 0, 0),
        "{status:?}"
    );
    Arc::into_inner(store).unwrap().stop(Duration::from_secs(60)).unwrap();
    assert_eq!(positions_in(&Snapshot::open(dir.path()).unwrap()).len(), 6000);
}

#[test]
fn what_was_given_before_is_ignored_and_each_pipeline_stands_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    append(&core, 1..=10);
    append(&core, 5..=12);
    let others: Vec<_> = [3, 20].map(|position| (position + 100, 0, "t")).to_vec();
    core.append("other", &records(&others), Position(130)).unwrap();
    // Only that it is further: its stages dropped the rest.
    core.append("other", &records(&[]), Position(140)).unwrap();
    core.append("other", &records(&[]), Position(135)).unwrap();
    let wanted: Vec<u64> = (1..=12).chain([103, 120]).collect();
    assert_eq!(positions_in(&core.snapshot()), wanted);
    let Snapshot { checkpoints, .. } = &*core.snapshot();
    assert_eq!((checkpoints["main"], checkpoints["other"]), (Position(12), Position(140)));
    assert!(core.status().checkpoints.is_empty(), "nothing is durable yet");
    Flush::default().flush(&core).unwrap();
    assert_eq!(core.status().checkpoints["other"], Position(140));
    drop(core);
    assert_eq!(Snapshot::open(dir.path()).unwrap().checkpoints["main"], Position(12));
}

#[test]
fn a_checkpoint_moves_though_no_row_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), small()).unwrap();
    store.append("main", &records(&[]), Position(77)).unwrap();
    assert_eq!(store.checkpoint("main"), Position(0));
    store.flush().unwrap();
    assert_eq!(store.checkpoint("main"), Position(77));
    assert_eq!(store.status().parts, 0);
    store.stop(Duration::from_secs(60)).unwrap();
}

#[test]
fn full_memory_waits_for_the_disk_and_a_stop_ends_the_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { memtable_bytes: 1, ..small() };
    let store = Arc::new(Store::open(dir.path(), options).unwrap());
    store.core().disk.faults.fill(&["before-part"]);
    let of_thread = Arc::clone(&store);
    let appender = std::thread::spawn(move || {
        let mut given = 0;
        loop {
            match of_thread.append("main", &records(&[(given + 1, 0, "s")]), Position(given + 1)) {
                Ok(()) => given += 1,
                Err(error) => return (given, error),
            }
        }
    });
    drop(store.core().wait_while(None, |state| state.counts.flush.failures < 2));
    let memory = store.status().memory_rows;
    assert!((1..=2).contains(&memory), "{memory}: one being flushed, one behind it");
    assert!(store.flush().is_err(), "it says why: {:?}", store.status().flush.trouble);
    store.core().disk.faults.fill(&[]);
    drop(store.core().wait_while(None, |state| state.flushed < 20));
    store.core().set_stage(crate::core::Stage::Stopping);
    let (given, error) = appender.join().unwrap();
    assert!(matches!(error, AppendError::Stopped), "{error}");
    Arc::into_inner(store).unwrap().stop(Duration::from_secs(60)).unwrap();
    let there = positions_in(&Snapshot::open(dir.path()).unwrap());
    assert_eq!(there, (1..=given).collect::<Vec<_>>());
}

#[test]
fn dropped_without_a_stop_it_is_as_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), small()).unwrap();
    store.append("main", &records(&[(1, 0, "s"), (2, 0, "s")]), Position(2)).unwrap();
    store.flush().unwrap();
    store.append("main", &records(&[(3, 0, "s")]), Position(3)).unwrap();
    drop(store);
    let store = Store::open(dir.path(), small()).unwrap();
    assert_eq!(store.checkpoint("main"), Position(2));
    assert_eq!(positions_in(&store.snapshot()), [1, 2]);
}

#[test]
fn the_histogram_counts_memory_and_parts() {
    let dir = tempfile::tempdir().unwrap();
    let core = open(dir.path());
    append(&core, 1..=90);
    Flush::default().flush(&core).unwrap();
    append(&core, 91..=130);
    let all = core.snapshot().histogram(i64::MIN, i64::MAX).unwrap();
    assert_eq!(all.total().iter().sum::<u64>(), 130);
    let minutes: Vec<(i64, u64)> =
        all.minutes().map(|(minute, counts)| (minute, counts.iter().sum())).collect();
    assert_eq!(minutes, [(0, 59), (60 * SECOND, 60), (120 * SECOND, 11)]);
    let late = core.snapshot().histogram(91 * SECOND, 200 * SECOND).unwrap();
    assert_eq!(late.total().iter().sum::<u64>(), 40, "the part ends before");
}
