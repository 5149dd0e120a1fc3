//! What is known of a prefix of object storage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};
use std::time::Duration;

use part::Part;

use crate::StoreError;
use crate::change::{Added, Change, Identity};
use crate::core::Core;
use crate::identity::random_id;
use crate::listing::{self, LOGS, Listing};
use crate::prefix::{Prefix, part_key};
use crate::table::Table;

/// What is there, after it was looked at once and kept track of since.
///
/// What it owns: nothing. What bounds it: some hundred bytes for each object, of which there are as many as parts, and as
/// those that were removed in the last [`crate::Remote::linger`].
#[derive(Debug)]
pub(crate) struct Contact {
    pub(crate) store: String,
    /// The newest manifest.
    pub(crate) number: u64,
    pub(crate) absent: BTreeSet<u64>,
    /// Objects with names of our form.
    objects: BTreeMap<String, Known>,
    /// Older manifests, and when they were replaced.
    replaced: BTreeMap<u64, Duration>,
}

/// An object that is there.
#[derive(Debug)]
struct Known {
    bytes: u64,
    /// Since when nobody needs it.
    unwanted: Option<Duration>,
    /// The part it was in the table, which snapshots may still hold.
    part: Weak<Part>,
}

impl Contact {
    /// Looks what is there. The prefix becomes this store's if it is nobody's.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is another's, [`StoreError::Moved`] when parts are missing and this may be the wrong
    /// place, others when it cannot be read or written.
    pub(crate) fn make(
        core: &Core,
        prefix: &Prefix,
        writer: &str,
        now: Duration,
    ) -> Result<Self, StoreError> {
        let identity = identify(core)?;
        let objects = &*prefix.objects;
        let failed = |source| core.far_error("look what is on object storage", source);
        let listed = objects.list(LOGS).map_err(failed)?;
        let numbers = listing::numbers(objects).map_err(failed)?;
        let newest = listing::newest(objects).map_err(failed)?;
        let known = |bytes| Known { bytes, unwanted: None, part: Weak::new() };
        let listed = listed.into_iter().filter(|object| is_part_key(&object.key));
        let mut contact = Self {
            store: identity.store.clone(),
            number: 0,
            absent: BTreeSet::new(),
            objects: listed.map(|object| (object.key, known(object.bytes))).collect(),
            replaced: BTreeMap::new(),
        };
        let table = Table::now(core);
        let lost = contact.lost(core, &table);
        match newest {
            Some((_, there)) if there.store != identity.store => {
                return Err(conflict(prefix, "another store"));
            }
            Some((number, there)) => contact.adopt(prefix, number, there),
            None if !lost.is_empty() => {
                let before = table.identity.and_then(|known| known.url).unwrap_or_default();
                let (url, parts) = (objects.url().to_owned(), lost.len() as u64);
                return Err(StoreError::Moved { url, before, parts });
            }
            None => {
                contact.refuse_others(prefix, &table)?;
                contact.claim(core, prefix, writer, &table)?;
            }
        }
        contact.replaced = numbers.into_iter().filter(|n| *n < contact.number).map(|n| (n, now)).collect();
        settle(core, prefix, identity)?;
        for id in lost {
            core.set_aside(id, "its object is missing or cut off, and there is no copy of it here")?;
        }
        Ok(contact)
    }

    /// True when the whole object of this part is there.
    pub(crate) fn has(&self, part: &Added) -> bool {
        self.objects.get(&part_key(part)).is_some_and(|known| known.bytes == part.summary.bytes)
    }

    pub(crate) fn was_put(&mut self, part: &Added) {
        let known = Known { bytes: part.summary.bytes, unwanted: None, part: Weak::new() };
        self.objects.insert(part_key(part), known);
    }

    /// This manifest is the newest from now on.
    pub(crate) fn adopt(&mut self, prefix: &Prefix, number: u64, listing: Listing) {
        self.number = number;
        self.absent = listing.absent.into_iter().collect();
        prefix.set_listed(listing.parts.into_iter().map(|listed| (listed.part.id, listed.key)).collect());
    }

    /// The one before the newest is from now on one that was replaced.
    pub(crate) fn was_replaced(&mut self, number: u64, now: Duration) {
        self.replaced.insert(number, now);
    }

    /// What nobody needs since [`crate::Remote::linger`]: manifests first, so that what is listed is there.
    pub(crate) fn due(&mut self, prefix: &Prefix, table: &Table, now: Duration) -> (Vec<u64>, Vec<String>) {
        let parts: BTreeMap<String, &Arc<Part>> =
            table.parts.iter().map(|(added, part)| (part_key(added), part)).collect();
        let aside: BTreeSet<String> = table.aside.iter().map(part_key).collect();
        let listed = prefix.listed();
        let listed: BTreeSet<&String> = listed.values().collect();
        let mut objects = Vec::new();
        for (key, known) in &mut self.objects {
            let part = parts.get(key);
            if let Some(part) = part {
                known.part = Arc::downgrade(part);
            }
            if part.is_some() || listed.contains(key) || aside.contains(key) {
                known.unwanted = None;
                continue;
            }
            let since = *known.unwanted.get_or_insert(now);
            if since + prefix.linger <= now && known.part.strong_count() == 0 {
                objects.push(key.clone());
            }
        }
        let manifests =
            self.replaced.iter().filter(|(_, since)| **since + prefix.linger <= now).map(|(n, _)| *n);
        (manifests.collect(), objects)
    }

    pub(crate) fn manifest_is_gone(&mut self, number: u64) {
        self.replaced.remove(&number);
    }

    pub(crate) fn object_is_gone(&mut self, key: &str) {
        self.objects.remove(key);
    }

    /// The parts that should be here and are neither here nor on this disk.
    fn lost(&self, core: &Core, table: &Table) -> Vec<u64> {
        let here =
            |part: &Part| core.disk.len(part.path()).is_ok_and(|len| len == Some(part.summary().bytes));
        let lost =
            table.parts.iter().filter(|(added, part)| added.uploaded && !self.has(added) && !here(part));
        lost.map(|(added, _)| added.id).collect()
    }

    /// Without a manifest, parts that are not this store's must not be taken for what a crash left of it.
    fn refuse_others(&self, prefix: &Prefix, table: &Table) -> Result<(), StoreError> {
        let own = table.parts.iter().map(|(added, _)| added).chain(&table.aside).map(part_key);
        let own: BTreeSet<String> = own.collect();
        let parts = self.objects.keys().filter(|key| !own.contains(*key)).count() as u64;
        let url = prefix.objects.url().to_owned();
        if parts == 0 { Ok(()) } else { Err(StoreError::NoRemoteManifest { url, parts }) }
    }

    /// Makes the first manifest, which lists nothing: from then on the prefix is this store's.
    fn claim(&mut self, core: &Core, prefix: &Prefix, writer: &str, table: &Table) -> Result<(), StoreError> {
        let mut first = Listing::new(self.store.clone(), writer.to_owned());
        first.absent = table.ids().collect();
        core.far_point("before-claim")?;
        let made = listing::create(&*prefix.objects, 1, &first);
        if !made.map_err(|source| core.far_error("make the first manifest", source))? {
            return Err(conflict(prefix, "another store"));
        }
        tracing::info!(
            url = prefix.objects.url(),
            "the prefix on object storage is this store's from now on"
        );
        self.adopt(prefix, 1, first);
        Ok(())
    }
}

/// The store's id, made when there is none. It is durable before anything is written to object storage.
fn identify(core: &Core) -> Result<Identity, StoreError> {
    if let Some(known) = core.ledger().catalog.identity.clone() {
        return Ok(known);
    }
    let identity = Identity { store: random_id(), url: None };
    let change = Change { identity: Some(identity.clone()), ..Change::default() };
    core.committed(core.commit(change, |_| {}))?;
    Ok(identity)
}

/// Notes that the prefix is this store's.
fn settle(core: &Core, prefix: &Prefix, identity: Identity) -> Result<(), StoreError> {
    let url = Some(prefix.objects.url().to_owned());
    if identity.url != url {
        let change = Change { identity: Some(Identity { url, ..identity }), ..Change::default() };
        core.committed(core.commit(change, |_| {}))?;
    }
    prefix.set_elsewhere(None);
    Ok(())
}

pub(crate) fn conflict(prefix: &Prefix, who: &'static str) -> StoreError {
    StoreError::Conflict { url: prefix.objects.url().to_owned(), who }
}

/// True for the names that parts get: others are left alone.
fn is_part_key(key: &str) -> bool {
    let stem = key.rsplit('/').next().and_then(|file| file.strip_prefix("part-")?.strip_suffix(".parquet"));
    stem.and_then(|stem| stem.split_once('-')).is_some_and(|(id, crc)| {
        let digits = |text: &str, radix| text.chars().all(|digit| digit.is_digit(radix));
        id.len() == 20 && digits(id, 10) && crc.len() == 8 && digits(crc, 16)
    })
}

#[cfg(test)]
mod tests {
    use super::is_part_key;

    #[test]
    fn only_names_of_parts_are_ours() {
        assert!(is_part_key("logs/date=2026-11-22/hour=13/part-00000000000000000042-0a1b2c3d.parquet"));
        for other in [
            "logs/part-0001.parquet",
            "logs/notes.txt",
            "logs/part-00000000000000000042.parquet",
            "logs/part-00000000000000000042-0a1b2c3x.parquet",
            "",
        ] {
            assert!(!is_part_key(other), "{other}");
        }
    }
}
