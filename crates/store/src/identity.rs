//! To whom a prefix of object storage belongs.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;

use crate::change::Identity;
use crate::prefix::Prefix;
use crate::{OpenError, listing};

/// A new id, that no other store or opening has.
pub(crate) fn random_id() -> String {
    // The standard library keys its hash maps with bytes from the system.
    let half = || {
        let mut hasher = RandomState::new().build_hasher();
        hasher.write_u64(record::clock::wall().0);
        hasher.write_u32(std::process::id());
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(), half())
}

/// Refuses a prefix that is used for the first time and belongs to another store. One that was used before, or cannot be
/// reached, is let in: whoever uploads looks again.
pub(crate) fn admit(known: Option<&Identity>, prefix: &Prefix, dir: &Path) -> Result<(), OpenError> {
    if !look_elsewhere(known, prefix) {
        return Ok(());
    }
    let url = prefix.objects.url();
    match listing::newest(&*prefix.objects) {
        Ok(Some((_, there))) if known.is_none_or(|known| known.store != there.store) => {
            return Err(OpenError::Foreign { url: url.to_owned(), dir: dir.to_owned() });
        }
        // It was copied, or the first upload was cut off.
        Ok(Some(_)) => prefix.set_elsewhere(None),
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, url, "object storage could not be asked to whom the prefix belongs, the store goes on without it for now");
        }
    }
    Ok(())
}

/// Says to the prefix where the store's parts are. True when that is not known to be there.
pub(crate) fn look_elsewhere(known: Option<&Identity>, prefix: &Prefix) -> bool {
    let before = known.and_then(|known| known.url.as_deref());
    let other = before != Some(prefix.objects.url());
    if other {
        prefix.set_elsewhere(before.map(str::to_owned));
    }
    other
}
