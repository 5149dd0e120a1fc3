use std::sync::Arc;

use journal::{Handle, ReadError, Reader};
use record::{Batch, Position};

use crate::{Options, Spec};

/// The most of the journal that is looked through at once when few lines of it are wanted, in bytes.
const SCAN_BYTES: u64 = 8 << 20;

/// Lines of the journal, as batches.
///
/// Owns a reader, whose memory is one frame and one line. Needs no stop. After an error the same place is tried again.
#[derive(Debug)]
pub(crate) struct Feed {
    journal: Handle,
    reader: Reader,
    spec: Arc<Spec>,
    options: Options,
    /// Everything up to here was read.
    reached: Position,
    limit: u64,
    counts: Counts,
}

/// What was read since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) lines: u64,
    pub(crate) damaged: u64,
    pub(crate) missed_bytes: u64,
}

impl Feed {
    /// What comes behind `after`.
    pub(crate) fn open(
        journal: &Handle,
        spec: &Arc<Spec>,
        options: Options,
        after: Position,
    ) -> Result<Self, ReadError> {
        // Position 0 asks for the oldest line there is.
        let from = if after.0 == 0 { after } else { Position(after.0 + 1) };
        let reader = journal.reader(from)?;
        let counts = Counts { missed_bytes: reader.skipped(), ..Counts::default() };
        Ok(Self {
            journal: journal.clone(),
            reader,
            spec: Arc::clone(spec),
            options,
            reached: after,
            limit: 0,
            counts,
        })
    }

    /// Reads what is durable and fits into `batch`, which it empties first. Returns up to where it got, or `None` when there is nothing
    /// new.
    pub(crate) fn read(&mut self, batch: &mut Batch) -> Result<Option<Position>, ReadError> {
        batch.clear();
        let missed_before = self.reader.skipped();
        let read = self.fill(batch);
        self.counts.lines += batch.len() as u64;
        self.counts.missed_bytes += self.reader.skipped() - missed_before;
        let upto = Position(self.reader.position().0.saturating_sub(1));
        if upto > self.reached {
            // An error comes again when it is asked for the next ones.
            self.reached = upto;
            return Ok(Some(upto));
        }
        read.map(|()| None)
    }

    /// Up to where the journal was looked at: what is durable behind it is news.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// What was counted since the last call.
    pub(crate) fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    fn fill(&mut self, batch: &mut Batch) -> Result<(), ReadError> {
        self.limit = self.journal.durable();
        self.reader.limit(self.limit);
        let scan_end = self.reader.position().0.saturating_add(SCAN_BYTES);
        while batch.len() < self.options.batch_rows && batch.bytes() < self.options.batch_bytes {
            match self.reader.next() {
                Ok(Some(line)) => {
                    if self.spec.takes(line.source) {
                        batch.push(&line);
                    }
                    if line.position.0 >= scan_end {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error @ ReadError::Damaged { .. }) => self.pass(&error)?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn pass(&mut self, damage: &ReadError) -> Result<(), ReadError> {
        let bytes = self.reader.skip_damage()?;
        self.counts.damaged += 1;
        tracing::error!(pipeline = self.spec.name, %damage, bytes, "what is damaged in the journal is left out");
        Ok(())
    }
}
