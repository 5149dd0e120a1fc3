use std::collections::BTreeMap;

use part::Summary;
use record::Position;
use serde::{Deserialize, Serialize};

use crate::place::Place;

/// One step from a state of the table to the next. It happens as a whole or not at all: it is one record of the
/// manifest, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Parts that are now part of the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) added: Vec<Added>,
    /// The numbers of parts that are no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) removed: Vec<u64>,
    /// Parts that can no longer be read. They are removed by this, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) aside: Vec<Aside>,
    /// Parts set aside that nobody needs to be told of any more: they were restored, or their age is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) forgotten: Vec<u64>,
    /// Parts that are on object storage: a manifest there lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) uploaded: Vec<u64>,
    /// What the store is called on object storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity: Option<Identity>,
    /// What pipelines need not give again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) checkpoints: BTreeMap<String, u64>,
    /// No part has had this number or a higher one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) next: u64,
}

/// A part, in the manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) id: u64,
    pub(crate) place: Place,
    pub(crate) summary: Summary,
    /// It is on object storage, so its file may be missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) uploaded: bool,
}

/// Who a store is to others that write to the same prefix of object storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Random, made once.
    pub(crate) store: String,
    /// The prefix that is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

/// A part that was set aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Aside {
    /// What it was: if its file comes back whole, it can be again.
    pub(crate) part: Added,
    pub(crate) why: String,
}

impl Change {
    /// Only that pipelines are further.
    pub(crate) fn with_checkpoints(checkpoints: &BTreeMap<String, Position>) -> Self {
        let checkpoints = checkpoints.iter().map(|(name, position)| (name.clone(), position.0)).collect();
        Self { checkpoints, ..Self::default() }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
