//! What the fuzz targets have in common: a small journal, and damage to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use journal::{AtCap, EntryFlags, EntryHead, Inlet, Journal, Link, Options, ReadError, Reader, SimDisk};
use record::{Micros, Position};

/// One small segment after the other.
pub const OPTIONS: Options =
    Options { segment_bytes: 4096, bytes_max: 1 << 20, at_cap: AtCap::Block, keep_bytes: 0, batch_bytes: 1024, batches: 4 };

/// Lines of every kind that entries hold: whole ones, one in pieces, one cut, one without its end.
const ENTRIES: &[(&[u8], u32, EntryFlags)] = &[
    (b"one\ntwo\r\n\n", 3, EntryFlags::NONE),
    (b"begins here, ", 0, EntryFlags::OPEN),
    (b"ends there\nnext\n", 2, EntryFlags::NONE),
    (b"a row that is cut", 0, EntryFlags::SPLIT_END),
    (b" and goes on\n", 1, EntryFlags::AFTER_SPLIT),
    (b"no newline", 0, EntryFlags::UNTERMINATED),
];

/// A disk with a journal of several segments that was closed in order.
pub fn journal_on_disk() -> SimDisk {
    let disk = SimDisk::new();
    let (mut journal, _) = Journal::open(disk.clone(), OPTIONS).expect("an empty disk");
    let mut inlet = journal.inlet(Arc::new(|| {}));
    for _ in 0..24 {
        append(&mut journal, &mut inlet);
    }
    journal.seal();
    disk.kill()
}

/// Appends one batch with an entry of each kind. Returns false when it did not become durable.
pub fn append(journal: &mut Journal, inlet: &mut Inlet) -> bool {
    let mut batch = inlet.start().expect("a batch is free");
    let mut link = None;
    for &(payload, lines, flags) in ENTRIES {
        batch.begin(&EntryHead { conn: 7, received: Micros(1), link, source: "s", peer: "p" });
        batch.push(payload);
        let offset = batch.end(lines, flags);
        link = flags.contains(EntryFlags::OPEN).then_some(Link::Pending { seq: batch.seq(), offset });
    }
    inlet.submit(batch);
    journal.step();
    let durable = inlet.take_durable();
    let done = durable.is_some();
    durable.into_iter().for_each(|batch| inlet.recycle(batch));
    done
}

/// The rows of [`append`].
pub fn rows() -> BTreeSet<&'static [u8]> {
    let rows: [&[u8]; 9] = [
        b"one", b"two", b"", b"begins here, ends there", b"next", b"a row that is cut", b" and goes on", b"no newline",
        b"ends there",
    ];
    rows.into()
}

/// Overwrites bytes of the segments: the input says which, four bytes for each. Returns how many were changed.
pub fn damage(disk: &SimDisk, input: &[u8]) -> usize {
    let bases = [0_u64, 4096, 8192];
    let edits: Vec<[u8; 4]> = input.chunks_exact(4).take(64).map(|edit| [edit[0], edit[1], edit[2], edit[3]]).collect();
    for [which, high, low, value] in &edits {
        let name = format!("seg-{:020}.cmj", bases[usize::from(*which) % bases.len()]);
        let at = usize::from(u16::from_be_bytes([*high, *low])) % 4096;
        disk.edit(&name, |bytes| bytes[at] = *value);
    }
    edits.len()
}

/// Reads all there is, over damage where there is some. Nothing may come back that was not written.
pub fn read_all(disk: &SimDisk) -> usize {
    let written = rows();
    let Ok(mut reader) = Reader::open(disk.clone(), Position(0)) else { return 0 };
    let (mut count, mut damages) = (0, 0);
    loop {
        match reader.next() {
            Ok(Some(line)) => {
                assert!(written.contains(line.bytes), "invented: {:?}", String::from_utf8_lossy(line.bytes));
                assert_eq!((line.source, line.peer), ("s", "p"));
                count += 1;
            }
            Ok(None) => return count,
            Err(ReadError::Damaged { .. }) => {
                damages += 1;
                assert!(damages < 10_000, "the same damage is found for ever");
                if reader.skip_damage().is_err() {
                    return count;
                }
            }
            Err(_) => return count,
        }
    }
}
