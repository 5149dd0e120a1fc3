//! Rows in memory become parts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use record::clock::monotonic;

use crate::StoreError;
use crate::change::{Added, Change};
use crate::core::{Core, Sealed, Stage, State};
use crate::service::{Next, Work};
use crate::split::{Group, split};
use crate::status::{Service, Status};

/// The service that flushes.
///
/// Owns the parts that are written and not yet committed. One memtable at a time. Killed at any point it leaves files
/// that do not count, and the rows come again from the journal.
#[derive(Debug, Default)]
pub(crate) struct Flush {
    written: Option<Vec<Added>>,
}

impl Work for Flush {
    const NAME: &'static str = "flush";

    fn step(&mut self, core: &Core) -> Result<Next, StoreError> {
        if let Some(wait) = core.state().time_to_flush(core) {
            return Ok(Next::Wait(wait));
        }
        self.flush(core).map(|()| Next::Go)
    }

    fn end(&mut self, core: &Core) -> Result<(), StoreError> {
        while core.state().is_dirty() {
            self.flush(core)?;
        }
        Ok(())
    }

    fn status(status: &mut Status) -> &mut Service {
        &mut status.flush
    }
}

impl Flush {
    /// Writes what is sealed, or seals what there is, and writes it.
    pub(crate) fn flush(&mut self, core: &Core) -> Result<(), StoreError> {
        let sealed = core.note(State::seal);
        let parts = match self.written.take() {
            Some(parts) => parts,
            None => write(core, &sealed)?,
        };
        let bytes: u64 = parts.iter().map(|part| part.summary.bytes).sum();
        let change = Change { added: parts.clone(), ..Change::with_checkpoints(&sealed.appended) };
        let committed = core.commit(change, |state| {
            state.sealed = None;
            state.flushed = sealed.appends;
            state.counts.flush.done += 1;
            state.counts.flush.bytes_written += bytes;
        });
        if committed.is_err() {
            // Whether they count is not known before the next commit: they stay.
            self.written = Some(parts);
        }
        core.committed(committed).map(|_| ())
    }
}

fn write(core: &Core, sealed: &Sealed) -> Result<Vec<Added>, StoreError> {
    let batches: Vec<RecordBatch> = sealed.rows.batches().cloned().collect();
    let apart: BTreeSet<String> = core.limits().sources.keys().cloned().collect();
    let groups = split(&batches, &apart).map_err(part::ReadError::Shape)?;
    drop(batches);
    let mut written = Vec::new();
    for group in groups {
        match write_one(core, group) {
            Ok(part) => written.push(part),
            Err(error) => {
                core.discard(&written);
                return Err(error);
            }
        }
    }
    if !written.is_empty() {
        core.finish_parts(&written)?;
    }
    Ok(written)
}

fn write_one(core: &Core, Group { place, batches }: Group) -> Result<Added, StoreError> {
    let schema = part::unify(batches.iter().map(|batch| &**batch.schema_ref()));
    let schema = part::limit_columns(&schema, &part::field_counts(&batches));
    let id = core.next_part();
    let rows = part::sort(&batches, &schema)?;
    drop(batches);
    let path = core.disk.begin_part(place, id).map_err(|source| {
        core.disk.discard_part(place, id);
        StoreError::Io { doing: "create a part", dir: core.disk.dir().to_owned(), source }
    })?;
    let rows = rows.take_while(|_| core.stage() != Stage::CutOff);
    let written = part::write(&path, rows, schema, &core.options.write);
    if written.is_err() || core.stage() == Stage::CutOff {
        core.disk.discard_part(place, id);
    }
    if core.stage() == Stage::CutOff {
        return Err(StoreError::Stopping);
    }
    Ok(Added { id, place, summary: written?, uploaded: false })
}

impl State {
    /// True while something is not durable in parts.
    pub(crate) fn is_dirty(&self) -> bool {
        self.sealed.is_some() || self.since.is_some()
    }

    /// How long to wait before the next flush; `None` when it is time.
    fn time_to_flush(&self, core: &Core) -> Option<Duration> {
        let full = self.active.bytes() >= core.options.memtable_bytes;
        if self.sealed.is_some() || full || (self.flush_wanted && self.since.is_some()) {
            return None;
        }
        let Some(since) = self.since else { return Some(Duration::from_secs(3600)) };
        let rest = (since + core.options.flush_after).saturating_sub(monotonic());
        (!rest.is_zero()).then_some(rest)
    }

    /// What is to be flushed now: what was sealed before, or else all there is.
    pub(crate) fn seal(&mut self) -> Arc<Sealed> {
        if let Some(sealed) = &self.sealed {
            return Arc::clone(sealed);
        }
        let sealed = Arc::new(Sealed {
            rows: std::mem::take(&mut self.active),
            appended: self.appended.clone(),
            appends: self.appends,
        });
        self.sealed = Some(Arc::clone(&sealed));
        self.since = None;
        self.flush_wanted = false;
        sealed
    }
}
