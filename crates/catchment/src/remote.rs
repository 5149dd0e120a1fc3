//! Object storage, as the configuration names it.

use std::collections::BTreeMap;

use objects::ConnectError;

use crate::config;

/// What this machine keeps of a store that it reads by its URL, in bytes.
pub(crate) const CACHE_BYTES: u64 = 1 << 30;

/// The place that is configured. Nothing is asked there yet.
pub(crate) fn connect(remote: &config::Remote) -> Result<store::Remote, ConnectError> {
    let objects = objects::connect(&remote.url, &remote.options)?;
    Ok(store::Remote { linger: remote.linger, ..store::Remote::new(objects, remote.cache_bytes) })
}

/// All rows of a store that are at a URL, which anybody who may read there can ask for.
pub(crate) fn snapshot(url: &str) -> Result<store::Snapshot, objects::OpenError> {
    let cache = std::env::temp_dir().join(format!("catchment-{:08x}", crc32c::crc32c(url.as_bytes())));
    objects::open_snapshot(url, &BTreeMap::new(), &cache, CACHE_BYTES)
}
