//! Object storage for the store: S3 and what speaks like it, Google Cloud Storage, Azure Blob Storage.
//!
//! [`connect()`] makes of a URL what [`store::Options::remote`] needs. The store itself knows neither the network nor a
//! runtime: its calls block, and are done here by one thread that serves many at once.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | one request | 30 seconds; 5 to connect; tried again three times within 20 seconds where that is safe |
//! | one call | 60 seconds; an upload so long for each 8 MiB |
//! | memory | 8 MiB for each upload, the bytes that are read, and what the connections take |
//! | longest object | 10,000 pieces of 8 MiB |
//! | threads | `objects`, one for each URL that is connected |
//!
//! # What the other end must do
//!
//! A put with `If-None-Match: *` must fail when the object exists, also for two at once: the manifests depend on it. AWS,
//! Google, Azure, Cloudflare R2 and MinIO do so. A list must show what was put before, as all of them do today. An upload
//! that is cut off may leave pieces that cost something: a rule to remove unfinished multipart uploads after a day is a
//! good idea.
#![forbid(unsafe_code)]

mod client;
mod connect;
mod error;
mod runtime;
mod said;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;

pub use connect::connect;
pub use error::{ConnectError, OpenError};
use store::{Remote, Snapshot};

/// The rows that a store has put below a URL, as of now, read from any machine. Up to `cache_bytes` of what was read are
/// kept in `cache_dir`, which may be shared; 0 keeps nothing.
///
/// # Errors
/// When the URL or the options are wrong, nothing is there, or it cannot be reached.
pub fn open_snapshot(
    url: &str,
    options: &BTreeMap<String, String>,
    cache_dir: &Path,
    cache_bytes: u64,
) -> Result<Snapshot, OpenError> {
    let objects = connect(url, options)?;
    Ok(Snapshot::remote(&Remote::new(objects, cache_bytes), cache_dir)?)
}
