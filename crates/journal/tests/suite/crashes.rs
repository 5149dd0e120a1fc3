//! Random work, power cuts and kills: whatever was reported durable comes back, in order, unchanged, and
//! nothing else.

use crate::feeder::{Feeder, Place, Tail, check_and_keep, read_from};
use journal::{AtCap, Cursor, Journal, Options, SimDisk};
use proptest::prelude::*;
use record::Position;

#[derive(Clone, Debug)]
enum Op {
    Append {
        feeder: usize,
        conn: usize,
        payload: Vec<u8>,
        tail: Tail,
    },
    Submit(usize),
    /// Batches are committed, and taken back or not.
    Step {
        take: bool,
    },
    Seal,
    /// The consumer has dealt with this share of the durable rows, in 1/256.
    Checkpoint(u8),
    Crash(u64),
    Kill,
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![4 => Just(b'a'), 4 => Just(b'b'), 1 => Just(b'\r'), 2 => Just(b'\n'), 1 => any::<u8>()];
    prop_oneof![prop::collection::vec(byte, 0..40), prop::collection::vec(Just(b'x'), 0..300)]
}

fn op() -> impl Strategy<Value = Op> {
    let tail = prop_oneof![
        4 => Just(Tail::None),
        4 => Just(Tail::Open),
        1 => Just(Tail::Split),
        1 => Just(Tail::Unterminated)
    ];
    let append = (0..3usize, 0..3usize, payload(), tail).prop_map(|(feeder, conn, mut payload, tail)| {
        if tail == Tail::None {
            payload.push(b'\n');
        }
        Op::Append { feeder, conn, payload, tail }
    });
    prop_oneof![
        24 => append,
        6 => (0..3usize).prop_map(Op::Submit),
        6 => any::<bool>().prop_map(|take| Op::Step { take }),
        1 => Just(Op::Seal),
        2 => any::<u8>().prop_map(Op::Checkpoint),
        1 => any::<u64>().prop_map(Op::Crash),
        1 => Just(Op::Kill),
    ]
}

struct World {
    disk: SimDisk,
    options: Options,
    journal: Option<Journal>,
    feeders: Vec<Feeder>,
    cursor: Option<Cursor>,
}

impl World {
    fn new(options: Options, feeders: usize) -> Self {
        let disk = SimDisk::new();
        let (mut journal, _) = Journal::open(disk.clone(), options).unwrap();
        let feeders = (0..feeders).map(|number| Feeder::new(&mut journal, number, Vec::new())).collect();
        let cursor = Some(journal.cursor("main").unwrap());
        Self { disk, options, journal: Some(journal), feeders, cursor }
    }

    fn apply(&mut self, op: Op) {
        let count = self.feeders.len();
        let journal = self.journal.as_mut().unwrap();
        match op {
            Op::Append { feeder, conn, payload, tail } => {
                self.feeders[feeder % count].append(conn, &payload, tail);
            }
            Op::Submit(feeder) => self.feeders[feeder % count].submit(),
            Op::Step { take } => {
                journal.step();
                if take {
                    self.feeders.iter_mut().for_each(|feeder| _ = feeder.take());
                }
            }
            Op::Seal => journal.seal(),
            Op::Checkpoint(share) => self.checkpoint(share),
            Op::Crash(seed) => self.reopen(self.disk.crash(seed)),
            Op::Kill => self.reopen(self.disk.kill()),
        }
    }

    fn checkpoint(&mut self, share: u8) {
        let places = self.feeders.iter().flat_map(|feeder| &feeder.rows).map(|row| row.place);
        let mut durable: Vec<u64> =
            places.filter_map(|place| if let Place::Durable(at) = place { Some(at) } else { None }).collect();
        durable.sort_unstable();
        let cursor = self.cursor.as_mut().unwrap();
        if let Some(&at) = durable.get(durable.len() * usize::from(share) / 256)
            && at >= cursor.position().0
        {
            cursor.checkpoint(Position(at)).unwrap();
        }
    }

    /// Opens what is left, and checks it. New connections go on.
    fn reopen(&mut self, disk: SimDisk) {
        let known = self.cursor.take().map(|cursor| cursor.position());
        self.journal = None;
        let (mut journal, recovered) = Journal::open(disk.clone(), self.options).unwrap();
        let cursor = journal.cursor("main").unwrap();
        let from = cursor.position();
        assert_eq!(Some(from), known, "a checkpoint is durable");
        let read = read_from(journal.handle().reader(from).unwrap());
        assert!(recovered.end == journal.handle().durable());
        for (number, feeder) in self.feeders.iter_mut().enumerate() {
            let mut rows = std::mem::take(&mut feeder.rows);
            check_and_keep(&read, &feeder.source, &mut rows, from.0);
            *feeder = Feeder::new(&mut journal, number, rows);
        }
        (self.disk, self.journal, self.cursor) = (disk, Some(journal), Some(cursor));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn what_was_durable_comes_back(
        ops in prop::collection::vec(op(), 1..150),
        feeders in 1..4usize,
        segment in 2..9u64,
        batch in 300..900usize,
        last in any::<u64>(),
    ) {
        let segment_bytes = segment * 512;
        let options = Options { segment_bytes, bytes_max: 1 << 30, at_cap: AtCap::Block, keep_bytes: 0, batch_bytes: batch, batches: 3 };
        let mut world = World::new(options, feeders);
        for op in ops {
            world.apply(op);
        }
        world.apply(Op::Crash(last));
        // It still takes new lines.
        world.feeders[0].lines(&["a fresh line"]);
        world.feeders[0].submit();
        prop_assert!(world.journal.as_mut().unwrap().step());
        world.feeders[0].take();
        world.apply(Op::Crash(last));
        let last = world.feeders[0].rows.last().unwrap();
        prop_assert_eq!(last.bytes.as_slice(), b"a fresh line");
    }
}
