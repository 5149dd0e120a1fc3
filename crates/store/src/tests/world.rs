//! A store with object storage, without its threads, and the time that it sees.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::rows::{append, positions_in, small};
use super::{Bucket, Faults};
use crate::core::Core;
use crate::disk::Disk;
use crate::flush::Flush;
use crate::service::Next;
use crate::store::open_core_on;
use crate::upload::{GATHER, Upload};
use crate::{Options, Snapshot, StoreError};

pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    pub(super) bucket: Bucket,
    pub(super) core: Arc<Core>,
    pub(super) upload: Upload,
    pub(super) clock: Duration,
    pub(super) cache_bytes: u64,
}

pub(super) fn open(dir: &Path, bucket: &Bucket, cache_bytes: u64) -> Arc<Core> {
    let disk = Disk::new(dir);
    let remote = Some(bucket.seen_with(&disk.faults).remote(cache_bytes));
    open_core_on(disk, Options { remote, ..small() }).unwrap()
}

impl World {
    pub(super) fn new(cache_bytes: u64) -> Self {
        let (dir, bucket) = (tempfile::tempdir().unwrap(), Bucket::new());
        let core = open(dir.path(), &bucket, cache_bytes);
        Self { dir, bucket, core, upload: Upload::new(), clock: Duration::ZERO, cache_bytes }
    }

    /// Ten rows from here on become a part.
    pub(super) fn ten(&self, first: u64) {
        append(&self.core, first..=first + 9);
        Flush::default().flush(&self.core).unwrap();
    }

    /// Passes until there is nothing more to do now.
    pub(super) fn pass(&mut self) -> Result<(), StoreError> {
        for _ in 0..3 {
            while let Next::Go = self.upload.upload(&self.core, self.clock)? {}
            self.clock += GATHER;
        }
        Ok(())
    }

    /// Another life of the store, as after a crash.
    pub(super) fn reopen(&mut self) {
        let other = tempfile::tempdir().unwrap();
        // The lock goes with the last one who holds it.
        self.core = crate::store::open_core(other.path(), small()).unwrap();
        self.core = open(self.dir.path(), &self.bucket, self.cache_bytes);
        self.upload = Upload::new();
    }

    pub(super) fn faults(&self) -> &Faults {
        &self.core.disk.faults
    }

    pub(super) fn rows(&self) -> Vec<u64> {
        positions_in(&self.core.snapshot())
    }

    pub(super) fn remote_rows(&self) -> Vec<u64> {
        let cache = tempfile::tempdir().unwrap();
        positions_in(&Snapshot::remote(&self.bucket.remote(1 << 20), cache.path()).unwrap())
    }

    pub(super) fn copies(&self) -> usize {
        self.core.disk.parts().unwrap().len()
    }

    pub(super) fn objects(&self) -> usize {
        self.bucket.keys("logs/").len()
    }
}
