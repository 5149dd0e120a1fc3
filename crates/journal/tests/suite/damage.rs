//! Flipped bits, missing files, and what an earlier run left behind.

use journal::{Journal, OpenError, ReadError, Reader, SimDisk};
use record::Position;

use crate::feeder::{Feeder, ReadRow, Tail, read_all, small, texts};

const SEGMENTS: [&str; 3] =
    ["seg-00000000000000000000.cmj", "seg-00000000000000002048.cmj", "seg-00000000000000004096.cmj"];

/// A journal of three segments, stopped cleanly, with lines whole and in pieces.
fn stopped() -> (SimDisk, Vec<ReadRow>) {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    for number in 0..12 {
        feeder.append(1, format!("end {number}\nline {number}\nhead {number},").as_bytes(), Tail::Open);
        feeder.append(2, &[b'y'; 300], Tail::None);
        feeder.append(2, format!("{}\n", "z".repeat(200)).as_bytes(), Tail::None);
        feeder.submit();
        assert!(journal.step());
        feeder.take();
    }
    journal.seal();
    let disk = disk.kill();
    let rows = read_all(&disk);
    assert_eq!(rows.len(), 36);
    (disk, rows)
}

/// What can be read, going on behind whatever is damaged, and where that is.
fn read_what_is_left(disk: &SimDisk) -> (Vec<ReadRow>, Vec<String>) {
    let (mut rows, mut damaged) = (Vec::new(), Vec::new());
    let mut reader = Reader::open(disk.clone(), Position(0)).expect("the header of some segment is good");
    loop {
        match reader.next() {
            Ok(None) => return (rows, damaged),
            Ok(Some(line)) => rows.push(ReadRow {
                position: line.position.0,
                source: line.source.to_owned(),
                peer: line.peer.to_owned(),
                bytes: line.bytes.to_vec(),
                flags: line.flags,
            }),
            Err(ReadError::Damaged { path, offset, address, .. }) => {
                assert!(damaged.len() < 100, "it gets on");
                assert!(path.ends_with(&format!("seg-{:020}.cmj", address - offset)), "{path} {address}");
                damaged.push(path);
                reader.skip_damage().unwrap();
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_flipped_bit_is_refused_or_reported_or_harmless_and_never_a_loss() {
    let (disk, rows) = stopped();
    let (mut refused, mut reported, mut harmless) = (0, 0, 0);
    for (segment, byte) in
        SEGMENTS.iter().flat_map(|name| (0..2048).step_by(13).map(move |byte| (*name, byte)))
    {
        let flip = || disk.edit(segment, |bytes| bytes[byte] ^= 1 << (byte % 8));
        flip();
        let (left, damaged) = read_what_is_left(&disk);
        assert!(left.iter().all(|row| rows.contains(row)), "{segment} {byte}: a row was changed");
        assert!(left.is_sorted_by_key(|row| row.position));
        assert!(damaged.iter().all(|path| path.ends_with(segment)), "{segment} {byte}: {damaged:?}");
        assert!(left == rows || !damaged.is_empty(), "{segment} {byte}: a row was lost silently");
        let opened = Journal::open(disk.clone(), small());
        match opened {
            Err(OpenError::Damaged { path, offset, .. }) => {
                refused += 1;
                assert!(
                    path.ends_with(segment) && offset <= byte as u64,
                    "{segment} {byte}: {path} {offset}"
                );
                assert!(!damaged.is_empty());
            }
            Err(other) => panic!("{segment} {byte}: {other}"),
            Ok(_) if damaged.is_empty() => harmless += 1,
            // In an earlier segment, the frames are checked when they are read.
            Ok(_) => {
                reported += 1;
                assert_ne!(segment, SEGMENTS[2], "{byte}: the last segment is checked when it is opened");
            }
        }
        flip();
    }
    assert!(refused > 60 && reported > 200 && harmless > 60, "{refused} {reported} {harmless}");
}

#[test]
fn a_missing_or_short_segment_is_refused() {
    let (disk, _) = stopped();
    let rename = |from: &str, to: &str| journal::Disk::rename(&disk, from, to).unwrap();
    rename(SEGMENTS[1], "away");
    let error = Journal::open(disk.clone(), small()).unwrap_err().to_string();
    assert!(error.contains(SEGMENTS[2]) && error.contains(SEGMENTS[1]), "{error}");
    rename("away", SEGMENTS[1]);
    disk.edit(SEGMENTS[2], |bytes| bytes.truncate(1000));
    let error = Journal::open(disk.clone(), small()).unwrap_err().to_string();
    assert!(error.contains(SEGMENTS[2]) && error.contains("offset 1000"), "{error}");
}

#[test]
fn refusing_changes_nothing() {
    let (disk, _) = stopped();
    disk.edit(SEGMENTS[2], |bytes| bytes[200] ^= 1);
    let (writes, before) = (disk.writes(), read_what_is_left(&disk).0);
    Journal::open(disk.clone(), small()).unwrap_err();
    assert_eq!(disk.writes(), writes);
    assert_eq!(read_what_is_left(&disk).0, before);
}

#[test]
fn what_a_torn_commit_left_behind_never_surfaces() {
    let disk = SimDisk::new();
    let (mut journal, recovered) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    // Two frames, one commit; then the first is torn.
    for line in ["first", "other"] {
        feeder.lines(&[line]);
        feeder.submit();
    }
    journal.step();
    let disk = disk.kill();
    disk.edit(SEGMENTS[0], |bytes| bytes[recovered.end as usize + 60] ^= 1);

    // Opened twice before anything is written, so that no epoch is used twice either.
    for round in 0..2 {
        let (_, again) = Journal::open(disk.clone(), small()).unwrap();
        assert_eq!(again.end, recovered.end, "round {round}");
        assert!(again.unclean && again.epoch > recovered.epoch);
    }
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    feeder.lines(&["fresh"]);
    feeder.submit();
    assert!(journal.step());
    // The new frame ends exactly where the old, intact one begins.
    assert_eq!(texts(&read_all(&disk)), ["fresh"]);
    let disk = disk.kill();
    Journal::open(disk.clone(), small()).unwrap();
    assert_eq!(texts(&read_all(&disk)), ["fresh"]);
}

#[test]
fn bytes_that_a_peer_made_up_are_no_frame() {
    // The peer sends what a frame of this journal looks like, at the right address; only the salt it cannot
    // know.
    let (disk, _) = stopped();
    let mut stolen = Vec::new();
    disk.edit(SEGMENTS[0], |bytes| stolen.extend_from_slice(&bytes[64..400]));
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    let at = 64 + 56 + journal::entry_overhead(&feeder.source, "peer-0") as u64;
    stolen[24..32].copy_from_slice(&at.to_le_bytes());
    stolen.retain(|&byte| byte != b'\n');
    stolen.push(b'\n');
    assert!(feeder.append(0, &stolen, Tail::None));
    feeder.submit();
    feeder.lines(&["behind it"]);
    feeder.submit();
    journal.step();
    journal.seal();
    let disk = disk.kill();
    disk.edit(SEGMENTS[0], |bytes| bytes[70] ^= 1);
    let (left, damaged) = read_what_is_left(&disk);
    assert_eq!((texts(&left), damaged.len()), (vec!["behind it".to_owned()], 1));
}

#[test]
fn whichever_headers_are_damaged_reading_comes_to_an_end() {
    for chosen in 1..8_usize {
        let (disk, rows) = stopped();
        let bad: Vec<&str> = (0..3).filter(|at| chosen >> at & 1 == 1).map(|at| SEGMENTS[at]).collect();
        bad.iter().for_each(|name| disk.edit(name, |bytes| bytes[9] ^= 1));
        if let Err(error) = Reader::open(disk.clone(), Position(0)) {
            assert!(chosen == 7, "some segment can be read: {error}");
            continue;
        }
        let (left, damaged) = read_what_is_left(&disk);
        assert!(
            bad.iter().all(|name| damaged.iter().any(|path| path.ends_with(name))),
            "{chosen}: {damaged:?}"
        );
        assert!(left.len() < rows.len());
    }
}
