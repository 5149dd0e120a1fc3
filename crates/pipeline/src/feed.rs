use std::sync::Arc;
use std::time::Duration;

use journal::{Handle, ReadError, Reader};
use record::{Batch, Line, Position, clock};

use crate::multiline::{Joiner, Multiline};
use crate::{Options, Spec};

/// The most of the journal that is looked through at once when few lines of it are wanted, in bytes.
const SCAN_BYTES: u64 = 8 << 20;

/// How far before a place is read for records that lie across it, in bytes of the journal.
const LOOK_BACK_BYTES: u64 = 1 << 20;

/// Lines that are read before it is looked which of them can go on.
const LINES_AT_ONCE: usize = 512;

/// Lines of the journal, joined if the pipeline says so, as batches.
///
/// Owns a reader, whose memory is one frame and one line, and lines that wait for what follows them, within
/// [`Multiline::HELD_BATCHES`]. Needs no stop. After an error the same place is tried again.
#[derive(Debug)]
pub(crate) struct Feed {
    journal: Handle,
    reader: Reader,
    spec: Arc<Spec>,
    options: Options,
    joiner: Option<Joiner>,
    /// Places that no record may lie across, the nearest last: there are outputs that have everything up to one of them.
    seams: Vec<Position>,
    /// Records up to here are known already.
    known: Position,
    /// Everything up to here was given.
    reached: Position,
    limit: u64,
    counts: Counts,
}

/// What a [`Feed::read`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The batch has everything up to here.
    Upto(Position),
    /// Lines were read, and wait for what follows them; there may be more.
    More,
    /// There is nothing new.
    Nothing,
}

/// What was read since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) damaged: u64,
    pub(crate) missed_bytes: u64,
}

impl Feed {
    /// What comes behind `after`. No record lies across that place, nor across one of `seams`.
    pub(crate) fn open(
        journal: &Handle,
        spec: &Arc<Spec>,
        options: Options,
        after: Position,
        mut seams: Vec<Position>,
    ) -> Result<Self, ReadError> {
        // Position 0 asks for the oldest line there is.
        let from = if after.0 == 0 { after } else { Position(after.0 + 1) };
        let reader = journal.reader(from)?;
        let counts = Counts { missed_bytes: reader.skipped(), ..Counts::default() };
        seams.retain(|seam| *seam > after);
        seams.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Self {
            journal: journal.clone(),
            reader,
            // Whoever has the spec has checked it.
            joiner: spec.joiner(Multiline::HELD_BATCHES * options.batch_bytes).ok().flatten(),
            spec: Arc::clone(spec),
            options,
            seams,
            known: Position(0),
            reached: after,
            limit: 0,
            counts,
        })
    }

    /// The records behind the one at `after`, whose lines may lie among theirs. Those of records that begin far before it are taken for
    /// records of their own.
    pub(crate) fn open_within(
        journal: &Handle,
        spec: &Arc<Spec>,
        options: Options,
        after: Position,
    ) -> Result<Self, ReadError> {
        let oldest = journal.stats().oldest;
        if spec.multiline.is_none() || after.0 < oldest {
            return Self::open(journal, spec, options, after, Vec::new());
        }
        let from = Position(after.0.saturating_sub(LOOK_BACK_BYTES).max(oldest));
        let mut feed = Self::open(journal, spec, options, from, Vec::new())?;
        (feed.known, feed.counts.missed_bytes) = (after, 0);
        Ok(feed)
    }

    /// Reads what is durable and fits into `batch`, which it empties first.
    pub(crate) fn read(&mut self, batch: &mut Batch) -> Result<Read, ReadError> {
        batch.clear();
        let missed_before = self.reader.skipped();
        let read = self.fill(batch);
        if batch.iter().next().is_some_and(|record| record.position() <= self.known) {
            batch.retain(|record| record.position() > self.known);
        }
        self.counts.missed_bytes += self.reader.skipped() - missed_before;
        let held = self.joiner.as_ref().and_then(Joiner::upto);
        let upto = held.unwrap_or(Position(self.reader.position().0.saturating_sub(1)));
        if upto > self.reached.max(self.known) {
            // An error comes again when it is asked for the next ones.
            self.reached = upto;
            return Ok(Read::Upto(upto));
        }
        read.map(|more| if more { Read::More } else { Read::Nothing })
    }

    /// When it is worth reading although nothing new is durable: a record has waited long enough for its next line then.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.joiner.as_ref().and_then(Joiner::deadline)
    }

    /// Lets no record wait for a next line any more. Returns whether one did: the next read gives it.
    pub(crate) fn end_records(&mut self) -> bool {
        let Some(joiner) = &mut self.joiner else { return false };
        joiner.end();
        joiner.holds()
    }

    /// Up to where the journal was looked at: what is durable behind it is news.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// What was counted since the last call.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// Returns whether there may be more to read.
    fn fill(&mut self, batch: &mut Batch) -> Result<bool, ReadError> {
        self.limit = self.journal.durable();
        self.reader.limit(self.limit);
        let scan_end = self.reader.position().0.saturating_add(SCAN_BYTES);
        let now = clock::monotonic();
        let Options { batch_rows, batch_bytes, .. } = self.options;
        if let Some(joiner) = &mut self.joiner {
            joiner.release(batch, batch_rows, batch_bytes);
        }
        let mut pushed = 0;
        while batch.len() < batch_rows && batch.bytes() < batch_bytes {
            match self.reader.next() {
                Ok(Some(line)) => {
                    if self.spec.takes(line.source) {
                        self.counts.lines += 1;
                        match &mut self.joiner {
                            Some(joiner) => {
                                pass_seams(&mut self.seams, joiner, &line);
                                joiner.push(&line, now);
                                pushed += 1;
                                if pushed >= LINES_AT_ONCE.min(batch_rows) || joiner.is_full() {
                                    joiner.release(batch, batch_rows, batch_bytes);
                                    pushed = 0;
                                }
                            }
                            None => batch.push(&line),
                        }
                    }
                    if line.position.0 >= scan_end {
                        return Ok(true);
                    }
                }
                Ok(None) => {
                    let Some(joiner) = &mut self.joiner else { return Ok(false) };
                    joiner.expire(clock::monotonic());
                    return Ok(joiner.release(batch, batch_rows, batch_bytes));
                }
                Err(error @ ReadError::Damaged { .. }) => self.pass(&error)?,
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn pass(&mut self, damage: &ReadError) -> Result<(), ReadError> {
        let bytes = self.reader.skip_damage()?;
        self.counts.damaged += 1;
        tracing::error!(pipeline = self.spec.name, %damage, bytes, "what is damaged in the journal is left out");
        Ok(())
    }
}

/// Ends all records before a line that lies behind a seam.
fn pass_seams(seams: &mut Vec<Position>, joiner: &mut Joiner, line: &Line<'_>) {
    while seams.last().is_some_and(|seam| line.position > *seam) {
        seams.pop();
        joiner.end();
    }
}
