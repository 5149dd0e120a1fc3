//! What the tests share: an imitation of an event loop that knows which rows must come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use journal::{
    AtCap, Batch, EntryFlags, EntryHead, Inlet, Journal, Link, Options, Reader, SimDisk, entry_overhead,
};
use record::{LineFlags, Micros, Position};

/// Small, so that little data fills many segments.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 2048,
        bytes_max: 1 << 30,
        at_cap: AtCap::Block,
        keep_bytes: 0,
        batch_bytes: 700,
        batches: 3,
    }
}

/// What ends an append: see [`EntryFlags`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    None,
    Open,
    Split,
    Unterminated,
}

/// A row that was handed to the journal.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: LineFlags,
    pub(crate) peer: String,
    pub(crate) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    InBatch { seq: u64, offset: u64 },
    Durable(u64),
}

#[derive(Clone, Debug)]
struct Conn {
    id: u64,
    peer: String,
    open: Option<Open>,
    after_split: bool,
}

#[derive(Clone, Debug)]
struct Open {
    first: Link,
    last: Link,
    bytes: Vec<u8>,
}

/// One event loop with a few connections, and every row it ever sent.
pub(crate) struct Feeder {
    inlet: Inlet,
    batch: Option<Batch>,
    pub(crate) source: String,
    conns: Vec<Conn>,
    pub(crate) rows: Vec<Row>,
}

fn next_conn() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn fresh(peer: &str) -> Conn {
    Conn { id: next_conn(), peer: peer.to_owned(), open: None, after_split: false }
}

impl Feeder {
    /// `rows` are those that the journal has of this source already.
    pub(crate) fn new(journal: &mut Journal, number: usize, rows: Vec<Row>) -> Self {
        Self { rows, ..Self::woken_by(journal, number, Arc::new(|| {})) }
    }

    pub(crate) fn woken_by(journal: &mut Journal, number: usize, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            inlet: journal.inlet(wake),
            batch: None,
            source: format!("source-{number}"),
            conns: (0..3).map(|conn| fresh(&format!("peer-{conn}"))).collect(),
            rows: Vec::new(),
        }
    }

    /// Whole lines, in entries of one line each.
    pub(crate) fn lines(&mut self, lines: &[&str]) {
        self.lines_of(0, lines);
    }

    pub(crate) fn lines_of(&mut self, conn: usize, lines: &[&str]) {
        for line in lines {
            assert!(self.append(conn, format!("{line}\n").as_bytes(), Tail::None), "no batch for `{line}`");
        }
    }

    /// One entry. False when there was no batch to put it in, or no such entry can be.
    pub(crate) fn append(&mut self, conn: usize, payload: &[u8], tail: Tail) -> bool {
        let conn = conn % self.conns.len();
        let peer = self.conns[conn].peer.clone();
        let ends_line = payload.ends_with(b"\n");
        let possible = match tail {
            Tail::None => ends_line,
            Tail::Open => !payload.is_empty(),
            Tail::Split | Tail::Unterminated => {
                !ends_line && (!payload.is_empty() || self.conns[conn].open.is_some())
            }
        };
        if !possible || !self.make_room(entry_overhead(&self.source, &peer) + payload.len()) {
            return false;
        }
        let batch = self.batch.as_mut().expect("there is room in it");
        let Conn { id, ref open, after_split, .. } = self.conns[conn];
        let link = open.as_ref().map(|open| open.last);
        batch.begin(&EntryHead { conn: id, received: Micros(id), link, source: &self.source, peer: &peer });
        batch.push(payload);
        let lines = payload.iter().filter(|&&byte| byte == b'\n').count();
        let mut flags = match tail {
            Tail::None => EntryFlags::NONE,
            Tail::Open => EntryFlags::OPEN,
            Tail::Split => EntryFlags::SPLIT_END,
            Tail::Unterminated => EntryFlags::UNTERMINATED,
        };
        if after_split {
            flags = flags.with(EntryFlags::AFTER_SPLIT);
        }
        let (seq, offset) = (batch.seq(), batch.end(lines as u32, flags));
        let payload_at = u64::from(offset) + entry_overhead(&self.source, &peer) as u64;
        self.expect(conn, payload, tail, Link::Pending { seq, offset }, payload_at);
        true
    }

    /// What the journal must make of the entry.
    fn expect(&mut self, conn: usize, payload: &[u8], tail: Tail, here: Link, payload_at: u64) {
        let Link::Pending { seq, .. } = here else { unreachable!("it is in a batch") };
        let Conn { peer, open, mut after_split, .. } = self.conns[conn].clone();
        let mut first = open.as_ref().map_or(here, |open| open.first);
        let mut bytes = open.map_or(Vec::new(), |open| open.bytes);
        let mut at = payload_at;
        let pieces: Vec<&[u8]> = payload.split(|&byte| byte == b'\n').collect();
        let (rest, whole) = pieces.split_last().expect("split yields at least one");
        let split = |after: bool| if after { LineFlags::SPLIT } else { LineFlags::default() };
        for piece in whole {
            bytes.extend_from_slice(piece);
            let row = bytes.strip_suffix(b"\r").unwrap_or(&bytes).to_vec();
            at += piece.len() as u64;
            let place = Place::InBatch { seq, offset: at };
            self.rows.push(Row { bytes: row, flags: split(after_split), peer: peer.clone(), place });
            at += 1;
            bytes.clear();
            (first, after_split) = (here, false);
        }
        bytes.extend_from_slice(rest);
        at += rest.len() as u64;
        let state = &mut self.conns[conn];
        (state.open, state.after_split) = (None, after_split);
        match tail {
            Tail::None => {}
            Tail::Open => state.open = Some(Open { first, last: here, bytes }),
            Tail::Split | Tail::Unterminated => {
                let mut flags = split(after_split || tail == Tail::Split);
                if tail == Tail::Unterminated {
                    flags = flags.with(LineFlags::UNTERMINATED);
                    *state = fresh(&peer);
                } else {
                    state.after_split = true;
                }
                self.rows.push(Row { bytes, flags, peer, place: Place::InBatch { seq, offset: at - 1 } });
            }
        }
    }

    /// Hands the batch over, if there is one.
    pub(crate) fn submit(&mut self) {
        if let Some(batch) = self.batch.take() {
            self.inlet.submit(batch);
        }
    }

    /// Takes back what became durable. Returns how many batches that was.
    pub(crate) fn take(&mut self) -> usize {
        let mut taken = 0;
        while let Some(batch) = self.inlet.take_durable() {
            taken += 1;
            for row in &mut self.rows {
                match row.place {
                    Place::InBatch { seq, offset } if seq == batch.seq() => {
                        row.place = Place::Durable(batch.address() + offset);
                    }
                    _ => {}
                }
            }
            for open in self.conns.iter_mut().filter_map(|conn| conn.open.as_mut()) {
                for link in [&mut open.first, &mut open.last] {
                    match *link {
                        Link::Pending { seq, offset } if seq == batch.seq() => {
                            *link = Link::At(batch.address() + u64::from(offset));
                        }
                        _ => {}
                    }
                }
            }
            self.inlet.recycle(batch);
        }
        let known = self.conns.iter().filter_map(|conn| match conn.open.as_ref()?.first {
            Link::At(address) => Some(address),
            Link::Pending { .. } => None,
        });
        self.inlet.publish_open_floor(known.min());
        taken
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.inlet.is_idle()
    }

    fn make_room(&mut self, bytes: usize) -> bool {
        if self.batch.as_ref().is_some_and(|batch| batch.room() < bytes) {
            self.submit();
        }
        if self.batch.is_none() {
            self.batch = self.inlet.start();
        }
        self.batch.as_ref().is_some_and(|batch| batch.room() >= bytes)
    }
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadRow {
    pub(crate) position: u64,
    pub(crate) source: String,
    pub(crate) peer: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: LineFlags,
}

/// Every row from `from` on. Panics on damage.
pub(crate) fn read_from(mut reader: Reader) -> Vec<ReadRow> {
    let mut rows = Vec::new();
    while let Some(line) = reader.next().expect("no damage") {
        rows.push(ReadRow {
            position: line.position.0,
            source: line.source.to_owned(),
            peer: line.peer.to_owned(),
            bytes: line.bytes.to_vec(),
            flags: line.flags,
        });
    }
    assert!(rows.is_sorted_by(|one, other| one.position < other.position), "positions grow");
    rows
}

pub(crate) fn read_all(disk: &SimDisk) -> Vec<ReadRow> {
    read_from(Reader::open(disk.clone(), Position(0)).expect("a journal"))
}

pub(crate) fn texts(rows: &[ReadRow]) -> Vec<String> {
    rows.iter().map(|row| String::from_utf8_lossy(&row.bytes).into_owned()).collect()
}

/// Checks what was read from position `from` on against what one feeder sent: all durable rows at their
/// places, then a prefix of the others, nothing else. Keeps in `sent` what is there.
pub(crate) fn check_and_keep(read: &[ReadRow], source: &str, sent: &mut Vec<Row>, from: u64) {
    let mine: Vec<&ReadRow> = read.iter().filter(|row| row.source == source).collect();
    let before = sent.iter().take_while(|row| matches!(row.place, Place::Durable(at) if at < from)).count();
    let durable = sent.iter().filter(|row| matches!(row.place, Place::Durable(_))).count();
    assert!(mine.len() + before >= durable, "{source}: {} rows, {durable} are durable", mine.len() + before);
    assert!(mine.len() + before <= sent.len(), "{source}: rows were invented");
    sent.truncate(mine.len() + before);
    for (row, read) in sent[before..].iter_mut().zip(&mine) {
        assert_eq!(
            (&read.bytes, read.flags, &read.peer),
            (&row.bytes, row.flags, &row.peer),
            "{source} at {}",
            read.position
        );
        match row.place {
            Place::Durable(at) => assert_eq!(read.position, at, "{source}: the position stays"),
            Place::InBatch { .. } => row.place = Place::Durable(read.position),
        }
    }
}
