use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::Follower;
use crate::ServeError;
use crate::cursor::Cursor;
use crate::source::{Got, Source};

/// A followed file in a directory of its own, and a time that stands still until it is moved.
struct Log {
    directory: tempfile::TempDir,
    path: PathBuf,
    follower: Follower,
    now: Duration,
}

impl Log {
    fn following(content: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        fs::write(&path, content).unwrap();
        let follower = Follower::new(&path, false, None).unwrap();
        Self { directory, path, follower, now: Duration::ZERO }
    }

    fn rotated(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Looks again after `millis`, and reads all there is.
    fn read_after(&mut self, millis: u64) -> String {
        self.now += Duration::from_millis(millis);
        self.follower.look(self.now).unwrap();
        read_all(&mut self.follower, 7)
    }

    fn rotate(&mut self, content: &str) {
        fs::rename(&self.path, self.rotated("log.1")).unwrap();
        fs::write(&self.path, content).unwrap();
    }

    /// What a new run would read from here.
    fn read_anew(&self) -> String {
        read_anew(&self.path, self.follower.cursor())
    }
}

fn read_all(follower: &mut Follower, chunk: usize) -> String {
    let mut all = Vec::new();
    let mut buffer = vec![0; chunk];
    while let Got::Bytes(n) = follower.read(&mut buffer).unwrap() {
        all.extend_from_slice(&buffer[..n]);
    }
    String::from_utf8(all).unwrap()
}

fn read_anew(path: &Path, cursor: Option<Cursor>) -> String {
    read_all(&mut Follower::new(path, true, cursor).unwrap(), 5)
}

#[expect(clippy::disallowed_methods, reason = "a log is written by appending to it")]
fn append(path: &Path, text: &str) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

#[test]
fn reads_what_is_appended() {
    let mut log = Log::following("one\ntw");
    assert_eq!(log.read_after(0), "one\ntw");
    append(&log.path, "o\n");
    assert_eq!(log.read_after(10), "", "not looked at yet");
    assert_eq!(log.read_after(50), "o\n");
}

#[test]
fn waits_for_a_file_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    assert!(matches!(Follower::new(&path, true, None), Err(ServeError::Open { .. })));
    let mut follower = Follower::new(&path, false, None).unwrap();
    follower.look(Duration::ZERO).unwrap();
    assert_eq!(read_all(&mut follower, 8), "");
    assert_eq!(follower.cursor(), None);
    fs::write(&path, "here\n").unwrap();
    follower.look(Duration::from_secs(1)).unwrap();
    assert_eq!(read_all(&mut follower, 8), "here\n");
}

#[test]
fn finishes_a_rotated_file_before_the_next() {
    let mut log = Log::following("one\n");
    assert_eq!(log.read_after(0), "one\n");
    log.rotate("three\n");
    append(&log.rotated("log.1"), "two\n");
    assert_eq!(log.read_after(100), "two\n");
    append(&log.rotated("log.1"), "late");
    assert_eq!(log.read_after(900), "late", "its writer had not moved over");
    assert_eq!(log.read_after(900), "");
    assert_eq!(log.read_after(1_000), "\nthree\n", "a last line without newline gets one");

    log.follower.acked(4);
    assert_eq!(log.follower.rewind(), 0);
    assert_eq!(log.read_after(0), "two\nlate\nthree\n", "no waiting the second time");
    log.follower.acked(4 + 5);
    assert_eq!(log.follower.files.len(), 1, "the rotated file is closed when it is acked");
    log.follower.rewind();
    assert_eq!(log.read_after(50), "three\n");
}

#[test]
fn finishes_a_file_that_was_rotated_several_times_and_deleted() {
    let mut log = Log::following("one\n");
    for (name, content) in [("log.1", "two\n"), ("log.2", "three\n"), ("log.3", "four\n")] {
        log.now += Duration::from_millis(50);
        log.follower.look(log.now).unwrap();
        fs::rename(&log.path, log.rotated(name)).unwrap();
        fs::write(&log.path, content).unwrap();
    }
    fs::remove_file(log.rotated("log.1")).unwrap();
    fs::remove_file(log.rotated("log.2")).unwrap();
    let read: String = (0..5).map(|_| log.read_after(1_000)).collect();
    assert_eq!(read, "one\ntwo\nthree\nfour\n");
}

#[test]
fn begins_again_after_truncation() {
    let mut log = Log::following("one\ntwo\nthr");
    assert_eq!(log.read_after(0), "one\ntwo\nthr");
    log.follower.acked(4);
    fs::write(&log.path, "four\n").unwrap();
    assert_eq!(log.read_after(50), "\nfour\n", "the line that was cut is ended");
    assert_eq!(log.read_anew(), "four\n");
    assert_eq!(log.follower.rewind(), 8, "`two` and the cut line with its newline are gone");
    assert_eq!(log.read_after(50), "four\n");
}

#[test]
fn notices_a_file_that_was_truncated_and_grew_again() {
    let mut log = Log::following("one\n");
    assert_eq!(log.read_after(0), "one\n");
    log.follower.acked(4);
    fs::write(&log.path, "longer than before\n").unwrap();
    assert_eq!(log.read_after(50), "longer than before\n");
    assert_eq!(log.follower.files.len(), 1);
}

#[test]
fn goes_on_where_another_run_ended() {
    let mut log = Log::following("one\ntwo\n");
    assert_eq!(log.read_after(0), "one\ntwo\n");
    log.follower.acked(4);
    assert_eq!(log.read_anew(), "two\n");
    append(&log.path, "three\n");
    assert_eq!(log.read_anew(), "two\nthree\n");
}

#[test]
fn finds_what_was_rotated_while_nobody_ran() {
    let mut log = Log::following("one\ntwo\n");
    log.read_after(0);
    log.follower.acked(4);
    let unrelated = log.rotated("other.1");
    fs::write(unrelated, "unrelated\n").unwrap();
    log.rotate("three\n");
    assert_eq!(log.read_anew(), "two\nthree\n");

    fs::rename(log.rotated("log.1"), log.rotated("log.2")).unwrap();
    log.rotate("four\n");
    assert_eq!(log.read_anew(), "two\nthree\nfour\n", "also the one in between");

    fs::remove_file(&log.path).unwrap();
    assert_eq!(log.read_anew(), "two\nthree\n");
    fs::remove_file(log.rotated("log.2")).unwrap();
    fs::write(&log.path, "five\n").unwrap();
    assert_eq!(log.read_anew(), "five\n", "its file is gone");
}

#[test]
fn a_replaced_or_shortened_file_is_sent_from_its_beginning() {
    let mut log = Log::following("one\ntwo\n");
    log.read_after(0);
    log.follower.acked(4);
    fs::write(&log.path, "ONE\ntwo\nthree\n").unwrap();
    assert_eq!(log.read_anew(), "ONE\ntwo\nthree\n");
    fs::write(&log.path, "on").unwrap();
    assert_eq!(log.read_anew(), "on");
}

#[test]
fn keeps_a_bounded_number_of_files_open() {
    let mut log = Log::following("0\n");
    for i in 0..super::FILES_MAX + 10 {
        fs::rename(&log.path, log.rotated(&format!("log.{i}"))).unwrap();
        fs::write(&log.path, "next\n").unwrap();
        log.now += Duration::from_millis(50);
        log.follower.look(log.now).unwrap();
    }
    assert_eq!(log.follower.files.len(), super::FILES_MAX);
}

/// What may happen to a log, and what its reader may do.
#[derive(Clone, Debug)]
enum Step {
    Append(String),
    Rotate,
    Read { chunk: usize },
    AckLines(usize),
    Rewind,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => "[a-c\n]{0,12}".prop_map(Step::Append),
        1 => Just(Step::Rotate),
        4 => (1usize..9).prop_map(|chunk| Step::Read { chunk }),
        3 => (0usize..4).prop_map(Step::AckLines),
        1 => Just(Step::Rewind),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Against the simplest model, all that was ever written in one string with the newlines rotation adds: whatever
    /// is read is what comes next, a rewind and another run go back to the first unacked byte, and nothing is missing.
    #[test]
    fn reads_every_byte_in_order(steps in prop::collection::vec(step(), 1..40)) {
        let mut log = Log::following("");
        let (mut written, mut acked, mut read) = (String::new(), 0, 0);
        let (mut rotations, mut begun) = (0, false);
        for step in steps.into_iter().chain([Step::Read { chunk: 64 }]) {
            match step {
                Step::Append(text) => {
                    append(&log.path, &text);
                    begun = if text.is_empty() { begun } else { !text.ends_with('\n') };
                    written += &text;
                }
                Step::Rotate => {
                    // Seen before and after, as by a program that looks every 50 ms; the older file has its name taken.
                    log.now += Duration::from_millis(50);
                    log.follower.look(log.now).unwrap();
                    rotations += 1;
                    fs::rename(&log.path, log.rotated(&format!("log-{rotations:03}"))).unwrap();
                    fs::write(&log.path, "").unwrap();
                    if std::mem::take(&mut begun) {
                        written.push('\n');
                    }
                    log.now += Duration::from_millis(50);
                    log.follower.look(log.now).unwrap();
                }
                Step::Read { chunk } => {
                    for _ in 0..2 * (rotations + 1) {
                        log.now += Duration::from_secs(1);
                        log.follower.look(log.now).unwrap();
                        let got = read_all(&mut log.follower, chunk);
                        prop_assert!(written[read..].starts_with(&got), "{got:?} is not next");
                        read += got.len();
                    }
                    prop_assert_eq!(read, written.len());
                }
                Step::AckLines(lines) => {
                    let bytes: usize =
                        written[acked..read].split_inclusive('\n').filter(|l| l.ends_with('\n')).take(lines).map(str::len).sum();
                    log.follower.acked(bytes as u64);
                    acked += bytes;
                }
                Step::Rewind => {
                    prop_assert_eq!(log.follower.rewind(), 0);
                    read = acked;
                }
                Step::Restart => {
                    let cursor = log.follower.cursor();
                    prop_assert_eq!(read_anew(&log.path, cursor), &written[acked..]);
                    log.follower = Follower::new(&log.path, false, cursor).unwrap();
                    read = acked;
                }
            }
        }
    }
}
