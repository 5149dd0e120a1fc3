use std::collections::VecDeque;
use std::sync::Arc;

use record::{Batch, Position};

/// What a block is taken to use beside its records, in bytes.
const BLOCK_BYTES: usize = 1024;

/// Recent records, in blocks. Pure: no lock, no waiting.
///
/// Bounded by `bytes_max`, counting twice what the records take, since memory grows ahead of its use. What does not fit alone is
/// not kept.
#[derive(Debug)]
pub(super) struct Ring {
    blocks: VecDeque<Block>,
    bytes: usize,
    bytes_max: usize,
    /// Every record behind this place is in the ring; `None` before anything came.
    begin: Option<Position>,
    /// Up to here everything came.
    end: Position,
    /// The number of the next record.
    next: u64,
}

/// Some records, numbered one after the other.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) batch: Arc<Batch>,
    /// The number of its first record.
    pub(super) first: u64,
    /// The place of its last record.
    pub(super) last: Position,
    bytes: usize,
}

impl Block {
    /// The number behind its last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.batch.len() as u64
    }
}

impl Ring {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { blocks: VecDeque::new(), bytes: 0, bytes_max, begin: None, end: Position(0), next: 0 }
    }

    pub(super) fn begin(&self) -> Option<Position> {
        self.begin
    }

    pub(super) fn end(&self) -> Position {
        self.end
    }

    /// The number of the next record that comes.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The number of the first record in it, or of the next one.
    pub(super) fn first(&self) -> u64 {
        self.blocks.front().map_or(self.next, |block| block.first)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes records, which must not be empty.
    pub(super) fn push(&mut self, batch: Batch) {
        let (Some(last), first) = (batch.last_position(), self.next) else { return };
        let before = Position(batch.get(0).position().0.saturating_sub(1));
        self.begin.get_or_insert(before);
        let bytes = 2 * batch.bytes() + BLOCK_BYTES;
        self.next += batch.len() as u64;
        self.end = last;
        self.bytes += bytes;
        self.blocks.push_back(Block { batch: Arc::new(batch), first, last, bytes });
        while self.bytes > self.bytes_max
            && let Some(block) = self.blocks.pop_front()
        {
            self.bytes -= block.bytes;
            self.begin = Some(block.last);
        }
    }

    /// Everything up to here came.
    pub(super) fn reach(&mut self, upto: Position) {
        self.begin.get_or_insert(upto);
        self.end = upto;
    }

    /// Forgets all records.
    pub(super) fn empty(&mut self) {
        self.blocks.clear();
        self.bytes = 0;
        if self.begin.is_some() {
            self.begin = Some(self.end);
        }
    }

    /// The block with the record of this number, or the first one behind it.
    pub(super) fn by_number(&self, number: u64) -> Option<&Block> {
        self.blocks.get(self.blocks.partition_point(|block| block.end() <= number))
    }

    /// The first block with a record behind `place`.
    pub(super) fn behind(&self, place: Position) -> Option<&Block> {
        self.blocks.get(self.blocks.partition_point(|block| block.last <= place))
    }
}
