//! Damage to what was durable is told, and nothing is done to it.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::{Config, Peer, Program};

use crate::journal::{line, numbers};
use crate::program;

/// A journal that keeps what was read.
fn config() -> Config {
    crate::journal::config().journal("keep_bytes = '1 GiB'")
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
            let rows: Vec<testkit::Row> = testkit::parse(&ended.stdout);
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
