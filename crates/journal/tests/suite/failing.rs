//! Disks that fail, fill up, or are given too little.

use std::io;

use journal::{AtCap, Journal, OpenError, Options, SimDisk, State};
use record::{LineFlags, Position};

use crate::feeder::{Feeder, Tail, check_and_keep, read_all, read_from, small, texts};

/// Writes 40 lines, two to a batch, with a fault armed. Returns what the feeder knows to be durable.
fn work(disk: &SimDisk) -> Option<Feeder> {
    let (mut journal, _) = Journal::open(disk.clone(), small()).ok()?;
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    for number in 0..20 {
        let text = format!("line {number} {}\n", "x".repeat(100));
        feeder.append(0, text.as_bytes(), Tail::None);
        feeder.append(1, text.as_bytes(), Tail::Open);
        feeder.submit();
        journal.step();
        feeder.take();
    }
    journal.seal();
    if let State::Failed { .. } = journal.handle().state() {
        let durable = journal.handle().durable();
        feeder.append(2, b"too late\n", Tail::None);
        feeder.submit();
        assert!(!journal.step());
        assert_eq!((feeder.take(), journal.handle().durable()), (0, durable), "failed for ever");
    }
    Some(feeder)
}

#[test]
fn whichever_write_or_sync_fails_nothing_durable_is_lost() {
    let unharmed = SimDisk::new();
    work(&unharmed);
    let (writes, syncs) = (unharmed.writes(), unharmed.syncs());
    assert!(writes > 25 && syncs > 25);
    let mut failed = 0;
    for n in 1..=writes.max(syncs) {
        for fault in [true, false] {
            let disk = SimDisk::new();
            if fault {
                disk.fail_write(n, io::ErrorKind::Other);
            } else {
                disk.fail_sync(n);
            }
            let feeder = work(&disk);
            failed += usize::from(feeder.as_ref().is_none_or(|feeder| feeder.rows.len() < 40));
            let disk = disk.crash(n);
            let (journal, _) = Journal::open(disk.clone(), small()).unwrap();
            if let Some(mut feeder) = feeder {
                check_and_keep(&read_all(&disk), &feeder.source, &mut feeder.rows, 0);
            }
            drop(journal);
        }
    }
    assert!(failed as u64 >= writes, "the faults were met: {failed}");
}

#[test]
fn a_full_disk_is_waited_out() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let handle = journal.handle();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    disk.set_capacity(Some(2 * 2048));
    let mut sent = Vec::new();
    while !matches!(handle.state(), State::Stalled { .. }) {
        let line = format!("{} {}", sent.len(), "x".repeat(400));
        feeder.lines(&[&line]);
        sent.push(line);
        feeder.submit();
        journal.step();
        feeder.take();
    }
    let State::Stalled { reason } = handle.state() else { unreachable!() };
    assert!(reason.contains("`sim/") && reason.contains("no storage space"), "{reason}");
    assert!(!journal.step() && !feeder.is_idle(), "the batch is kept");
    disk.set_capacity(None);
    assert!(journal.step());
    assert_eq!((feeder.take(), handle.state()), (1, State::Running));
    assert_eq!(texts(&read_all(&disk)), sent);
}

#[test]
fn no_room_where_there_should_be_room_is_waited_out_too() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    for line in ["a", "b"] {
        feeder.lines(&[line]);
        feeder.submit();
    }
    disk.fail_write(2, io::ErrorKind::StorageFull);
    assert!(journal.step(), "the first batch is durable");
    assert!(matches!(journal.handle().state(), State::Stalled { .. }));
    assert_eq!(feeder.take(), 1);
    assert!(journal.step());
    assert_eq!((feeder.take(), journal.handle().state()), (1, State::Running));
    assert_eq!(texts(&read_all(&disk)), ["a", "b"]);
}

#[test]
fn a_disk_too_full_to_begin_is_refused_and_works_later() {
    let disk = SimDisk::new();
    disk.set_capacity(Some(100));
    let error = Journal::open(disk.clone(), small()).unwrap_err();
    assert!(matches!(error, OpenError::NoRoom(_)), "{error}");
    disk.set_capacity(None);
    Journal::open(disk, small()).unwrap();
}

fn fill(journal: &mut Journal, feeder: &mut Feeder, lines: usize) {
    for number in 0..lines {
        let line = format!("{number} {}", "x".repeat(400));
        feeder.append(0, format!("{line}\n").as_bytes(), Tail::None);
        feeder.submit();
        journal.step();
        feeder.take();
    }
}

#[test]
fn at_the_cap_it_blocks_until_a_consumer_has_moved_on() {
    let disk = SimDisk::new();
    let options = Options { bytes_max: 3 * 2048, ..small() };
    let (mut journal, _) = Journal::open(disk.clone(), options).unwrap();
    let (handle, mut cursor) = (journal.handle(), journal.cursor("main").unwrap());
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    fill(&mut journal, &mut feeder, 40);
    let State::Stalled { reason } = handle.state() else { panic!("{:?}", handle.state()) };
    assert!(reason.contains("`bytes_max` of 6144"), "{reason}");
    assert_eq!(handle.stats().disk_bytes, 3 * 2048);
    let stuck = handle.durable();

    cursor.checkpoint(Position(2048)).unwrap();
    journal.step();
    assert_eq!(
        (handle.stats().oldest, handle.state()),
        (2048, State::Stalled { reason }),
        "freed for the next attempt"
    );
    journal.step();
    feeder.take();
    assert_eq!(handle.state(), State::Running);
    assert!(handle.durable() > stuck);
    assert_eq!((handle.stats().disk_bytes, handle.stats().dropped_lines), (3 * 2048, 0));
}

#[test]
fn at_the_cap_the_oldest_is_dropped_and_counted() {
    let disk = SimDisk::new();
    let options = Options { bytes_max: 3 * 2048, at_cap: AtCap::DropOldest, ..small() };
    let (mut journal, _) = Journal::open(disk.clone(), options).unwrap();
    let handle = journal.handle();
    let _cursor = journal.cursor("slow").unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    feeder.append(1, b"the head of a line, ", Tail::Open);
    fill(&mut journal, &mut feeder, 40);
    feeder.append(1, b"its end\n", Tail::None);
    feeder.submit();
    journal.step();
    feeder.take();

    let (stats, read) = (handle.stats(), read_all(&disk));
    assert_eq!((handle.state(), stats.disk_bytes), (State::Running, 3 * 2048));
    assert_eq!(stats.dropped_lines + read.len() as u64, 41);
    assert!(stats.dropped_lines > 20 && stats.dropped_bytes > stats.dropped_lines * 400);
    let last = read.last().unwrap();
    assert_eq!((last.bytes.as_slice(), last.flags), (&b"its end"[..], LineFlags::HEAD_LOST));
    // A consumer that still wanted the rest is told how much there was.
    let reader = handle.reader(Position(1)).unwrap();
    assert_eq!(reader.skipped(), stats.oldest - 1);
    // And it counts again what is there after a restart.
    drop(journal);
    let (journal, recovered) = Journal::open(disk.kill(), options).unwrap();
    assert_eq!(recovered.oldest, stats.oldest);
    assert_eq!(read_from(journal.handle().reader(Position(0)).unwrap()), read);
}

#[test]
fn files_are_used_again() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut cursor = journal.cursor("main").unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    let mut created = 0;
    for round in 0..20 {
        fill(&mut journal, &mut feeder, 10);
        let mut reader = journal.handle().reader(cursor.position()).unwrap();
        let mut rows = 0;
        while reader.next().unwrap().is_some() {
            rows += 1;
        }
        assert_eq!(rows, 10, "round {round}");
        cursor.checkpoint(reader.position()).unwrap();
        created = created.max(journal.handle().stats().disk_bytes / 2048);
    }
    assert!(created <= 6, "{created} files for 200 lines of 400 bytes");
    assert_eq!(journal.handle().stats().dropped_lines, 0);
}

#[test]
fn what_was_read_is_kept_as_long_as_there_is_room_for_it() {
    let disk = SimDisk::new();
    let options = Options { keep_bytes: 4 * 2048, ..small() };
    let (mut journal, _) = Journal::open(disk.clone(), options).unwrap();
    let mut cursor = journal.cursor("main").unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    for _ in 0..10 {
        fill(&mut journal, &mut feeder, 10);
        cursor.checkpoint(Position(journal.handle().durable())).unwrap();
        journal.step();
    }
    let (stats, end) = (journal.handle().stats(), journal.handle().durable());
    assert_eq!(stats.oldest, end / 2048 * 2048 - 3 * 2048);
    let rows = read_from(journal.handle().reader(Position(0)).unwrap());
    assert!(rows.len() >= 8, "{} rows", rows.len());
}

/// The frame of a failed sync is read from the system's memory by the next process, which keeps it. The disk must get it
/// then, or a power cut leaves a hole in front of frames that were acked.
#[test]
fn what_a_failed_sync_left_behind_is_written_again() {
    for seed in 0..32 {
        let disk = SimDisk::new();
        let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
        let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
        // More than a sector, which the next frame would write again in passing.
        let long = "never synced ".repeat(40);
        feeder.lines(&[&long]);
        feeder.submit();
        disk.fail_sync(1);
        journal.step();
        assert!(matches!(journal.handle().state(), State::Failed { .. }));

        let disk = disk.kill();
        drop(journal);
        let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
        let mut feeder = Feeder::new(&mut journal, 1, Vec::new());
        feeder.lines(&["acked"]);
        feeder.submit();
        journal.step();
        assert_eq!(feeder.take(), 1);

        let disk = disk.crash(seed);
        drop(journal);
        let (_journal, _) = Journal::open(disk.clone(), small()).expect("nothing durable is missing");
        assert_eq!(texts(&read_all(&disk)), [&long, "acked"]);
    }
}
