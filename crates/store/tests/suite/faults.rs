//! A process that dies at each of the named points, and what it leaves.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use record::Position;
use store::{Options, Retention, Snapshot, Store};

use crate::rows::{positions, records};

const DIR: &str = "STORE_TEST_DIR";
const ROWS: u64 = 2000;
const POINTS: [&str; 20] = [
    "before-part",
    "part-begun",
    "part-create",
    "part-sync",
    "part-written",
    "part-renamed",
    "parts-synced",
    "before-manifest-append",
    "manifest-half-appended",
    "manifest-appended",
    "before-manifest-sync",
    "manifest-synced",
    "compaction-merged",
    "before-part-unlinked",
    "part-unlinked",
    "manifest-begun",
    "manifest-tmp-written",
    "manifest-renamed",
    "manifest-rewritten",
    "retention-dropped",
];

fn options() -> Options {
    Options {
        memtable_bytes: 64 << 10,
        merge_parts: 2,
        flush_after: Duration::from_millis(5),
        ..Options::default()
    }
}

/// Gives all rows behind the checkpoint.
fn give(store: &Store) {
    let from = store.checkpoint("main").0;
    for first in (from + 1..=ROWS).step_by(50) {
        let last = (first + 49).min(ROWS);
        store.append("main", &records(first..=last), Position(last)).unwrap();
    }
    store.flush().unwrap();
}

/// Not a test of its own: the process that dies.
#[test]
#[expect(clippy::print_stdout, reason = "what it prints is how it tells")]
fn work_until_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let store = Store::open(Path::new(&dir), options()).unwrap();
    give(&store);
    // The rows are of a day long over: this waits for the merges.
    while store.status().parts > 1 || store.status().waiting_files > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("dropping");
    store.apply(Retention { age: Some(Duration::from_secs(1)), bytes: None }, Default::default(), 0);
    while store.status().parts > 0 || store.status().waiting_files > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    store.stop(Duration::from_secs(60)).unwrap();
}

#[test]
fn killed_at_any_named_point_each_row_is_there_once() {
    for (point, passing) in POINTS.iter().flat_map(|point| [1, 2].map(|passing| (*point, passing))) {
        // A store of this size writes its manifest anew only when it is made, and drops once.
        if passing == 2
            && (point.starts_with("manifest-r")
                || point == "retention-dropped"
                || point.contains("manifest-tmp")
                || point == "manifest-begun")
        {
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::work_until_killed", "--nocapture"])
            .env(DIR, dir.path())
            .env("CATCHMENT_FAULTS", format!("{point}=kill@{passing}"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success(), "{point}@{passing} was not passed: {said}");
        check(dir.path(), said.contains("dropping"), &format!("{point}@{passing}"));
    }
}

fn check(dir: &Path, dropping: bool, when: &str) {
    let view = Snapshot::open(dir).unwrap();
    let upto = view.checkpoints.get("main").map_or(0, |position| position.0);
    let there = positions(&view);
    if dropping {
        assert!(there.is_empty() || there.len() as u64 == ROWS, "{when}: one change drops all");
    } else {
        assert_eq!(there, (1..=upto).collect::<Vec<_>>(), "{when}");
    }
    let store = Store::open(dir, options()).unwrap();
    give(&store);
    let all = positions(&store.snapshot());
    if !dropping {
        assert_eq!(all, (1..=ROWS).collect::<Vec<_>>(), "{when}: replayed from {upto}");
    }
    store.stop(Duration::from_secs(60)).unwrap();
    let report = store::verify(dir).unwrap();
    assert!(report.is_good(), "{when}: {report:?}");
}
