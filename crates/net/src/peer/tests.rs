//! The state machine alone: chunks in, and what a reader makes of the journal out.

use std::sync::Arc;
use std::time::Duration;

use journal::{AtCap, FRAME_HEADER_BYTES, Inlet, Journal, Options, Reader, SimDisk};
use proptest::prelude::*;
use record::{LineFlags, Micros, Position};
use wire::AckText;

use super::{OpenBatch, Peer};
use crate::fanout::{Behind, Fanout, FanoutOptions};
use crate::slab::{Key, Slab};
use crate::{DialOptions, Role, Source, SourceCounters};

/// What happens to a peer.
#[derive(Clone, Debug)]
enum Step {
    /// These bytes come, in one turn.
    Read(Vec<u8>),
    /// The batch is committed and comes back.
    Commit,
    /// The batch is committed and comes back some time later.
    Submit,
    /// The unfinished row is too old.
    Cut,
    /// The socket takes so many bytes of what is owed.
    Reply(usize),
    /// Somebody else sends so long a line to all.
    Publish(usize),
}

/// A peer, and a journal that commits when it is told to.
struct Bench {
    peer: Peer,
    disk: SimDisk,
    journal: Journal,
    inlet: Inlet,
    open: Option<OpenBatch>,
    submitted: Vec<OpenBatchRuns>,
    replied: Vec<u8>,
    fanout: Fanout,
}

type OpenBatchRuns = Vec<super::Run>;

const NOW: Micros = Micros(1);

fn source(chunk_bytes: usize, line_bytes_max: usize) -> Arc<Source> {
    Arc::new(Source {
        name: "source".into(),
        chunk_bytes,
        line_bytes_max: line_bytes_max as u32,
        ack: Some(AckText::new(b"ACK\n")),
        idle_timeout: None,
        keepalive: None,
        peers_max: 1,
        dial: DialOptions {
            connect_timeout: Duration::ZERO,
            backoff_min: Duration::ZERO,
            backoff_max: Duration::ZERO,
            once: false,
        },
        role: Role::Peers,
        fanout: None,
        counters: SourceCounters::default(),
    })
}

impl Bench {
    /// With batches that have room for `reads` reads.
    fn new(chunk_bytes: usize, line_bytes_max: usize, reads: usize) -> Self {
        let source = source(chunk_bytes, line_bytes_max);
        let disk = SimDisk::new();
        let batch_bytes = FRAME_HEADER_BYTES + reads * Peer::room(&source, "peer");
        let options = Options {
            segment_bytes: (4 * batch_bytes).next_multiple_of(512).max(1024) as u64,
            bytes_max: 1 << 30,
            at_cap: AtCap::Block,
            keep_bytes: 0,
            batch_bytes,
            batches: 4,
        };
        let (mut journal, _) = Journal::open(disk.clone(), options).expect("an empty disk");
        let inlet = journal.inlet(Arc::new(|| {}));
        let key: Key = Slab::<()>::default().next_key();
        let mut peer = Peer::new(source, "peer".into(), 1, key);
        let fanout = Fanout::new(FanoutOptions { ring_bytes: 1 << 20, behind: Behind::Skip });
        peer.receiver = Some(Box::new(fanout.join(Some(&peer.name))));
        Self { peer, disk, journal, inlet, open: None, submitted: Vec::new(), replied: Vec::new(), fanout }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Read(bytes) => self.read(bytes),
            Step::Commit => {
                self.submit();
                self.commit();
            }
            Step::Submit => self.submit(),
            Step::Cut => self.with_batch(|peer, open| peer.cut_row(open, NOW)),
            Step::Reply(most) => {
                self.reply(*most);
            }
            Step::Publish(length) => {
                self.fanout.publish([(None, &*b"o".repeat(*length)), (Some("peer"), &b"its own"[..])]);
            }
        }
    }

    /// One turn: the bytes come in chunks, as the event loop reads them.
    fn read(&mut self, bytes: &[u8]) {
        let (chunk_bytes, room) =
            (self.peer.source.chunk_bytes, Peer::room_to_read(&self.peer.source, "peer"));
        let mut rest = bytes;
        while !rest.is_empty() {
            self.with_batch(|peer, open| {
                peer.begin(&mut open.batch, NOW);
                while !rest.is_empty() && open.batch.room() >= room {
                    let (chunk, later) = rest.split_at(chunk_bytes.min(rest.len()));
                    open.batch.space(chunk_bytes)[..chunk.len()].copy_from_slice(chunk);
                    peer.received(open, chunk.len(), NOW);
                    rest = later;
                }
                peer.pause(open);
                assert!(peer.held.len() <= chunk_bytes, "{} bytes held", peer.held.len());
            });
        }
    }

    fn with_batch(&mut self, act: impl FnOnce(&mut Peer, &mut OpenBatch)) {
        let room = Peer::room(&self.peer.source, "peer");
        if self.open.as_ref().is_some_and(|open| open.batch.room() < room) {
            self.submit();
        }
        if self.open.is_none() {
            let batch = self.inlet.start().or_else(|| {
                self.commit();
                self.inlet.start()
            });
            self.open = batch.map(|batch| OpenBatch { batch, runs: Vec::new() });
        }
        act(&mut self.peer, self.open.as_mut().expect("a batch after a commit"));
    }

    fn submit(&mut self) {
        let Some(open) = self.open.take() else { return };
        if open.batch.is_empty() {
            return self.inlet.recycle(open.batch);
        }
        self.submitted.push(open.runs);
        self.inlet.submit(open.batch);
    }

    fn commit(&mut self) {
        self.journal.step();
        while let Some(batch) = self.inlet.take_durable() {
            for run in self.submitted.remove(0) {
                self.peer.durable(run, batch.seq(), batch.address());
            }
            self.inlet.recycle(batch);
        }
        self.inlet.publish_open_floor(self.peer.first_piece());
    }

    fn reply(&mut self, most: usize) -> bool {
        let view = self.fanout.look();
        if let Some(receiver) = &mut self.peer.receiver {
            assert_eq!(view.catch_up(receiver), 0, "the ring has room for all");
        }
        let Some(bytes) = self.peer.reply(Some(&view)) else { return false };
        let taken = most.min(bytes.len());
        self.replied.extend_from_slice(&bytes[..taken]);
        self.peer.replied(taken, Some(&view));
        true
    }

    /// Ends the stream and commits; the rows as they are read back.
    fn finish(&mut self) -> Vec<(Vec<u8>, LineFlags)> {
        self.with_batch(|peer, open| peer.end(open, NOW));
        self.submit();
        self.commit();
        while self.reply(usize::MAX) {}
        let mut reader = Reader::open(self.disk.clone(), Position(0)).expect("a journal");
        let mut rows = Vec::new();
        while let Some(line) = reader.next().expect("an undamaged journal") {
            assert_eq!((line.peer, line.source), ("peer", "source"));
            rows.push((line.bytes.to_vec(), line.flags));
        }
        rows
    }
}

/// The same, told slowly: the rows of what came, cut at `max` bytes and where the steps say.
fn model(steps: &[Step], max: usize) -> Vec<(Vec<u8>, LineFlags)> {
    let (mut rows, mut row, mut split) = (Vec::new(), Vec::new(), LineFlags::default());
    for step in steps {
        match step {
            Step::Read(bytes) => {
                for &byte in bytes {
                    if byte == b'\n' {
                        let end = row.len() - usize::from(row.last() == Some(&b'\r'));
                        rows.push((row[..end].to_vec(), std::mem::take(&mut split)));
                        row.clear();
                        continue;
                    }
                    if row.len() == max {
                        split = LineFlags::SPLIT;
                        rows.push((std::mem::take(&mut row), split));
                    }
                    row.push(byte);
                }
            }
            Step::Cut if !row.is_empty() => {
                split = LineFlags::SPLIT;
                rows.push((std::mem::take(&mut row), split));
            }
            _ => {}
        }
    }
    if !row.is_empty() || !split.is_empty() {
        rows.push((row, split.with(LineFlags::UNTERMINATED)));
    }
    rows
}

fn step() -> impl Strategy<Value = Step> {
    let byte = prop_oneof![8 => any::<u8>(), 2 => Just(b'\n'), 1 => Just(b'\r')];
    prop_oneof![
        8 => prop::collection::vec(byte, 1..200).prop_map(Step::Read),
        2 => prop::collection::vec(Just(b'x'), 1..500).prop_map(Step::Read),
        3 => Just(Step::Commit),
        2 => Just(Step::Submit),
        1 => Just(Step::Cut),
        3 => (0_usize..40).prop_map(Step::Reply),
        2 => (0_usize..20).prop_map(Step::Publish),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_journal_holds_the_rows_of_the_stream_however_it_comes(
        steps in prop::collection::vec(step(), 0..40),
        chunk in 16_usize..64,
        more in 0_usize..200,
        reads in 1_usize..5,
    ) {
        let max = chunk + more;
        let mut bench = Bench::new(chunk, max, reads);
        for step in &steps {
            bench.step(step);
        }
        let rows = bench.finish();
        prop_assert_eq!(rows, model(&steps, max));

        let newline = |step: &Step| match step {
            Step::Read(bytes) => bytes.iter().filter(|&&byte| byte == b'\n').count(),
            _ => 0,
        };
        let lines: usize = steps.iter().map(newline).sum();
        // Neither an ACK nor another's line is ever within the other.
        let (acks, others): (Vec<_>, Vec<_>) =
            bench.replied.split_inclusive(|&byte| byte == b'\n').partition(|line| *line == b"ACK\n");
        prop_assert_eq!(acks.len(), lines);
        let published = steps.iter().filter_map(|step| match step {
            Step::Publish(length) => Some([&*b"o".repeat(*length), b"\n"].concat()),
            _ => None,
        });
        prop_assert_eq!(others, published.collect::<Vec<_>>());
        prop_assert_eq!((bench.peer.lines, bench.peer.unacked()), (lines as u64, 0));
    }
}

#[test]
fn nothing_is_owed_before_the_batch_comes_back() {
    let mut bench = Bench::new(64, 1000, 4);
    bench.step(&Step::Read(b"one\ntwo\nthr".to_vec()));
    bench.step(&Step::Submit);
    assert_eq!((bench.peer.reply(None), bench.peer.unacked()), (None, 2));
    bench.step(&Step::Commit);
    assert_eq!((bench.peer.reply(None), bench.peer.unacked()), (Some(&b"ACK\nACK\n"[..]), 2));
    bench.reply(7);
    assert_eq!((bench.peer.reply(None), bench.peer.unacked()), (Some(&b"\n"[..]), 1));
}

#[test]
fn acks_owed_are_a_count() {
    let mut bench = Bench::new(64, 1000, 4);
    for _ in 0..1000 {
        bench.step(&Step::Read(b"\n".repeat(60)));
        bench.step(&Step::Commit);
    }
    assert_eq!(bench.peer.unacked(), 60_000);
    assert_eq!(bench.peer.held.len(), 0);
    assert!(size_of::<Peer>() <= crate::PEER_BYTES);
}
