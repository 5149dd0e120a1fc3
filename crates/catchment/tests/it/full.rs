//! A journal, or its disk, that is full.

use std::fs;

use testkit::{Config, Peer, until, unused_address};

use crate::journal::{MIB, config, line, numbers};
use crate::program;

#[test]
fn at_the_cap_it_blocks_and_goes_on_when_there_is_room() {
    let program = program();
    let address = unused_address("127.0.0.1");
    let config = |cap: &str| Config::new().listen("in", address, "").journal(cap);
    let mut collector = program.run(config("bytes_max = '4 MiB'").top("stop_timeout = '500ms'"));
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
    collector.terminate().expect_code(5);
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
    // Some of the dropped were in the store already.
    let mut there = numbers(&rows);
    let kept = there.split_off(there.iter().take_while(|&&number| number < dropped).count());
    assert!(there.is_sorted_by(|one, next| one < next));
    assert!(kept.into_iter().eq(dropped..10_000), "all but the {dropped} dropped");
    assert!(dropped > 0);
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever reads the test's output should know what was not tried")]
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
