use std::collections::BTreeMap;
use std::sync::Arc;

use part::Part;

use crate::change::{Added, Identity};
use crate::core::Core;

/// The table at one instant.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) parts: Vec<(Added, Arc<Part>)>,
    pub(crate) checkpoints: BTreeMap<String, u64>,
    /// The objects of parts that were set aside: nobody reads them, and nobody removes them.
    pub(crate) aside: Vec<Added>,
    pub(crate) identity: Option<Identity>,
}

impl Table {
    /// With its newest parts first.
    pub(crate) fn now(core: &Core) -> Self {
        let ledger = core.ledger();
        let catalog = &ledger.catalog;
        let mut parts: Vec<_> =
            catalog.parts.iter().map(|(id, live)| (live.added(*id), Arc::clone(&live.part))).collect();
        parts.sort_by_key(|(added, _)| std::cmp::Reverse((added.summary.time.1, added.id)));
        Self {
            parts,
            checkpoints: catalog
                .checkpoints
                .iter()
                .map(|(name, position)| (name.clone(), position.0))
                .collect(),
            aside: catalog.aside.values().map(|aside| aside.part.clone()).collect(),
            identity: catalog.identity.clone(),
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = u64> {
        self.parts.iter().map(|(added, _)| added.id)
    }
}
