//! What is durable survives: deaths at every point, failing and stalling disks.

use testkit::torture::{FAULT_POINTS, LIVELY_STORE};
use testkit::{Config, Peer, Row};

use crate::program;

pub(crate) const MIB: u64 = 1 << 20;

pub(crate) fn config() -> Config {
    Config::new().listen("in", "127.0.0.1:0", "")
}

/// Line `number`, of about a KiB, so that segments fill soon.
pub(crate) fn line(number: u64) -> String {
    format!("{number:08} {}\n", "0123456789".repeat(100))
}

/// Sends numbered lines until the collector is gone. Returns how many were acked.
pub(crate) fn feed_until_death(peer: &mut Peer) -> u64 {
    for number in 0..20_000 {
        if peer.try_send(line(number)).is_err() {
            break;
        }
    }
    peer.wait_closed()
}

/// The numbers of lines as [`line`] makes them.
pub(crate) fn numbers(rows: &[Row]) -> Vec<u64> {
    let number = |row: &Row| row.line.split(' ').next().and_then(|number| number.parse().ok());
    rows.iter().map(|row| number(row).unwrap_or_else(|| panic!("{row:?}"))).collect()
}

fn dies_at(point: &str, passing: u32, journal: &str) {
    let mut program = program();
    program.faults(&format!("{point}=kill@{passing}"));
    let config = config().journal(journal).sections(LIVELY_STORE);
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
    let (first, end) = (old.first().copied().unwrap_or(0), old.last().map_or(0, |last| last + 1));
    assert!(old.is_sorted_by(|one, other| one < other), "{point}: in order, each once");
    assert!(end >= acked, "{point}: {acked} acked, {old:?} there");
    // What was dropped before the store could have it is missing between what the store has and what the journal has.
    let is_whole = first == 0 && end == old.len() as u64;
    assert!(is_whole || journal.contains("drop_oldest"), "{point}: lines are gone");
}

#[test]
fn dead_at_any_point_it_gives_back_every_acked_line() {
    for point in
        FAULT_POINTS.into_iter().filter(|&point| point != "seal-written" && point != "segment-created")
    {
        // There is one merge in what is sent.
        dies_at(point, if point == "compaction-merged" { 1 } else { 2 }, "");
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
    // There is nothing to wait for when it stops.
    let mut collector = program.run(config().top("stop_timeout = '1h'"));
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
    let shown = program.output(&["status"]).expect_code(1).text();
    let first: Vec<&str> = shown.lines().take(2).collect();
    let health = format!("health    journal: the journal has failed: {reason}");
    assert_eq!(first, [health, format!("journal   failed: {reason}")]);
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
