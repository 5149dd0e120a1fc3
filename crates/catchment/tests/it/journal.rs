//! What is durable survives: deaths at every point, failing and stalling disks, damage, and a journal that is full.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::torture::FAULT_POINTS;
use testkit::{Config, Peer, Program, Row, until, unused_address};

use crate::program;

const MIB: u64 = 1 << 20;

fn config() -> Config {
    Config::new().listen("in", "127.0.0.1:0", "")
}

/// Line `number`, of about a KiB, so that segments fill soon.
fn line(number: u64) -> String {
    format!("{number:08} {}\n", "0123456789".repeat(100))
}

/// Sends numbered lines until the collector is gone. Returns how many were acked.
fn feed_until_death(peer: &mut Peer) -> u64 {
    for number in 0..20_000 {
        if peer.try_send(line(number)).is_err() {
            break;
        }
    }
    peer.wait_closed()
}

/// The numbers of lines as [`line`] makes them.
fn numbers(rows: &[Row]) -> Vec<u64> {
    let number = |row: &Row| row.line.split(' ').next().and_then(|number| number.parse().ok());
    rows.iter().map(|row| number(row).unwrap_or_else(|| panic!("{row:?}"))).collect()
}

fn dies_at(point: &str, passing: u32, journal: &str) {
    let mut program = program();
    program.faults(&format!("{point}=kill@{passing}"));
    let config = config().journal(journal);
    let mut collector = program.run(&config);
    let mut peer = Peer::client(collector.address("in"));
    let acked = feed_until_death(&mut peer);
    let ended = collector.wait();
    assert_eq!(ended.signal, Some(testkit::Signal::ABORT.as_raw()), "it died at {point}: {ended:?}");

    program.faults("");
    let mut collector = program.run(&config);
    let mut peer = Peer::client(collector.address("in"));
    peer.send("99999999 fresh\n");
    peer.wait_acked(1);
    collector.terminate().expect_code(0);
    let rows: Vec<Row> = program.rows(&[]).into_iter().filter(|row| !row.is("unterminated")).collect();
    let numbers = numbers(&rows);
    let (&fresh, old) = numbers.split_last().expect("at least the fresh line");
    assert_eq!(fresh, 99_999_999);
    let first = old.first().copied().unwrap_or(0);
    assert!(old.iter().copied().eq(first..first + old.len() as u64), "{point}: in order, without a gap");
    assert!(first + old.len() as u64 >= acked, "{point}: {acked} acked, {old:?} there");
    assert!(first == 0 || journal.contains("drop_oldest"), "{point}: the first lines are gone");
}

#[test]
fn dead_at_any_point_it_gives_back_every_acked_line() {
    for point in
        FAULT_POINTS.into_iter().filter(|&point| point != "seal-written" && point != "segment-created")
    {
        dies_at(point, 2, "");
    }
}

#[test]
fn dead_while_it_makes_or_recycles_a_segment() {
    dies_at("segment-created", 4, "");
    dies_at("segment-recycled", 2, "bytes_max = '4 MiB'\nat_cap = 'drop_oldest'");
}

#[test]
fn dead_while_it_stops() {
    let mut program = program();
    program.faults("seal-written=kill@1");
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    peer.send("a\nb\n");
    peer.wait_acked(2);
    assert_eq!(collector.terminate().signal, Some(testkit::Signal::ABORT.as_raw()));
    program.faults("");
    program.run(config()).terminate().expect_code(0);
    assert_eq!(program.lines(), ["a", "b"]);
}

#[test]
fn after_a_failed_sync_nothing_is_acked_any_more() {
    let mut program = program();
    program.faults("before-sync=error@3");
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    for acked in 1..=2 {
        peer.send("good\n");
        peer.wait_acked(acked);
    }
    peer.send("never acked\n");
    let status = collector.until_status("failed", |status| status["journal"]["state"] == "failed");
    let reason = status["journal"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("before-sync"), "{reason}");
    collector.until_log(reason);
    for _ in 0..100 {
        peer.send("nor this\n");
    }
    // It serves no one else either.
    let mut other = Peer::client(collector.address("in"));
    other.send("nor this\n");
    assert_eq!(
        program.output(&["status"]).expect_code(1).text().lines().next(),
        Some(&*format!("journal   failed: {reason}"))
    );
    collector.terminate().expect_code(1);
    assert_eq!((peer.wait_closed(), other.wait_closed()), (2, 0));

    program.faults("");
    program.run(config()).terminate().expect_code(0);
    let lines = program.lines();
    assert_eq!(lines[..2], ["good", "good"]);
    assert!(
        lines[2..].iter().all(|line| line == "never acked"),
        "what was written and not synced may be there: {lines:?}"
    );
}

#[test]
fn a_stalled_sync_is_backpressure() {
    let mut program = program();
    program.faults("before-sync=sleep:700@2");
    let collector = program.run(config().top("loops = 1"));
    let mut peer = Peer::client(collector.address("in"));
    peer.send("first\n");
    peer.wait_acked(1);
    let chunk = line(0).repeat(256);
    let (mut sent, mut stuck) = (0, 0);
    // As much as the collector and the kernel take while nothing gets durable.
    while stuck < 20 && sent < 64 * MIB as usize {
        let taken = peer.send_some(&chunk.as_bytes()[sent % chunk.len()..]);
        sent += taken;
        stuck = if taken == 0 { stuck + 1 } else { 0 };
        std::thread::sleep(std::time::Duration::from_millis(u64::from(taken == 0)));
    }
    assert!(sent < 64 * MIB as usize, "it took {sent} bytes without a sync");
    let memory = collector.memory().anonymous;
    assert!(memory < 16 * MIB, "{} KiB while the disk stands still", memory >> 10);
    // All is well afterwards.
    peer.send(&chunk.as_bytes()[sent % chunk.len()..]);
    let lines = sent.div_ceil(chunk.len()) as u64 * 256;
    let lines = if sent.is_multiple_of(chunk.len()) { lines + 256 } else { lines };
    peer.wait_acked(1 + lines);
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let program = program();
    let collector = program.run(config());
    program.output(&["run"]).expect_code(4).expect_stderr(&format!("in use by process {}", collector.id()));
    Peer::client(collector.address("in")).send("x\n");
    collector.until_status("the first one goes on", |status| status["totals"]["acked"] == 1);
}

#[test]
fn a_data_directory_that_cannot_be_used_is_told() {
    let program = program();
    program.write("file", "");
    program.run_to_end(config().top("data_dir = 'file/data'")).expect_code(4).expect_stderr("file/data");
    program.cat(&["--data-dir", "nowhere"]).expect_code(4).expect_stderr("there is no journal in `nowhere`");
}

#[test]
fn at_the_cap_it_blocks_and_goes_on_when_there_is_room() {
    let program = program();
    let address = unused_address("127.0.0.1");
    let config =
        |cap: &str| Config::new().listen("in", address, "").journal(cap).top("stop_timeout = '500ms'");
    let mut collector = program.run(config("bytes_max = '4 MiB'"));
    let mut peer = Peer::client(address);
    let mut number = 0;
    let stalled = until("the journal is full", || {
        while number < 20_000 && peer.send_some(line(number)) == line(number).len() {
            number += 1;
        }
        let status = collector.status();
        (status["journal"]["state"] == "stalled").then_some(status)
    });
    let reason = stalled["journal"]["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("bytes_max"), "{reason}");
    assert!(stalled["journal"]["disk_bytes"].as_u64() <= Some(4 * MIB), "{}", stalled["journal"]);
    assert_eq!(stalled["journal"]["dropped_lines"], 0);
    collector.terminate();
    let acked = peer.wait_closed();
    assert!(acked > 3000, "{acked} lines of a KiB in 4 MiB");
    collector.kill();

    let mut collector = program.run(config("bytes_max = '64 MiB'"));
    let mut peer = Peer::client(address);
    for number in acked..acked + 2000 {
        peer.send(line(number));
    }
    peer.wait_acked(2000);
    collector.terminate().expect_code(0);
    let mut there =
        numbers(&program.rows(&[]).into_iter().filter(|row| !row.is("unterminated")).collect::<Vec<_>>());
    there.sort_unstable();
    there.dedup();
    assert!(there.into_iter().eq(0..acked + 2000), "every line is there");
}

#[test]
fn at_the_cap_it_drops_the_oldest_and_counts_them() {
    let program = program();
    let mut collector = program.run(config().journal("bytes_max = '4 MiB'\nat_cap = 'drop_oldest'"));
    let mut peer = Peer::client(collector.address("in"));
    for number in 0..10_000 {
        peer.send(line(number));
    }
    peer.wait_acked(10_000);
    let status = collector.status();
    let dropped = status["journal"]["dropped_lines"].as_u64().expect("a count");
    assert!(status["journal"]["disk_bytes"].as_u64() <= Some(4 * MIB), "{}", status["journal"]);
    collector.terminate().expect_code(0);
    let rows = program.rows(&[]);
    assert!(numbers(&rows).into_iter().eq(dropped..10_000), "all but the {dropped} dropped");
}

#[test]
fn a_full_disk_is_backpressure_and_it_goes_on_when_there_is_room() {
    let program = program();
    fs::create_dir(program.data_dir()).expect("a directory");
    // A small file system of its own, as a user without rights may mount one; most of it is taken.
    let small = "mount -t tmpfs -o size=32m none data && head -c 28M /dev/zero >data/ballast";
    if !program
        .command_in_bash(&format!("unshare -rm bash -c '{small}'"), &[])
        .status()
        .is_ok_and(|status| status.success())
    {
        return eprintln!("not tried: this system lets nobody mount a small file system");
    }
    let address = unused_address("127.0.0.1");
    program.configure(Config::new().listen("in", address, ""));
    let script = format!("exec unshare -rm bash -c '{small} && exec \"$@\"' bash \"$@\"");
    let mut collector = program.start_by("collector", program.command_in_bash(&script, &["run"]));
    until("it listens", || collector.stderr().contains("listening").then_some(()));
    let mut peer = Peer::client(address);
    let (mut lines, mut rest) = (0, line(0));
    until("the disk is full", || {
        loop {
            let sent = peer.send_some(&rest);
            rest.drain(..sent);
            if sent == 0 {
                break;
            }
            if rest.is_empty() {
                lines += 1;
                rest = line(lines);
            }
        }
        collector.stderr().contains("the journal has no room").then_some(())
    });
    assert!(peer.acked() < lines, "it acks nothing for which there was no room");
    let root = format!("/proc/{}/root", collector.id());
    fs::remove_file(format!("{root}{}/ballast", program.data_dir().display())).expect("the ballast");
    peer.send(&rest);
    peer.wait_acked(lines + 1);
    assert!(collector.stderr().contains("the journal has room again"));
    collector.terminate().expect_code(0);
}

/// A journal with three segments, stopped in order.
fn written() -> Program {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    for number in 0..2500 {
        peer.send(line(number));
    }
    peer.wait_acked(2500);
    collector.terminate().expect_code(0);
    program
}

fn segments(program: &Program) -> Vec<PathBuf> {
    let entries = fs::read_dir(program.data_dir()).expect("a data directory");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("seg-")));
    paths.sort();
    paths
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).expect("a segment");
    bytes[offset] ^= 0x10;
    fs::write(path, bytes).expect("a segment");
}

#[test]
fn a_flipped_bit_is_told_and_the_rest_is_read() {
    let program = written();
    let segments = segments(&program);
    assert!(segments.len() >= 3, "{segments:?}");
    for segment in &segments[..2] {
        let name = segment.file_name().expect("a name").to_string_lossy().into_owned();
        // In the header of the first frame, and in the middle of some line.
        for offset in [64 + 9, 500_000] {
            flip(segment, offset);
            let ended = program
                .cat(&["--format", "json"])
                .expect_code(1)
                .expect_stderr("is damaged")
                .expect_stderr(&name);
            let rows = testkit::parse_rows(&ended.stdout);
            let there = numbers(&rows);
            assert!(
                there.len() < 2500 && there.is_sorted() && there.last() == Some(&2499),
                "the rest is there"
            );
            flip(segment, offset);
        }
    }
    assert_eq!(program.lines().len(), 2500, "mended, all is there");
}

#[test]
fn with_damage_to_what_was_acked_it_does_not_start() {
    let program = written();
    let segments = segments(&program);
    let last = segments.last().expect("a segment");
    for (segment, offset) in
        [(&segments[0], 3), (&segments[1], 20), (last, 5), (last, 64 + 9), (last, 100_000)]
    {
        flip(segment, offset);
        let name = segment.file_name().expect("a name").to_string_lossy().into_owned();
        program.output(&["run"]).expect_code(4).expect_stderr(&name);
        flip(segment, offset);
    }
    program.run(config()).terminate().expect_code(0);
    assert_eq!(program.lines().len(), 2500, "it was refused before anything was changed");
}

#[test]
fn a_missing_segment_is_told() {
    let program = written();
    let segments = segments(&program);
    fs::rename(&segments[1], program.dir().join("aside")).expect("a segment");
    program.output(&["run"]).expect_code(4).expect_stderr("seg-");
    fs::rename(program.dir().join("aside"), &segments[1]).expect("a segment");
    program.run(config()).terminate().expect_code(0);
}
