//! Format 1 stays readable: `tests/fixtures/v1` is a journal that was written once, of two segments and a
//! cursor. Its bytes were compared by hand with the drawing in the crate's documentation, its checksums with
//! another implementation.

use std::fs;
use std::path::{Path, PathBuf};

use journal::{Journal, Reader, RealDisk};
use record::{LineFlags, Position};

use crate::feeder::{Feeder, ReadRow, read_from, small};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1")
}

/// The rows in it, as they were sent: position, peer, bytes, flags.
fn rows() -> Vec<ReadRow> {
    let across = [&[b'-'; 500][..], b"> across"].concat();
    let rows: [(u64, &str, &[u8], LineFlags); 7] = [
        (176, "peer-0", b"first", LineFlags::default()),
        (238, "peer-1", b"", LineFlags::default()),
        (244, "peer-1", b"long, ", LineFlags::SPLIT),
        (904, "peer-1", b"cut", LineFlags::SPLIT),
        (1257, "peer-2", &across, LineFlags::UNTERMINATED),
        (1370, "peer-0", b"second, in three pieces", LineFlags::default()),
        (1373, "peer-0", b"\xff\0", LineFlags::default()),
    ];
    let row = |(position, peer, bytes, flags): (u64, &str, &[u8], LineFlags)| ReadRow {
        position,
        source: "source-0".to_owned(),
        peer: peer.to_owned(),
        bytes: bytes.to_vec(),
        flags,
    };
    rows.into_iter().map(row).collect()
}

#[test]
fn a_journal_of_format_1_is_read() {
    let reader = Reader::open(RealDisk::new(&fixture()), Position(0)).unwrap();
    assert_eq!(read_from(reader), rows());
}

#[test]
fn a_journal_of_format_1_is_opened_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("cursors")).unwrap();
    for name in ["seg-00000000000000000000.cmj", "seg-00000000000000001024.cmj", "cursors/main"] {
        fs::copy(fixture().join(name), dir.path().join(name)).unwrap();
    }
    let disk = RealDisk::new(dir.path());
    let (mut journal, recovered) = Journal::open(disk, small()).unwrap();
    assert_eq!((recovered.oldest, recovered.end, recovered.epoch, recovered.unclean), (0, 1430, 2, false));
    assert_eq!(journal.cursor("main").unwrap().position(), Position(300));
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    feeder.lines(&["and on"]);
    feeder.submit();
    assert!(journal.step());
    let read = read_from(journal.handle().reader(Position(0)).unwrap());
    assert_eq!(read[..7], rows());
    assert_eq!(read[7].bytes, b"and on");
}
