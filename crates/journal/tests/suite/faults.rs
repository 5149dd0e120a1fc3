//! A process that dies at each of the named points, and what it leaves. Needs the feature `faults`.

use std::path::Path;
use std::process::Command;

use journal::{AtCap, Journal, Options, Reader, RealDisk};

use crate::feeder::{Feeder, Tail, read_from, small, texts};

const DIR: &str = "JOURNAL_TEST_DIR";
const POINTS: [&str; 11] = [
    "segment-created",
    "segment-renamed",
    "segment-activated",
    "frame-written",
    "before-sync",
    "after-sync",
    "before-hand-back",
    "seal-written",
    "segment-recycled",
    "cursor-tmp-written",
    "cursor-renamed",
];

fn options() -> Options {
    Options { bytes_max: 4 * 2048, at_cap: AtCap::Block, ..small() }
}

/// Not a test of its own: the process that dies. It says which lines are durable, and how far its consumer
/// is.
#[test]
#[expect(clippy::print_stdout, reason = "what it prints is how it tells")]
fn work_until_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let (mut journal, _) = Journal::open(RealDisk::new(Path::new(&dir)), options()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    let mut cursor = journal.cursor("main").unwrap();
    for number in 0..60 {
        let text = format!("{number},");
        feeder.append(0, text.as_bytes(), Tail::Open);
        feeder.append(0, format!("{}\n", "x".repeat(300)).as_bytes(), Tail::None);
        feeder.submit();
        journal.step();
        feeder.take();
        println!("acked {number} ");
        if number % 3 == 2 {
            let mut reader = journal.handle().reader(cursor.position()).unwrap();
            while reader.next().unwrap().is_some() {}
            println!("consumed {number} ");
            cursor.checkpoint(reader.position()).unwrap();
        }
        if number % 10 == 9 {
            journal.seal();
        }
    }
}

fn last(output: &str, word: &str) -> Option<u64> {
    let numbers = output.split(word).skip(1).filter_map(|rest| rest.split_whitespace().next()?.parse().ok());
    numbers.max()
}

#[test]
fn killed_at_any_named_point_nothing_acked_is_lost() {
    for (point, passing) in POINTS.iter().flat_map(|point| [1, 2].map(|passing| (*point, passing))) {
        let dir = tempfile::tempdir().unwrap();
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::work_until_killed", "--nocapture"])
            .env(DIR, dir.path())
            .env("CATCHMENT_FAULTS", format!("{point}=kill@{passing}"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success(), "{point}@{passing} was not passed: {said}");

        let disk = RealDisk::new(dir.path());
        let (mut journal, _) = Journal::open(disk.clone(), options()).unwrap();
        let from = journal.cursor("main").unwrap().position();
        let left = texts(&read_from(Reader::open(disk, from).unwrap()));
        let numbers: Vec<u64> =
            left.iter().map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{point}@{passing}: {numbers:?}");
        assert!(left.iter().all(|line| line.ends_with("xxx") && line.len() > 301), "{point}@{passing}");
        if let Some(acked) = last(&said, "acked ") {
            // All that was acked is there, or was consumed; one more may be.
            let end = numbers.last().copied().or(last(&said, "consumed ")).unwrap();
            assert!(end == acked || end == acked + 1, "{point}@{passing}: {acked} acked, {end} there");
        }
        let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
        feeder.lines(&["fresh"]);
        feeder.submit();
        assert!(journal.step(), "{point}@{passing}: it goes on");
    }
}
