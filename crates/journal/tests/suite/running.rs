//! The thread, on the real file system.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use journal::{Journal, OpenError, Options, Reader, RealDisk, State};
use record::Position;

use crate::feeder::{Feeder, read_from, small};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn the_thread_commits_wakes_and_stops() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path());
    let (mut journal, first) = Journal::open(disk.clone(), small()).unwrap();
    let (woken, wakes) = sync_channel(1);
    let mut feeder = Feeder::woken_by(&mut journal, 0, Arc::new(move || _ = woken.try_send(())));
    let mut cursor = journal.cursor("main").unwrap();
    let writer = journal.start();
    let handle = writer.handle();
    let mut reader = handle.reader(Position(0)).unwrap();
    let mut durable = first.end;
    for number in 0..200 {
        feeder.lines(&[&format!("{number} {}", "x".repeat(200))]);
        feeder.submit();
        while feeder.take() == 0 {
            wakes.recv_timeout(SOON).expect("the inlet is woken");
        }
        let now = handle.wait_durable(durable, SOON);
        assert!(now > durable);
        durable = now;
        reader.limit(now);
        assert!(reader.next().unwrap().unwrap().bytes.starts_with(format!("{number} ").as_bytes()));
        cursor.checkpoint(reader.position()).unwrap();
    }
    assert!(feeder.is_idle());
    let stats = handle.stats();
    assert_eq!((stats.lines, stats.dropped_lines, handle.state()), (200, 0, State::Running));
    assert!(stats.sync_max > Duration::ZERO);
    assert_eq!((stats.syncs.total(), stats.commit_sizes.total()), (stats.commits, stats.commits));
    assert_eq!(stats.commit_sizes.sum(), stats.bytes);

    // The last batch is committed by the stop.
    feeder.lines(&["last words"]);
    feeder.submit();
    writer.stop().unwrap();
    let (journal, again) = Journal::open(disk.clone(), small()).unwrap();
    assert!(!again.unclean && again.end > durable && again.epoch > first.epoch);
    let rest = read_from(Reader::open(disk, reader.position()).unwrap());
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].bytes, b"last words");
    assert!(again.oldest > 0, "what the cursor has passed is gone");
    drop(journal);
}

#[test]
fn an_idle_journal_seals_itself() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path());
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    let writer = journal.start();
    feeder.lines(&["a line"]);
    feeder.submit();
    let committed = writer.handle().wait_durable(64, SOON);
    assert_eq!(writer.handle().wait_durable(committed, SOON), committed + 56, "one empty frame");
    writer.stop().unwrap();
}

#[test]
fn only_one_journal_has_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path());
    let (journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let error = Journal::open(disk.clone(), small()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    let message = error.to_string();
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert!(message.contains(&dir.path().display().to_string()), "{message}");
    journal.start().stop().unwrap();
    Journal::open(disk, small()).unwrap();
}

#[test]
fn segments_of_another_size_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path());
    let mut sent = 0;
    for segment_bytes in [2048, 4096, 1024, 65536] {
        let options = Options { segment_bytes, ..small() };
        let (mut journal, _) = Journal::open(disk.clone(), options).unwrap();
        let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
        for _ in 0..20 {
            feeder.lines(&[&format!("{sent} {}", "x".repeat(200))]);
            feeder.submit();
            journal.step();
            feeder.take();
            sent += 1;
        }
    }
    let rows = read_from(Reader::open(disk, Position(0)).unwrap());
    assert_eq!(rows.len(), sent);
    assert!(
        rows.iter().enumerate().all(|(number, row)| row.bytes.starts_with(format!("{number} ").as_bytes()))
    );
}
