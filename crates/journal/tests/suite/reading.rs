//! Reading from any place, to any limit, while segments come and go.

use std::sync::Arc;

use journal::{EntryFlags, EntryHead, Journal, Link, Options, Reader, SimDisk};
use record::{Micros, Position};

use crate::feeder::{Feeder, Tail, read_all, read_from, small, texts};

fn commit(journal: &mut Journal, feeder: &mut Feeder) {
    feeder.submit();
    assert!(journal.step());
    feeder.take();
}

#[test]
fn reading_begins_at_any_position() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    for number in 0..30 {
        feeder.append(0, format!("tail {number}\nwhole {number}\nhead {number} ").as_bytes(), Tail::Open);
        feeder.append(1, &[b'z'; 250], Tail::Open);
        commit(&mut journal, &mut feeder);
        if number % 7 == 0 {
            journal.seal();
        }
    }
    let all = read_all(&disk);
    assert_eq!(all.len(), 60);
    for from in (0..journal.handle().durable() + 100).step_by(97) {
        let mut reader = Reader::open(disk.clone(), Position(from)).unwrap();
        let expected: Vec<_> = all.iter().filter(|row| row.position >= from).collect();
        let first = reader.next().unwrap().map(|line| line.position.0);
        assert_eq!(first, expected.first().map(|row| row.position), "from {from}");
        // Where it stands, another one goes on.
        let rest = read_from(Reader::open(disk.clone(), reader.position()).unwrap());
        assert_eq!(rest.len(), expected.len().saturating_sub(1), "from {from}");
    }
}

#[test]
fn reading_begins_at_any_time() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut inlet = journal.inlet(Arc::new(|| {}));
    let mut times: Vec<Micros> = Vec::new();
    for number in 0..40 {
        let last = times.last().copied();
        let received = std::iter::repeat_with(record::clock::wall).find(|&now| Some(now) > last).unwrap();
        times.push(received);
        let mut batch = inlet.start().unwrap();
        for conn in 0..2 {
            batch.begin(&EntryHead { conn, received, link: None, source: "s", peer: "p" });
            batch.push(format!("{number} {}\n", "x".repeat(120)).as_bytes());
            batch.end(1, EntryFlags::NONE);
        }
        inlet.submit(batch);
        journal.step();
        let batch = inlet.take_durable().unwrap();
        inlet.recycle(batch);
    }
    for (number, &time) in times.iter().enumerate() {
        let count = |from| read_from(Reader::open_at_time(disk.clone(), from).unwrap()).len();
        assert_eq!(count(time), 2 * (40 - number));
        assert_eq!(count(Micros(time.0 + 1)), 2 * (39 - number));
    }
    assert_eq!(read_from(Reader::open_at_time(disk, Micros(0)).unwrap()).len(), 80);
}

#[test]
fn a_limit_is_kept_and_lifted() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    let mut reader = journal.handle().reader(Position(0)).unwrap();
    for number in 0..30 {
        assert!(reader.next().unwrap().is_none());
        feeder.lines(&[&format!("{number} {}", "x".repeat(300))]);
        commit(&mut journal, &mut feeder);
        assert!(reader.next().unwrap().is_none(), "beyond the limit");
        reader.limit(journal.handle().durable());
        assert!(reader.next().unwrap().unwrap().bytes.starts_with(format!("{number} ").as_bytes()));
    }
}

#[test]
fn a_reader_beside_the_writer_goes_on_as_it_writes() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    let mut reader = Reader::open(disk.clone(), Position(0)).unwrap();
    for number in 0..60 {
        feeder.lines(&[&format!("{number} {}", "x".repeat(number * 7))]);
        commit(&mut journal, &mut feeder);
        let line = reader.next().unwrap().unwrap();
        assert!(line.bytes.starts_with(format!("{number} ").as_bytes()));
        assert!(reader.next().unwrap().is_none());
    }
}

/// A reader that is overtaken by the reuse of its file reads on with the oldest rows there are: none old,
/// none made up.
#[test]
fn a_file_used_again_under_a_reader_is_noticed() {
    for read_before in 0..12 {
        let disk = SimDisk::new();
        let options = Options { bytes_max: 3 * 2048, at_cap: journal::AtCap::DropOldest, ..small() };
        let (mut journal, _) = Journal::open(disk.clone(), options).unwrap();
        let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
        let mut reader = Reader::open(disk.clone(), Position(0)).unwrap();
        let write = |journal: &mut Journal, feeder: &mut Feeder, from: usize, to: usize| {
            for number in from..to {
                feeder.append(1, b"part,", Tail::Open);
                feeder.lines(&[&format!("{number} {}", "x".repeat(300))]);
                commit(journal, feeder);
            }
        };
        write(&mut journal, &mut feeder, 0, 12);
        for _ in 0..read_before {
            reader.next().unwrap().unwrap();
        }
        write(&mut journal, &mut feeder, 12, 60);
        let kept = read_all(&disk);
        let rest = read_from(reader);
        let behind = rest.len() - kept.len();
        assert_eq!(rest[behind..], kept, "read {read_before} before");
        // What was in memory already may come first.
        assert!(rest[..behind].iter().all(|row| row.position < kept[0].position));
    }
}

#[test]
fn a_line_of_many_pieces_is_joined_across_segments() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut feeder = Feeder::new(&mut journal, 0, Vec::new());
    for piece in 0..200 {
        feeder.append(0, format!("{piece:0100}").as_bytes(), Tail::Open);
        feeder.lines_of(1, &["between"]);
        if piece % 3 == 0 {
            commit(&mut journal, &mut feeder);
        }
    }
    feeder.append(0, b"\r\n", Tail::None);
    commit(&mut journal, &mut feeder);
    let read = read_all(&disk);
    let long = read.last().unwrap();
    assert_eq!((long.bytes.len(), long.flags.is_empty()), (20_000, true));
    assert_eq!(long.bytes[19_900..], *format!("{:0100}", 199).as_bytes());

    let mut reader = Reader::open(disk, Position(long.position)).unwrap();
    reader.row_bytes_max(19_999);
    let error = reader.next().unwrap_err().to_string();
    assert!(error.contains("longer than 19999 bytes"), "{error}");
    assert_eq!(reader.next().unwrap_err().to_string(), error, "until it is told to go on");
    reader.skip_damage().unwrap();
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn a_link_to_something_else_is_damage() {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let mut inlet = journal.inlet(Arc::new(|| {}));
    let mut batch = inlet.start().unwrap();
    let head = |conn, link| EntryHead { conn, received: Micros(1), link, source: "s", peer: "p" };
    batch.begin(&head(1, None));
    batch.push(b"mine");
    let offset = batch.end(0, EntryFlags::OPEN);
    batch.begin(&head(2, Some(Link::Pending { seq: batch.seq(), offset })));
    batch.push(b" and not yours\n");
    batch.end(1, EntryFlags::NONE);
    batch.begin(&head(3, None));
    batch.push(b"next\n");
    batch.end(1, EntryFlags::NONE);
    inlet.submit(batch);
    journal.step();
    let mut reader = Reader::open(disk, Position(0)).unwrap();
    let error = reader.next().unwrap_err().to_string();
    assert!(error.contains("no open entry of its connection"), "{error}");
    reader.skip_damage().unwrap();
    assert_eq!(reader.next().unwrap().unwrap().bytes, b"next");
}

#[test]
fn there_is_a_message_where_no_journal_is() {
    let error = Reader::open(SimDisk::new(), Position(0)).unwrap_err().to_string();
    assert_eq!(error, "there is no journal in `sim/`");
    let _ = texts(&[]);
}
