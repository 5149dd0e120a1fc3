//! The manifests on object storage: each lists the parts of the whole table, as JSON.
//!
//! They are numbered, and made with a conditional put: of two who want to make the next one, one does. The one with the
//! highest number counts.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::Objects;
use crate::change::Added;
use crate::prefix::{named, part_key};

/// Where parts are, below the prefix: as below a store's directory.
pub(crate) const LOGS: &str = "logs/";
/// Where manifests are, below the prefix.
pub(crate) const LISTINGS: &str = "manifest/";
/// The format that this program writes.
const FORMAT: u32 = 1;
/// So often it is tried again when the newest one was replaced and removed while it was looked for.
const TRIES: usize = 5;

/// A manifest on object storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listing {
    format: u32,
    /// The store that it is of: its random id.
    pub(crate) store: String,
    /// Who wrote it: a random id of one opening of that store.
    pub(crate) writer: String,
    /// When, in microseconds since 1970.
    pub(crate) written: u64,
    /// What each pipeline had given to the table.
    pub(crate) checkpoints: BTreeMap<String, u64>,
    /// Parts of the table that are there as objects.
    pub(crate) parts: Vec<Listed>,
    /// The numbers of parts of the table that are not there yet. None of their rows was listed before.
    pub(crate) absent: Vec<u64>,
}

/// A part in a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its object, for readers that know nothing else of it.
    pub(crate) key: String,
    #[serde(flatten)]
    pub(crate) part: Added,
}

impl Listed {
    pub(crate) fn new(part: &Added) -> Self {
        Self { key: part_key(part), part: part.clone() }
    }
}

impl Listing {
    pub(crate) fn new(store: String, writer: String) -> Self {
        Self {
            format: FORMAT,
            store,
            writer,
            written: record::clock::wall().0,
            checkpoints: BTreeMap::new(),
            parts: Vec::new(),
            absent: Vec::new(),
        }
    }
}

pub(crate) fn listing_key(number: u64) -> String {
    format!("{LISTINGS}{number:020}.json")
}

/// Makes the manifest with this number. False when there is one already.
pub(crate) fn create(objects: &dyn Objects, number: u64, listing: &Listing) -> io::Result<bool> {
    let key = listing_key(number);
    let bytes = serde_json::to_vec(listing).map_err(io::Error::other)?;
    objects.create(&key, bytes).map_err(|error| named(&error, &format!("{}/{key}", objects.url())))
}

/// The numbers of the manifests that are there, in order.
pub(crate) fn numbers(objects: &dyn Objects) -> io::Result<Vec<u64>> {
    let all =
        objects.list(LISTINGS).map_err(|error| named(&error, &format!("{}/{LISTINGS}", objects.url())))?;
    let number = |key: &str| key.strip_prefix(LISTINGS)?.strip_suffix(".json")?.parse().ok();
    let mut numbers: Vec<u64> = all.iter().filter_map(|object| number(&object.key)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// The newest manifest and its number, or `None` when there is none.
pub(crate) fn newest(objects: &dyn Objects) -> io::Result<Option<(u64, Listing)>> {
    for _ in 0..TRIES {
        let Some(number) = numbers(objects)?.last().copied() else { return Ok(None) };
        match get(objects, number) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            listing => return listing.map(|listing| Some((number, listing))),
        }
    }
    Err(io::Error::other(format!(
        "`{}/{LISTINGS}`: the newest manifest is gone whenever it is read",
        objects.url()
    )))
}

pub(crate) fn get(objects: &dyn Objects, number: u64) -> io::Result<Listing> {
    let key = listing_key(number);
    let name = format!("{}/{key}", objects.url());
    let bytes = objects.get(&key).map_err(|error| named(&error, &name))?;
    /// What every format has.
    #[derive(Deserialize)]
    struct Any {
        format: u32,
    }
    let wrong = |error: serde_json::Error| {
        io::Error::new(io::ErrorKind::InvalidData, format!("`{name}` is no manifest of a store: {error}"))
    };
    let Any { format } = serde_json::from_slice(&bytes).map_err(wrong)?;
    if format != FORMAT {
        let what = format!(
            "`{name}` has format {format}, and this program knows format {FORMAT}: use the program that wrote it"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    serde_json::from_slice(&bytes).map_err(wrong)
}
