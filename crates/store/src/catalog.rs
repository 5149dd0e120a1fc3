use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use part::Part;
use record::Position;

use crate::Damaged;
use crate::change::{Added, Aside, Change, Identity};
use crate::disk::aside_path;
use crate::place::Place;
use crate::prefix::Shelf;
use crate::snapshot::newest_first;

/// The durable state of the table: what the manifest's records add up to.
///
/// What bounds it: the number of parts, which compaction keeps small; a few hundred bytes for each.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) parts: BTreeMap<u64, Live>,
    pub(crate) aside: BTreeMap<u64, Aside>,
    pub(crate) checkpoints: BTreeMap<String, Position>,
    pub(crate) identity: Option<Identity>,
    /// The number of the next part.
    pub(crate) next: u64,
}

/// A part of the table.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) place: Place,
    pub(crate) part: Arc<Part>,
    /// It is on object storage, so its file may be missing.
    pub(crate) uploaded: bool,
    /// What was on this disk of it was damaged, and was removed.
    pub(crate) healed: bool,
}

/// So many parts are in one record of a rewritten manifest.
const PARTS_PER_RECORD: usize = 64;

impl Catalog {
    /// Takes a step, in the store on this shelf. Returns the parts that are no longer in the table.
    ///
    /// # Errors
    /// Why the step cannot follow on this state. The state is then of no use.
    pub(crate) fn apply(&mut self, change: Change, shelf: &Shelf) -> Result<Vec<(u64, Live)>, String> {
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
        for added in change.added {
            let id = added.id;
            self.next = self.next.max(id.saturating_add(1));
            if self.parts.insert(id, Live::new(&added, shelf)).is_some() {
                return Err(format!("it adds part {id}, which is there already"));
            }
        }
        for id in change.uploaded {
            // It may have been merged since.
            let Some(live) = self.parts.get_mut(&id) else { continue };
            live.uploaded = true;
            if shelf.prefix.is_none() {
                *live = Live::new(&live.added(id), shelf);
            }
        }
        self.identity = change.identity.or(self.identity.take());
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
            identity: self.identity.clone(),
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
        newest_first(self.parts.values().map(|live| Arc::clone(&live.part)).collect())
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
    pub(crate) fn new(added: &Added, shelf: &Shelf) -> Self {
        let part = Arc::new(shelf.part(added));
        Self { place: added.place, part, uploaded: added.uploaded, healed: false }
    }

    pub(crate) fn added(&self, id: u64) -> Added {
        let summary = self.part.summary().clone();
        Added { id, place: self.place, summary, uploaded: self.uploaded }
    }
}
