//! Small parts become large ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use part::Part;
use record::clock::{monotonic, wall};

use crate::StoreError;
use crate::catalog::Catalog;
use crate::change::{Added, Change};
use crate::core::{Core, Stage};
use crate::limits::Limits;
use crate::plan::{Candidate, Merge, Rules, next_merge};
use crate::service::{Next, Work};
use crate::status::{Service, Status};

/// How often it looks whether an hour or a day is over, if nothing else happens.
const LOOK: Duration = Duration::from_secs(30);
/// When parts could not be read, they are tried again after so long; others are merged meanwhile.
const REST: Duration = Duration::from_secs(60);
/// However little may be kept, parts grow to this, in bytes.
const PART_BYTES_LEAST: u64 = 16 << 20;
/// A limit in bytes is kept with parts of at most this share of it.
const SHARE: u64 = 16;

/// The service that merges parts.
///
/// Owns the part it is writing. One merge at a time, row by row, of at most 16 parts that overlap in time. No lock is
/// held meanwhile; when one of the parts is gone at the end, the merge was in vain. Killed at any point it leaves a file
/// that does not count. It gives way to everything else.
#[derive(Debug, Default)]
pub(crate) struct Compaction {
    /// Parts that could not be merged, and are not damaged.
    avoided: BTreeSet<u64>,
    /// Parts that could not be read for another reason, and until when they are left alone.
    resting: BTreeMap<u64, Duration>,
    /// What is written and could not be committed.
    written: Option<(Merge, Added)>,
    polite: bool,
}

impl Work for Compaction {
    const NAME: &'static str = "compaction";

    fn step(&mut self, core: &Core) -> Result<Next, StoreError> {
        if !self.polite {
            step_back();
            self.polite = true;
        }
        let now = i64::try_from(wall().0).unwrap_or(i64::MAX);
        Ok(if self.compact(core, now)? { Next::Go } else { Next::Wait(LOOK) })
    }

    fn status(status: &mut Status) -> &mut Service {
        &mut status.compaction
    }
}

impl Compaction {
    /// Does the next merge. False when there was nothing to do.
    pub(crate) fn compact(&mut self, core: &Core, now: i64) -> Result<bool, StoreError> {
        if let Some((merge, part)) = self.written.take() {
            return self.commit(core, merge, part);
        }
        let Some((merge, parts)) = self.plan(core, now) else { return Ok(false) };
        if !has_room(core, &parts) {
            return Ok(false);
        }
        match write(core, &merge, &parts) {
            Ok(part) => self.commit(core, merge, part),
            Err(StoreError::Write(part::WriteError::Read(error)) | StoreError::Read(error)) => {
                if matches!(error, part::ReadError::Io { .. }) && !error.is_damage() {
                    let until = monotonic() + REST;
                    self.resting.extend(merge.ids.iter().map(|id| (*id, until)));
                    return Err(StoreError::Read(error));
                }
                if self.find_damage(core, &merge, &parts)? { Ok(true) } else { Err(StoreError::Read(error)) }
            }
            Err(error) => {
                if matches!(&error, StoreError::Write(error) if !matches!(error, part::WriteError::Io { .. }))
                {
                    self.avoided.extend(&merge.ids);
                }
                Err(error)
            }
        }
    }

    fn plan(&mut self, core: &Core, now: i64) -> Option<(Merge, Vec<Arc<Part>>)> {
        let limits = core.limits();
        let ledger = core.ledger();
        let mut candidates = candidates(&ledger.catalog, &limits);
        let clock = monotonic();
        self.resting.retain(|_, until| *until > clock);
        candidates.retain(|part| !self.avoided.contains(&part.id) && !self.resting.contains_key(&part.id));
        let merge = next_merge(&candidates, now, &rules(core, &limits))?;
        let part = |id: &u64| ledger.catalog.parts.get(id).map(|live| Arc::clone(&live.part));
        let parts = merge.ids.iter().filter_map(part).collect();
        Some((merge, parts))
    }

    fn commit(&mut self, core: &Core, merge: Merge, part: Added) -> Result<bool, StoreError> {
        let change = Change { added: vec![part.clone()], removed: merge.ids.clone(), ..Change::default() };
        let committed = core.commit(change, |state| {
            state.counts.compaction.done += 1;
            state.counts.compaction.bytes_written += part.summary.bytes;
        });
        match committed {
            Ok(true) => {}
            // Retention was faster.
            Ok(false) => core.discard(&[part]),
            // Whether it counts is not known before the next commit: it stays.
            Err(_) => self.written = Some((merge, part)),
        }
        core.committed(committed).map(|_| true)
    }

    /// Sets aside what is damaged; false when nothing is. When all can be read, it was something else, and these parts
    /// are left alone.
    fn find_damage(&mut self, core: &Core, merge: &Merge, parts: &[Arc<Part>]) -> Result<bool, StoreError> {
        let (mut damaged, mut unread) = (false, false);
        for (id, part) in merge.ids.iter().zip(parts) {
            match part.verify() {
                Ok(()) => {}
                Err(error) if error.is_damage() => damaged |= core.set_aside(*id, &error.to_string())?,
                Err(_) => unread = true,
            }
        }
        if !damaged && !unread {
            self.avoided.extend(&merge.ids);
        }
        Ok(damaged)
    }
}

fn write(core: &Core, merge: &Merge, parts: &[Arc<Part>]) -> Result<Added, StoreError> {
    let rows = part::merge(parts)?;
    let (id, place, schema) = (core.next_part(), merge.place, rows.schema());
    let io = |source| StoreError::Io { doing: "create a part", dir: core.disk.dir().to_owned(), source };
    let path = core.disk.begin_part(place, id).map_err(|error| {
        core.disk.discard_part(place, id);
        io(error)
    })?;
    let rows = rows.take_while(|_| core.stage() == Stage::Running);
    let written = part::write(&path, rows, schema, &core.options.write_merged);
    let merged = core.disk.point("compaction-merged").map_err(io);
    if written.is_err() || merged.is_err() || core.stage() != Stage::Running {
        core.disk.discard_part(place, id);
    }
    if core.stage() != Stage::Running {
        return Err(StoreError::Stopping);
    }
    let (summary, ()) = (written?, merged?);
    let before: u64 = parts.iter().map(|part| part.summary().rows).sum();
    let part = Added { id, place, summary, uploaded: false };
    if part.summary.rows != before {
        core.disk.discard_part(place, id);
        let why = format!("{before} rows to merge have become {}", part.summary.rows);
        return Err(io(std::io::Error::other(why)));
    }
    core.finish_parts(std::slice::from_ref(&part))?;
    Ok(part)
}

/// A merge needs as much room as what it merges, on top of what is to be free.
fn has_room(core: &Core, parts: &[Arc<Part>]) -> bool {
    let bytes: u64 = parts.iter().map(|part| part.summary().bytes).sum();
    let wanted = core.limits().disk_free_min.saturating_add(bytes);
    // Without an answer it is tried: a full disk is no harm.
    core.disk.free_bytes().map_or(true, |free| free >= wanted)
}

fn rules(core: &Core, limits: &Limits) -> Rules {
    let by_limit = limits.bytes_min().map_or(u64::MAX, |bytes| (bytes / SHARE).max(PART_BYTES_LEAST));
    Rules {
        merge_parts: core.options.merge_parts,
        bytes_max: core.options.part_bytes_max.min(by_limit),
        rows_max: core.options.part_rows_max,
    }
}

fn candidates(catalog: &Catalog, limits: &Limits) -> Vec<Candidate> {
    let candidate = |(id, live): (&u64, &crate::catalog::Live)| {
        let summary = live.part.summary();
        Candidate {
            id: *id,
            place: live.place,
            class: limits.class(summary).map(str::to_owned),
            bytes: summary.bytes,
            rows: summary.rows,
            from: summary.time.0,
        }
    };
    catalog.parts.iter().map(candidate).collect()
}

/// Lets the system prefer all other threads.
fn step_back() {
    #[cfg(target_os = "linux")]
    // A wish: without it, it works as well.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), 10);
}
