//! The files of parts that are on object storage as well.

use crate::StoreError;
use crate::catalog::Live;
use crate::core::Core;
use crate::prefix::Prefix;

/// Keeps the newest copies while they take at most [`Prefix::copies_max`] bytes, and removes the others. Returns the bytes
/// that are left. Parts that no manifest on object storage lists, as this process has seen it, stay.
pub(crate) fn evict(core: &Core, prefix: &Prefix) -> Result<u64, StoreError> {
    let mut kept = 0;
    let mut full = false;
    let listed = prefix.listed();
    for (live, bytes) in newest_first(core, |id| listed.contains_key(&id)) {
        full |= kept + bytes > prefix.copies_max;
        if full {
            remove(core, &live)?;
        } else {
            kept += bytes;
        }
    }
    Ok(kept)
}

/// Frees so many bytes of this disk that object storage has as well: cached blocks first, then the oldest copies. Returns
/// how many. That a manifest there has listed them is noted, which has to do: otherwise the rows would have to go.
pub(crate) fn free(core: &Core, bytes: u64) -> Result<u64, StoreError> {
    let Some(prefix) = &core.shelf.prefix else { return Ok(0) };
    if bytes == 0 {
        return Ok(0);
    }
    let mut freed = prefix.evict_blocks(bytes);
    for (live, bytes_of_copy) in newest_first(core, |_| true).into_iter().rev() {
        if freed >= bytes {
            break;
        }
        remove(core, &live)?;
        freed += bytes_of_copy;
    }
    if freed > 0 {
        tracing::info!(freed, "copies of parts on object storage were removed for the free disk");
    }
    Ok(freed)
}

/// Removes what is on this disk of a part that cannot be read and is on object storage. False when there is nothing, or
/// that was done before: then the object is to blame.
pub(crate) fn heal(core: &Core, id: u64, why: &str) -> Result<bool, StoreError> {
    let Some(prefix) = &core.shelf.prefix else { return Ok(false) };
    let mut ledger = core.ledger();
    let Some(live) = ledger.catalog.parts.get_mut(&id) else { return Ok(false) };
    if !live.uploaded || live.healed || !prefix.listed().contains_key(&id) {
        return Ok(false);
    }
    let blocks = prefix.forget_blocks(&live.added(id));
    if !remove(core, live)? && !blocks {
        return Ok(false);
    }
    tracing::warn!(
        part = id,
        why,
        "what was on this disk of a part was damaged, it is read from object storage"
    );
    *live = Live { healed: true, ..Live::new(&live.added(id), &core.shelf) };
    core.tell(|state| state.show(&ledger.catalog, &core.disk));
    Ok(true)
}

/// The parts on object storage that have a copy here, with its bytes; of those that are `wanted`.
fn newest_first(core: &Core, wanted: impl Fn(u64) -> bool) -> Vec<(Live, u64)> {
    let mut parts: Vec<Live> = {
        let ledger = core.ledger();
        let parts = ledger.catalog.parts.iter();
        parts.filter(|(id, live)| live.uploaded && wanted(**id)).map(|(_, live)| live.clone()).collect()
    };
    parts.sort_by_key(|live| std::cmp::Reverse((live.part.summary().time.1, live.part.summary().position.1)));
    let copy = |live: Live| {
        let bytes = core.disk.len(live.part.path()).ok().flatten()?;
        Some((live, bytes))
    };
    parts.into_iter().filter_map(copy).collect()
}

fn remove(core: &Core, live: &Live) -> Result<bool, StoreError> {
    let removed = core.disk.evict_part(live.part.path());
    live.part.close();
    removed.map_err(|source| StoreError::Io {
        doing: "remove the copy of a part",
        dir: core.disk.dir().to_owned(),
        source,
    })
}
