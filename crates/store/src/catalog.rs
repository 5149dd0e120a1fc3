use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use part::Part;
use record::Position;

use crate::Damaged;
use crate::change::{Added, Aside, Change};
use crate::disk::{aside_path, part_path};
use crate::place::Place;

/// The durable state of the table: what the manifest's records add up to.
///
/// What bounds it: the number of parts, which compaction keeps small; a few hundred bytes for each.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) parts: BTreeMap<u64, Live>,
    pub(crate) aside: BTreeMap<u64, Aside>,
    pub(crate) checkpoints: BTreeMap<String, Position>,
    /// The number of the next part.
    pub(crate) next: u64,
}

/// A part of the table.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) place: Place,
    pub(crate) part: Arc<Part>,
}

/// So many parts are in one record of a rewritten manifest.
const PARTS_PER_RECORD: usize = 64;

impl Catalog {
    /// Takes a step, in the store of the directory `dir`. Returns the parts that are no longer in the table.
    ///
    /// # Errors
    /// Why the step cannot follow on this state. The state is then of no use.
    pub(crate) fn apply(&mut self, change: Change, dir: &Path) -> Result<Vec<(u64, Live)>, String> {
        let mut gone = Vec::new();
        for id in change.removed {
            let live =
                self.parts.remove(&id).ok_or_else(|| format!("it removes part {id}, which is not there"))?;
            gone.push((id, live));
        }
        for aside in change.aside {
            // The manifest may have been rewritten since: then the part is no longer in it.
            gone.extend(self.parts.remove(&aside.part.id).map(|live| (aside.part.id, live)));
            self.aside.insert(aside.part.id, aside);
        }
        for id in change.forgotten {
            self.aside.remove(&id);
        }
        for Added { id, place, summary } in change.added {
            let part = Arc::new(Part::open(part_path(dir, place, id), summary));
            self.next = self.next.max(id.saturating_add(1));
            if self.parts.insert(id, Live { place, part }).is_some() {
                return Err(format!("it adds part {id}, which is there already"));
            }
        }
        for (pipeline, position) in change.checkpoints {
            let known = self.checkpoints.entry(pipeline).or_default();
            *known = (*known).max(Position(position));
        }
        self.next = self.next.max(change.next);
        Ok(gone)
    }

    /// Steps from nothing to this state.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change> {
        let first = Change {
            aside: self.aside.values().cloned().collect(),
            next: self.next,
            ..Change::with_checkpoints(&self.checkpoints)
        };
        let all: Vec<(&u64, &Live)> = self.parts.iter().collect();
        let chunks = all.len().div_ceil(PARTS_PER_RECORD);
        let parts = (0..chunks).map(move |chunk| {
            let some = all.iter().skip(chunk * PARTS_PER_RECORD).take(PARTS_PER_RECORD);
            let added = some.map(|(id, live)| live.added(**id)).collect();
            Change { added, ..Change::default() }
        });
        std::iter::once(first).chain(parts)
    }

    /// The parts as snapshots show them: those with the latest event times first.
    pub(crate) fn newest_first(&self) -> Vec<Arc<Part>> {
        let mut parts: Vec<Arc<Part>> = self.parts.values().map(|live| Arc::clone(&live.part)).collect();
        parts.sort_by_key(|part| std::cmp::Reverse((part.summary().time.1, part.summary().position.1)));
        parts
    }

    /// The step that sets a part aside.
    pub(crate) fn set_aside(&self, id: u64, why: String) -> Option<Change> {
        let part = self.parts.get(&id)?.added(id);
        Some(Change { aside: vec![Aside { part, why }], ..Change::default() })
    }

    /// What was set aside, as it is shown.
    pub(crate) fn damaged(&self, dir: &Path) -> Vec<Damaged> {
        let shown = |aside: &Aside| Damaged {
            path: aside_path(dir, aside.part.id),
            rows: aside.part.summary.rows,
            why: aside.why.clone(),
        };
        self.aside.values().map(shown).collect()
    }
}

impl Live {
    pub(crate) fn added(&self, id: u64) -> Added {
        Added { id, place: self.place, summary: self.part.summary().clone() }
    }
}
