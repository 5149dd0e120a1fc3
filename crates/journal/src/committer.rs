//! Making batches durable: the logic without the thread.

use std::collections::VecDeque;
use std::time::Duration;

use record::clock;

use crate::batch::PENDING_BATCHES_MAX;
use crate::disk::BLOCK_BYTES;
use crate::format::{FRAME_HEADER_BYTES, FrameHeader};
use crate::segments::Segments;
use crate::trouble::Trouble;
use crate::{Batch, Stats};

/// Owns the segments and the addresses of the last batches of each inlet. Bounded by these; a batch is held
/// only during a call. After [`Trouble::Fail`] it must not be called again.
#[derive(Debug)]
pub(crate) struct Committer {
    segments: Segments,
    epoch: u32,
    durable: u64,
    /// Written and not synced.
    written: VecDeque<(usize, Batch)>,
    addresses: Vec<Addresses>,
    /// A seal mark covers all that was committed.
    sealed: bool,
    stats: Stats,
}

impl Committer {
    /// Goes on behind what recovery found, all of which is durable. `sealed` says that a seal mark is the
    /// last of it.
    pub(crate) fn new(segments: Segments, epoch: u32, sealed: bool) -> Self {
        Self {
            durable: segments.end(),
            segments,
            epoch,
            written: VecDeque::new(),
            addresses: Vec::new(),
            sealed,
            stats: Stats::default(),
        }
    }

    pub(crate) fn add_lane(&mut self) {
        self.addresses.push(Addresses::default());
    }

    /// Everything below is written and synced.
    pub(crate) fn durable(&self) -> u64 {
        self.durable
    }

    /// False when something was committed since the last seal mark.
    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    pub(crate) fn segments(&mut self) -> &mut Segments {
        &mut self.segments
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            segments: self.segments.count() as u64,
            disk_bytes: self.segments.spares().disk_bytes(),
            oldest: self.segments.base(),
            dropped_lines: self.segments.dropped_lines,
            dropped_bytes: self.segments.dropped_bytes,
            ..self.stats
        }
    }

    /// Writes the waiting batches in order, each with its lane, syncs once (and once more for each segment
    /// that is filled) and moves them to `durable`. In trouble, those that are not durable stay: after a
    /// stall at the front of `waiting`, to be committed again; after a failure nowhere.
    pub(crate) fn commit(
        &mut self,
        waiting: &mut VecDeque<(usize, Batch)>,
        durable: &mut VecDeque<(usize, Batch)>,
    ) -> Result<(), Trouble> {
        let written = self.write(waiting, durable);
        if let Err(Trouble::Fail(_)) = written {
            return written;
        }
        self.sync(durable)?;
        written
    }

    /// Writes a frame without entries that vouches for everything before it, and syncs it.
    pub(crate) fn seal(&mut self) -> Result<(), Trouble> {
        let mut padded = [0; FRAME_HEADER_BYTES + BLOCK_BYTES];
        let (frame, _) = padded.split_at_mut(FRAME_HEADER_BYTES);
        let header = FrameHeader {
            checksum: 0,
            payload_bytes: 0,
            entries: 0,
            lines: 0,
            epoch: self.epoch,
            address: self.segments.end(),
            durable_to: self.durable,
            received: clock::wall(),
            oldest: self.segments.end(),
        };
        header.seal(frame, self.segments.salt());
        // Every other frame leaves room for one of these, and no two of these follow each other.
        let padding = self.segments.padding(FRAME_HEADER_BYTES);
        self.segments.write(&padded[..FRAME_HEADER_BYTES + padding])?;
        self.segments.wrote(FRAME_HEADER_BYTES, 0, header.oldest);
        record::fault::point("seal-written").map_err(|error| Trouble::Fail(error.to_string()))?;
        self.segments.sync()?;
        self.durable = self.segments.end();
        self.sealed = true;
        Ok(())
    }

    fn write(
        &mut self,
        waiting: &mut VecDeque<(usize, Batch)>,
        durable: &mut VecDeque<(usize, Batch)>,
    ) -> Result<(), Trouble> {
        while let Some((lane, mut batch)) = waiting.pop_front() {
            match self.write_one(lane, &mut batch, durable) {
                Ok(()) => self.written.push_back((lane, batch)),
                Err(trouble) => {
                    waiting.push_front((lane, batch));
                    return Err(trouble);
                }
            }
        }
        Ok(())
    }

    fn write_one(
        &mut self,
        lane: usize,
        batch: &mut Batch,
        durable: &mut VecDeque<(usize, Batch)>,
    ) -> Result<(), Trouble> {
        if !batch.is_empty() && !self.segments.has_room(batch.bytes()) {
            self.sync(durable)?;
            self.segments.roll()?;
        }
        let address = self.segments.end();
        let (addresses, seq) = (&mut self.addresses[lane], batch.seq());
        addresses.set(seq, address);
        batch.resolve_links(address, |back| addresses.of(seq - back));
        let oldest =
            if batch.has_link() { batch.links_from.min(addresses.from(batch.unknown_from)) } else { address };
        if batch.is_empty() {
            return Ok(());
        }
        let (bytes, lines) = (batch.bytes(), batch.lines());
        let padding = self.segments.padding(bytes);
        let frame = batch.seal(self.epoch, self.durable, oldest, self.segments.salt(), padding);
        self.segments.write(frame)?;
        self.segments.wrote(bytes, lines, oldest);
        Ok(())
    }

    /// Makes what was written durable.
    fn sync(&mut self, durable: &mut VecDeque<(usize, Batch)>) -> Result<(), Trouble> {
        if self.durable < self.segments.end() {
            let before = clock::monotonic();
            self.segments.sync()?;
            self.count_sync(clock::monotonic().saturating_sub(before));
            self.durable = self.segments.end();
            self.sealed = false;
        }
        durable.append(&mut self.written);
        Ok(())
    }

    fn count_sync(&mut self, took: Duration) {
        let stats = &mut self.stats;
        stats.commits += 1;
        stats.syncs.took(took);
        stats.sync_max = stats.sync_max.max(took);
        let before = stats.bytes;
        for (_, batch) in &self.written {
            stats.batches += 1;
            stats.lines += u64::from(batch.lines());
            stats.bytes += batch.bytes() as u64;
        }
        stats.commit_sizes.was(stats.bytes - before);
    }
}

/// Where the last batches of an inlet were written, for the links that name a batch by its number.
#[derive(Debug, Default)]
struct Addresses {
    /// Numbers and addresses, both growing.
    last: VecDeque<(u64, u64)>,
}

impl Addresses {
    fn set(&mut self, seq: u64, address: u64) {
        if self.last.back().is_some_and(|&(last, _)| last == seq) {
            self.last.pop_back();
        }
        if self.last.len() as u64 > PENDING_BATCHES_MAX {
            self.last.pop_front();
        }
        self.last.push_back((seq, address));
    }

    fn of(&self, seq: u64) -> u64 {
        let at = self.last.binary_search_by_key(&seq, |&(seq, _)| seq);
        self.last[at.expect("a link names a batch that was never submitted")].1
    }

    /// The address of the first batch from `seq` on. There is one: the batch that asks.
    fn from(&self, seq: u64) -> u64 {
        self.last[self.last.partition_point(|&(other, _)| other < seq)].1
    }
}
