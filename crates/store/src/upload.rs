//! Parts go to object storage.

use std::time::Duration;

use record::clock::monotonic;

use crate::change::Change;
use crate::contact::{Contact, conflict};
use crate::core::Core;
use crate::identity::random_id;
use crate::listing::{self, Listed, Listing, listing_key};
use crate::prefix::{Prefix, named};
use crate::put::put_parts;
use crate::service::{Next, Work};
use crate::status::{RemoteStatus, Service, Status};
use crate::table::Table;
use crate::{StoreError, copies};

/// So long it waits for more parts: what is merged meanwhile need not be uploaded.
pub(crate) const GATHER: Duration = Duration::from_secs(15);
/// How often it looks what may be removed, if nothing else happens.
const LOOK: Duration = Duration::from_secs(30);
/// The service that keeps the table on object storage.
///
/// Each pass takes the table as it is, puts the parts that are not there, and then makes a manifest that lists them all,
/// in one conditional put. So each manifest is a whole state of the table, and is never without rows that one before it
/// had. Only then that is noted in the store's own manifest, and copies may go from this disk.
///
/// Owns what it knows of the prefix; one part at a time. Killed at any point it leaves objects that no manifest lists:
/// the next pass lists them, or they are removed. When object storage cannot be reached it tries again, and all else goes
/// on; parts then stay on this disk. When someone else writes there it ends, and says so, until the store is opened again.
/// It is not waited for when the store stops.
#[derive(Debug)]
pub(crate) struct Upload {
    /// Tells this process from others with a copy of the store.
    writer: String,
    contact: Option<Contact>,
    /// Since when there is something to do.
    since: Option<Duration>,
    /// Someone else writes there.
    ended: Option<&'static str>,
}

impl Work for Upload {
    const NAME: &'static str = "upload";
    const AWAITED: bool = false;

    fn step(&mut self, core: &Core) -> Result<Next, StoreError> {
        self.upload(core, monotonic())
    }

    fn status(status: &mut Status) -> &mut Service {
        &mut status.upload
    }
}

impl Upload {
    pub(crate) fn new() -> Self {
        Self { writer: random_id(), contact: None, since: None, ended: None }
    }

    /// Does what is to be done now.
    pub(crate) fn upload(&mut self, core: &Core, now: Duration) -> Result<Next, StoreError> {
        let Some(prefix) = &core.shelf.prefix else { return Ok(Next::Wait(LOOK)) };
        if let Some(who) = self.ended {
            return Err(conflict(prefix, who));
        }
        let done = self.pass(core, prefix, now);
        if let Err(StoreError::Conflict { who, .. }) = &done {
            self.ended = Some(who);
        }
        done
    }

    fn pass(&mut self, core: &Core, prefix: &Prefix, now: Duration) -> Result<Next, StoreError> {
        let contact = match &mut self.contact {
            Some(contact) => contact,
            none => none.insert(Contact::make(core, prefix, &self.writer, now)?),
        };
        let table = Table::now(core);
        if !is_listed(contact, prefix, &table) {
            report(core, prefix, contact, &table, None, Some(*self.since.get_or_insert(now)));
            let rest = (*self.since.get_or_insert(now) + GATHER).saturating_sub(now);
            if !rest.is_zero() {
                return Ok(Next::Wait(rest));
            }
            if !put_parts(core, prefix, contact, &table)? {
                return Ok(Next::Go);
            }
            publish(core, prefix, contact, &self.writer, &table, now)?;
        }
        note(core, prefix)?;
        let copies = copies::evict(core, prefix)?;
        remove(core, prefix, contact, &table, now)?;
        report(core, prefix, contact, &table, Some(copies), self.since);
        if !is_listed(contact, prefix, &table) {
            return Ok(Next::Go);
        }
        self.since = None;
        Ok(Next::Wait(LOOK))
    }
}

/// True when the newest manifest lists just these parts, and all of them are there.
fn is_listed(contact: &Contact, prefix: &Prefix, table: &Table) -> bool {
    let listed = prefix.listed();
    listed.len() == table.parts.len()
        && table.parts.iter().all(|(part, _)| listed.contains_key(&part.id) && contact.has(part))
}

/// Makes the next manifest.
fn publish(
    core: &Core,
    prefix: &Prefix,
    contact: &mut Contact,
    writer: &str,
    table: &Table,
    now: Duration,
) -> Result<(), StoreError> {
    let mut next = Listing::new(contact.store.clone(), writer.to_owned());
    next.checkpoints.clone_from(&table.checkpoints);
    let parts = table.parts.iter().map(|(part, _)| part);
    next.parts = parts.clone().filter(|part| contact.has(part)).map(Listed::new).collect();
    next.absent = parts.filter(|part| !contact.has(part)).map(|part| part.id).collect();
    let (before, number) = (contact.number, contact.number + 1);
    core.far_point("before-manifest-put")?;
    let made = listing::create(&*prefix.objects, number, &next);
    if made.map_err(|source| core.far_error("make a manifest", source))? {
        contact.adopt(prefix, number, next);
        contact.was_replaced(before, now);
        core.note(|state| state.counts.upload.done += 1);
        return Ok(());
    }
    let there =
        listing::get(&*prefix.objects, number).map_err(|source| core.far_error("read a manifest", source))?;
    if there.store != contact.store {
        return Err(conflict(prefix, "another store"));
    }
    if there.writer != writer {
        return Err(conflict(prefix, "another collector with a copy of this store"));
    }
    // It was made by an attempt of which no answer came. The table may have changed since.
    contact.adopt(prefix, number, there);
    contact.was_replaced(before, now);
    Ok(())
}

/// Notes in the store's own manifest which parts are on object storage.
fn note(core: &Core, prefix: &Prefix) -> Result<(), StoreError> {
    let listed = prefix.listed();
    let uploaded: Vec<u64> = {
        let ledger = core.ledger();
        let parts = ledger.catalog.parts.iter();
        parts.filter(|(id, live)| !live.uploaded && listed.contains_key(id)).map(|(id, _)| *id).collect()
    };
    if uploaded.is_empty() {
        return Ok(());
    }
    core.committed(core.commit(Change { uploaded, ..Change::default() }, |_| {})).map(|_| ())
}

/// Removes what nobody needs any more.
fn remove(
    core: &Core,
    prefix: &Prefix,
    contact: &mut Contact,
    table: &Table,
    now: Duration,
) -> Result<(), StoreError> {
    let (manifests, objects) = contact.due(prefix, table, now);
    let delete = |key: &str| {
        core.far_point("before-object-removed")?;
        let removed = prefix.objects.delete(key);
        removed.map_err(|error| core.far_error("remove an object", named(&error, &prefix.name(key))))
    };
    for number in manifests {
        delete(&listing_key(number))?;
        contact.manifest_is_gone(number);
    }
    for key in objects {
        delete(&key)?;
        contact.object_is_gone(&key);
    }
    Ok(())
}

fn report(
    core: &Core,
    prefix: &Prefix,
    contact: &Contact,
    table: &Table,
    copies: Option<u64>,
    since: Option<Duration>,
) {
    let waiting = table.parts.iter().filter(|(part, _)| !contact.has(part));
    let (parts, bytes) =
        waiting.fold((0, 0), |(parts, all), (part, _)| (parts + 1, all + part.summary.bytes));
    core.note(|state| {
        let before = state.counts.remote.as_ref().map_or(0, |remote| remote.copy_bytes);
        state.counts.remote = Some(RemoteStatus {
            url: prefix.objects.url().to_owned(),
            manifest: contact.number,
            parts: prefix.listed().len() as u64,
            waiting_parts: parts,
            waiting_bytes: bytes,
            waiting_since: since.filter(|_| parts > 0),
            copy_bytes: copies.unwrap_or(before),
            block_bytes: prefix.block_bytes(),
        });
    });
}
