//! Building a batch.

use std::sync::Arc;

use journal::{
    EntryFlags, EntryHead, FRAME_HEADER_BYTES, Inlet, Journal, Link, Reader, SimDisk, entry_overhead,
};
use record::{Micros, Position};

use crate::feeder::{read_from, small, texts};

fn journal() -> (SimDisk, Journal, Inlet) {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let inlet = journal.inlet(Arc::new(|| {}));
    (disk, journal, inlet)
}

fn head(link: Option<Link>) -> EntryHead<'static> {
    EntryHead { conn: 1, received: Micros(1), link, source: "source", peer: "peer" }
}

#[test]
fn only_what_was_filled_and_not_cut_is_payload() {
    let (disk, mut journal, mut inlet) = journal();
    let mut batch = inlet.start().unwrap();
    assert!(batch.is_empty());
    let room = batch.room();
    batch.begin(&head(None));
    assert_eq!(room - batch.room(), entry_overhead("source", "peer"));
    batch.space(20)[..7].copy_from_slice(b"one\ntwo");
    batch.fill(7);
    batch.push(b"\nthree");
    assert_eq!(batch.payload(), b"one\ntwo\nthree");
    batch.truncate(8);
    assert_eq!(batch.end(2, EntryFlags::NONE) as usize, FRAME_HEADER_BYTES);
    let bytes = batch.bytes();
    batch.begin(&head(None));
    batch.push(b"never mind\n");
    batch.cancel();
    assert_eq!((batch.bytes(), batch.lines(), batch.payload()), (bytes, 2, &b""[..]));
    inlet.submit(batch);
    journal.step();
    assert_eq!(texts(&read_from(Reader::open(disk, Position(0)).unwrap())), ["one", "two"]);
}

#[test]
fn a_batch_may_be_filled_to_the_last_byte() {
    let (disk, mut journal, mut inlet) = journal();
    let mut batch = inlet.start().unwrap();
    batch.begin(&head(None));
    let room = batch.room();
    batch.space(room).fill(b'x');
    batch.fill(room);
    batch.end(0, EntryFlags::OPEN);
    assert_eq!(batch.room(), 0);
    let seq = batch.seq();
    inlet.submit(batch);
    let mut batch = inlet.start().unwrap();
    batch.begin(&head(Some(Link::Pending { seq, offset: FRAME_HEADER_BYTES as u32 })));
    batch.push(b"\n");
    batch.end(1, EntryFlags::NONE);
    inlet.submit(batch);
    assert!(journal.step());
    let rows = read_from(Reader::open(disk, Position(0)).unwrap());
    assert_eq!((rows.len(), rows[0].bytes.len()), (1, room));
}

#[test]
fn batches_run_out_and_come_back_in_order() {
    let (_, mut journal, mut inlet) = journal();
    let mut seqs = Vec::new();
    while let Some(batch) = inlet.start() {
        seqs.push(batch.seq());
        inlet.submit(batch);
    }
    assert_eq!((seqs.as_slice(), inlet.is_idle()), (&[0, 1, 2][..], false));
    assert!(inlet.take_durable().is_none());
    assert!(journal.step() && inlet.is_idle());
    let back: Vec<u64> = std::iter::from_fn(|| inlet.take_durable().map(|batch| batch.seq())).collect();
    assert_eq!(back, seqs);
}

#[test]
fn long_names_are_cut() {
    let (disk, mut journal, mut inlet) = journal();
    let mut batch = inlet.start().unwrap();
    let (source, peer) = ("s".repeat(300), "\u{e9}".repeat(150));
    batch.begin(&EntryHead { source: &source, peer: &peer, ..head(None) });
    batch.push(b"a\n");
    batch.end(1, EntryFlags::NONE);
    inlet.submit(batch);
    journal.step();
    let rows = read_from(Reader::open(disk, Position(0)).unwrap());
    assert_eq!((rows[0].source.len(), rows[0].peer.len()), (255, 254));
}
