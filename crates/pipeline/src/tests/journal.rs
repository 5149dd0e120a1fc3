use std::sync::Arc;

use ::journal::{AtCap, EntryFlags, EntryHead, Handle, Inlet, Journal, Options, Reader, SimDisk};
use record::{Micros, Position};

/// A journal in memory, and every line that was ever put into it.
pub(super) struct TestJournal {
    pub(super) disk: SimDisk,
    journal: Journal,
    inlet: Inlet,
    pub(super) lines: Vec<TestLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TestLine {
    pub(super) position: u64,
    pub(super) source: String,
    pub(super) peer: String,
    pub(super) text: String,
}

/// Small, so that little data fills many segments.
fn small() -> Options {
    Options {
        segment_bytes: 2048,
        bytes_max: 1 << 30,
        at_cap: AtCap::Block,
        keep_bytes: 0,
        batch_bytes: 1500,
        batches: 3,
    }
}

fn open(disk: &SimDisk) -> (Journal, Inlet) {
    let (mut journal, _) = Journal::open(disk.clone(), small()).unwrap();
    let inlet = journal.inlet(Arc::new(|| {}));
    (journal, inlet)
}

impl TestJournal {
    pub(super) fn new() -> Self {
        let disk = SimDisk::new();
        let (journal, inlet) = open(&disk);
        Self { disk, journal, inlet, lines: Vec::new() }
    }

    pub(super) fn handle(&self) -> Handle {
        self.journal.handle()
    }

    /// Puts lines into one frame, durably.
    pub(super) fn put(&mut self, source: &str, peer: &str, texts: &[&str]) {
        let after = self.lines.last().map_or(0, |line| line.position + 1);
        let mut batch = self.inlet.start().expect("batches came back");
        for text in texts {
            batch.begin(&EntryHead { conn: 1, received: Micros(1000), link: None, source, peer });
            batch.push(text.as_bytes());
            batch.push(b"\n");
            batch.end(1, EntryFlags::NONE);
        }
        self.inlet.submit(batch);
        assert!(self.journal.step());
        while let Some(batch) = self.inlet.take_durable() {
            self.inlet.recycle(batch);
        }
        let mut reader = Reader::open(self.disk.clone(), Position(after)).unwrap();
        while let Some(line) = reader.next().unwrap() {
            self.lines.push(TestLine {
                position: line.position.0,
                source: line.source.to_owned(),
                peer: line.peer.to_owned(),
                text: String::from_utf8(line.bytes.to_vec()).unwrap(),
            });
        }
    }

    /// Lines `from..to`, numbered.
    pub(super) fn put_numbers(&mut self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.put("s", "p", &[&format!("line {number}")]);
        }
    }

    /// Frees the segments that no cursor needs.
    pub(super) fn step(&mut self) {
        self.journal.step();
    }

    /// Finds the journal again after the power went, or after its process was killed.
    pub(super) fn reopen(self, crash: Option<u64>) -> Self {
        let Self { disk, journal, inlet, lines } = self;
        drop((journal, inlet));
        let disk = crash.map_or_else(|| disk.kill(), |seed| disk.crash(seed));
        let (journal, inlet) = open(&disk);
        Self { disk, journal, inlet, lines }
    }

    /// Gives it its thread.
    pub(super) fn start(self) -> (::journal::Writer, Inlet) {
        (self.journal.start(), self.inlet)
    }

    pub(super) fn positions(&self) -> Vec<u64> {
        self.lines.iter().map(|line| line.position).collect()
    }
}
