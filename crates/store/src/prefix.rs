//! The parts of a table that are on object storage.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use part::Part;

use crate::blocks::{Blocks, Wanted};
use crate::change::Added;
use crate::disk::part_path;
use crate::listing::{LISTINGS, LOGS};
use crate::{Objects, Remote};

/// Where the parts of a store lie: below its directory, and perhaps on object storage.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    pub(crate) dir: PathBuf,
    pub(crate) prefix: Option<Arc<Prefix>>,
}

/// A prefix of object storage, and the blocks of it that are cached.
///
/// What it owns: the blocks. What bounds it: their share of [`Remote::cache_bytes`], and some bytes for each part.
#[derive(Debug)]
pub(crate) struct Prefix {
    pub(crate) objects: Arc<dyn Objects>,
    blocks: Blocks,
    /// Whole parts on this disk that are there, too, take at most so many bytes.
    pub(crate) copies_max: u64,
    /// See [`Remote::linger`].
    pub(crate) linger: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The parts are not here, but at this URL.
    elsewhere: Option<String>,
    /// The keys of the parts that its newest manifest lists, as far as this process has seen it.
    listed: Arc<BTreeMap<u64, String>>,
}

/// The object of a part. Its checksum is part of its name: whoever writes there, and however often, an object is never
/// replaced by another one.
pub(crate) fn part_key(part: &Added) -> String {
    format!("{LOGS}{}/part-{:020}-{:08x}.parquet", part.place, part.id, part.summary.crc32c)
}

impl Shelf {
    pub(crate) fn local(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), prefix: None }
    }

    /// A part of the table. Its file is read while there is one.
    pub(crate) fn part(&self, part: &Added) -> Part {
        let path = part_path(&self.dir, part.place, part.id);
        match &self.prefix {
            Some(prefix) => Part::open_or_remote(path, part.summary.clone(), prefix.object(part)),
            None if part.uploaded => {
                Part::open_or_remote(path, part.summary.clone(), Arc::new(NotConfigured))
            }
            None => Part::open(path, part.summary.clone()),
        }
    }

    /// A part whose file, if there is one, is not to be read.
    pub(crate) fn remote_part(&self, part: &Added) -> Part {
        match &self.prefix {
            Some(prefix) => prefix.part(part),
            None => Part::open_remote(
                part_path(&self.dir, part.place, part.id),
                part.summary.clone(),
                Arc::new(NotConfigured),
            ),
        }
    }
}

impl Prefix {
    /// With blocks of at most `blocks_max` bytes in `cache_dir`, and copies that take the rest.
    pub(crate) fn open(remote: &Remote, cache_dir: &Path, blocks_max: u64) -> Self {
        Self {
            objects: Arc::clone(&remote.objects),
            blocks: Blocks::open(cache_dir, blocks_max),
            copies_max: remote.cache_bytes - blocks_max,
            linger: remote.linger,
            state: Mutex::default(),
        }
    }

    /// Of a store that has its own files beside it.
    pub(crate) fn of_store(remote: &Remote, dir: &Path) -> Self {
        Self::open(remote, &crate::disk::cache_dir(dir), remote.cache_bytes / 2)
    }

    /// A part that is nowhere else.
    pub(crate) fn part(self: &Arc<Self>, part: &Added) -> Part {
        let name = PathBuf::from(self.name(&part_key(part)));
        Part::open_remote(name, part.summary.clone(), self.object(part))
    }

    fn object(self: &Arc<Self>, part: &Added) -> Arc<PartObject> {
        Arc::new(PartObject { prefix: Arc::clone(self), key: part_key(part), bytes: part.summary.bytes })
    }

    /// An object, as messages call it.
    pub(crate) fn name(&self, key: &str) -> String {
        format!("{}/{key}", self.objects.url())
    }

    /// Until it is known better, the store's parts are not to be looked for here but at this URL.
    pub(crate) fn set_elsewhere(&self, url: Option<String>) {
        self.state().elsewhere = url;
    }

    pub(crate) fn listed(&self) -> Arc<BTreeMap<u64, String>> {
        Arc::clone(&self.state().listed)
    }

    pub(crate) fn set_listed(&self, listed: BTreeMap<u64, String>) {
        self.state().listed = Arc::new(listed);
    }

    /// Frees so many bytes of cached blocks, or all. Returns how many.
    pub(crate) fn evict_blocks(&self, bytes: u64) -> u64 {
        self.blocks.evict(bytes)
    }

    /// Forgets what is cached of a part. True when there was something.
    pub(crate) fn forget_blocks(&self, part: &Added) -> bool {
        let (objects, of) = (&*self.objects, part.summary.bytes);
        self.blocks.forget(Wanted { objects, key: &part_key(part), of })
    }

    pub(crate) fn block_bytes(&self) -> u64 {
        self.blocks.bytes()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object that is not there is gone for good only where there is a manifest. Where there is none, this is another
    /// place than was meant, or someone has emptied it and may bring it back.
    fn is_there(&self) -> io::Result<()> {
        if self.objects.list(LISTINGS)?.is_empty() {
            return Err(io::Error::other("there is no manifest either: is this the store's URL?"));
        }
        Ok(())
    }
}

/// One part's object.
#[derive(Debug)]
struct PartObject {
    prefix: Arc<Prefix>,
    key: String,
    bytes: u64,
}

impl part::Remote for PartObject {
    fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let prefix = &*self.prefix;
        if let Some(elsewhere) = prefix.state().elsewhere.clone() {
            let why = format!(
                "it is below `{elsewhere}`, and nothing of this store is known to be below `{}`",
                prefix.objects.url()
            );
            return Err(io::Error::other(why));
        }
        let wanted = Wanted { objects: &*prefix.objects, key: &self.key, of: self.bytes };
        let read = prefix.blocks.read(wanted, at, len).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => prefix.is_there().err().unwrap_or(error),
            _ => error,
        });
        read.map_err(|error| named(&error, &prefix.name(&self.key)))
    }
}

/// The remote of a part that was uploaded, when nothing is said about where.
#[derive(Debug)]
struct NotConfigured;

impl part::Remote for NotConfigured {
    fn read(&self, _at: u64, _len: usize) -> io::Result<Vec<u8>> {
        Err(io::Error::other("it is on object storage only, and no URL of that is configured"))
    }
}

/// The same error with the object's name.
pub(crate) fn named(error: &io::Error, name: &str) -> io::Error {
    io::Error::new(error.kind(), format!("`{name}`: {error}"))
}
