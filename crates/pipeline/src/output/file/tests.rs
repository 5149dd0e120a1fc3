use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use record::{Batch, Line, LineFlags, Micros, Position};

use super::disk::Disk;
use super::state::Mark;
use super::{FileError, FileOutput, Format, Output, OutputError};

/// A disk that fails when it is told to, and forgets at a crash what was not synced.
#[derive(Clone, Debug, Default)]
struct TestDisk(Arc<Mutex<Contents>>);

#[derive(Debug, Default)]
struct Contents {
    file: Vec<u8>,
    synced: Vec<u8>,
    /// The bytes of the file that the next sync makes durable: after one that failed, none of those before.
    dirty: Vec<bool>,
    state: Option<String>,
    /// What happens at the next operations: 0 fails, 1 fails after doing half of it, others succeed.
    moods: Vec<u8>,
}

impl TestDisk {
    /// After a crash: what was synced, and so much of what was written behind it.
    fn crash(&self, kept: usize) {
        let mut disk = self.0.lock().unwrap();
        let mut file = disk.synced.clone();
        let tail = disk.file.get(file.len()..).unwrap_or_default();
        file.extend(tail.iter().take(kept));
        disk.dirty = vec![false; file.len()];
        (disk.synced, disk.file) = (file.clone(), file);
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().file.clone()).unwrap()
    }

    fn moods(&self, moods: Vec<u8>) {
        self.0.lock().unwrap().moods = moods;
    }
}

impl Contents {
    fn mood(&mut self) -> (bool, bool) {
        match self.moods.pop() {
            Some(0) => (false, false),
            Some(1) => (true, false),
            _ => (true, true),
        }
    }
}

fn outcome(fine: bool) -> io::Result<()> {
    if fine { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
}

impl Disk for TestDisk {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().file.len() as u64)
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let (done, fine) = disk.mood();
        if done {
            disk.file.resize(length as usize, 0);
            disk.dirty.resize(length as usize, true);
            // A cut may be on the disk at once.
            disk.synced.truncate(length as usize);
        }
        outcome(fine)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let (done, fine) = disk.mood();
        let n = if fine { bytes.len() } else { bytes.len() / 2 };
        if done {
            let end = offset as usize + n;
            let length = disk.file.len().max(end);
            disk.file.resize(length, 0);
            disk.dirty.resize(length, true);
            disk.file[offset as usize..end].copy_from_slice(&bytes[..n]);
            disk.dirty[offset as usize..end].fill(true);
        }
        outcome(fine)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let (_, fine) = disk.mood();
        let Contents { file, synced, dirty, .. } = &mut *disk;
        synced.resize(file.len(), 0);
        for (at, dirty) in dirty.iter_mut().enumerate() {
            if std::mem::take(dirty) && fine {
                synced[at] = file[at];
            }
        }
        outcome(fine)
    }

    fn load(&mut self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.0.lock().unwrap().state.clone().map(String::into_bytes))
    }

    fn save(&mut self, state: &str) -> io::Result<()> {
        let mut disk = self.0.lock().unwrap();
        let (done, fine) = disk.mood();
        if done {
            disk.state = Some(state.to_owned());
        }
        outcome(fine)
    }
}

fn open(disk: &TestDisk) -> Result<FileOutput, FileError> {
    FileOutput::on(Box::new(disk.clone()), Path::new("f"), Path::new("f.state"), Format::Text)
}

fn records(positions: std::ops::RangeInclusive<u64>) -> Batch {
    let mut batch = Batch::new();
    for position in positions {
        let bytes = format!("line {position}");
        let (position, received, flags) = (Position(position), Micros(1), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "p", bytes: bytes.as_bytes(), flags });
    }
    batch
}

fn text(upto: u64) -> String {
    (1..=upto).map(|position| format!("p  line {position}\n")).collect()
}

/// What a driver does: gives what comes next until it is taken.
fn give(output: &mut FileOutput, at: &mut u64, records_each: u64) -> bool {
    match output.write(&records(*at + 1..=*at + records_each), Position(*at + records_each)) {
        Ok(()) => *at += records_each,
        Err(OutputError::Failed(_)) => return false,
        Err(other) => panic!("{other}"),
    }
    true
}

fn make_durable(output: &mut FileOutput, at: &mut u64, believed: &mut u64) -> bool {
    match output.durable() {
        Ok(Position(durable)) => {
            assert!(durable <= *at && durable >= *believed, "{believed} {durable} {at}");
            *believed = durable;
            return true;
        }
        Err(OutputError::Failed(_)) => {}
        Err(OutputError::Lost(_)) => *at = output.resume_from().0,
        Err(OutputError::Closed(error)) => panic!("{error}"),
    }
    false
}

#[derive(Clone, Debug)]
enum Deed {
    Write(u64),
    Durable,
    Crash(usize),
    Kill,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => (1..5u64).prop_map(Deed::Write),
        3 => Just(Deed::Durable),
        1 => (0..200usize).prop_map(Deed::Crash),
        1 => Just(Deed::Kill),
    ];
    proptest::collection::vec(deed, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn each_record_is_in_the_file_once_whatever_happens(
        deeds in deeds(),
        moods in proptest::collection::vec(prop_oneof![1 => 0..2u8, 3 => 2..3u8], 0..60),
    ) {
        let disk = TestDisk::default();
        let mut output = open(&disk).unwrap();
        disk.moods(moods);
        let (mut at, mut believed) = (0, 0);
        for deed in deeds {
            match deed {
                Deed::Write(count) => {
                    give(&mut output, &mut at, count);
                }
                Deed::Durable => {
                    make_durable(&mut output, &mut at, &mut believed);
                }
                Deed::Crash(_) | Deed::Kill => {
                    drop(output);
                    if let Deed::Crash(kept) = deed {
                        disk.crash(kept);
                    }
                    // It may fail to open, but not for what is in the files.
                    output = loop {
                        match open(&disk) {
                            Ok(output) => break output,
                            Err(FileError::Io { .. }) => {}
                            Err(other) => return Err(TestCaseError::fail(other.to_string())),
                        }
                    };
                    at = output.resume_from().0;
                    prop_assert!(at >= believed, "what was durable is lost");
                }
            }
        }
        disk.moods(Vec::new());
        prop_assert!(give(&mut output, &mut at, 3));
        prop_assert!(make_durable(&mut output, &mut at, &mut believed));
        prop_assert_eq!(believed, at);
        prop_assert_eq!(disk.text(), text(at));
        drop(output);
        disk.crash(0);
        prop_assert_eq!(disk.text(), text(at), "what is durable is on the disk");
    }

    #[test]
    fn a_state_is_read_back_and_any_change_is_noticed(position: u64, length: u64, at in 0..80usize, bit in 0..8u8) {
        let mark = Mark { position: Position(position), length };
        let mut bytes = mark.encode().into_bytes();
        prop_assert_eq!(Mark::decode(&bytes), Some(mark));
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(Mark::decode(&bytes), None);
    }
}

#[test]
fn what_was_there_before_is_kept_and_what_was_not_recorded_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.txt");
    std::fs::write(&path, "before\n").unwrap();
    let mut output = FileOutput::open(&path, Format::Text).unwrap();
    assert!(matches!(FileOutput::open(&path, Format::Text), Err(FileError::InUse { .. })));
    assert_eq!(output.resume_from(), Position(0));
    output.write(&records(1..=2), Position(2)).unwrap();
    assert_eq!(output.durable().unwrap(), Position(2));
    output.write(&records(3..=4), Position(4)).unwrap();
    drop(output);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("before\n{}", text(4)));

    let mut output = FileOutput::open(&path, Format::Text).unwrap();
    assert_eq!(output.resume_from(), Position(2));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("before\n{}", text(2)));
    output.write(&records(3..=5), Position(5)).unwrap();
    assert_eq!(output.durable().unwrap(), Position(5));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("before\n{}", text(5)));
}

#[test]
fn a_shorter_file_and_a_damaged_state_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.json");
    let mut output = FileOutput::open(&path, Format::Json).unwrap();
    output.write(&records(1..=2), Position(2)).unwrap();
    output.durable().unwrap();
    drop(output);
    let written = std::fs::read(&path).unwrap();
    assert_eq!(written.iter().filter(|&&byte| byte == b'\n').count(), 2);

    std::fs::write(&path, &written[1..]).unwrap();
    let error = FileOutput::open(&path, Format::Json).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, FileError::Shorter { .. }) && message.contains("out.json.state"), "{message}");
    assert_eq!(std::fs::read(&path).unwrap(), written[1..], "nothing is changed");

    std::fs::write(&path, &written).unwrap();
    std::fs::write(dir.path().join("out.json.state"), "catchment file output, format 9\n").unwrap();
    assert!(matches!(FileOutput::open(&path, Format::Json), Err(FileError::Damaged { .. })));
}
