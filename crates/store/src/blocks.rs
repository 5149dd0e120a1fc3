//! Blocks of objects that were read before.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Objects;
use crate::disk::BlockFiles;

/// What is read from an object at once, and kept, in bytes.
const BLOCK: u64 = if cfg!(test) { 1 << 10 } else { 1 << 20 };
/// Neighbouring blocks that are read in one go.
const RUN: u64 = 8;

/// The blocks of objects that were read most recently, each a file.
///
/// What it owns: its directory. What bounds it: `bytes_max`; the blocks that were not used for the longest time go. They
/// stay for the next process. What happens when it fails: a block that cannot be kept, or is not as it was written, is
/// read from its object again.
#[derive(Debug)]
pub(crate) struct Blocks {
    files: BlockFiles,
    bytes_max: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    tick: u64,
    bytes: u64,
    blocks: HashMap<String, Block>,
    /// Their names by when they were last used.
    by_use: BTreeMap<u64, String>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    used: u64,
    bytes: u64,
    /// Its checksum was found right since this process began.
    checked: bool,
}

/// What is to be read of which object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) objects: &'a dyn Objects,
    pub(crate) key: &'a str,
    /// The object's length.
    pub(crate) of: u64,
}

impl Blocks {
    /// The blocks in a directory, and at most so many bytes of them.
    pub(crate) fn open(dir: &Path, bytes_max: u64) -> Self {
        let blocks = Self { files: BlockFiles::new(dir), bytes_max, kept: Mutex::default() };
        // A cache that cannot be listed is empty.
        for (name, bytes) in blocks.files.list().unwrap_or_default() {
            blocks.kept().insert(name, bytes, false);
        }
        blocks.shrink(bytes_max);
        blocks
    }

    /// `len` bytes of an object, from `at` on.
    ///
    /// # Errors
    /// As [`Objects::read`].
    pub(crate) fn read(&self, wanted: Wanted<'_>, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let end = at + len as u64;
        if self.bytes_max < BLOCK || end > wanted.of {
            return wanted.objects.read(wanted.key, at..end, wanted.of);
        }
        let mut bytes = Vec::with_capacity(len);
        let mut next = at;
        while next < end {
            let block = next / BLOCK;
            let here = (next - block * BLOCK, end.min((block + 1) * BLOCK) - block * BLOCK);
            if let Some(found) = self.cached(&name(wanted, block), here) {
                bytes.extend_from_slice(&found);
                next = block * BLOCK + here.1;
                continue;
            }
            let run = self.fetch(wanted, block, end.div_ceil(BLOCK))?;
            let upto = run.len().min((end - block * BLOCK) as usize);
            bytes.extend_from_slice(&run[here.0 as usize..upto]);
            next = block * BLOCK + upto as u64;
        }
        Ok(bytes)
    }

    /// Frees so many bytes, if there are so many. Returns how many.
    pub(crate) fn evict(&self, bytes: u64) -> u64 {
        let before = self.bytes();
        self.shrink(before.saturating_sub(bytes));
        before - self.bytes()
    }

    /// Removes what there is of an object. True when there was something.
    pub(crate) fn forget(&self, wanted: Wanted<'_>) -> bool {
        let names: Vec<String> = (0..wanted.of.div_ceil(BLOCK)).map(|block| name(wanted, block)).collect();
        names.iter().filter(|name| self.remove(name)).count() > 0
    }

    /// The bytes that are kept.
    pub(crate) fn bytes(&self) -> u64 {
        self.kept().bytes
    }

    /// Reads a block and those behind it that are not here either, before `upto`, and keeps them.
    fn fetch(&self, wanted: Wanted<'_>, first: u64, upto: u64) -> io::Result<Vec<u8>> {
        let missing = |block: &u64| !self.kept().blocks.contains_key(&name(wanted, *block));
        let more = (first + 1..upto.min(first + RUN)).take_while(missing).count() as u64;
        let range = first * BLOCK..wanted.of.min((first + 1 + more) * BLOCK);
        let bytes = wanted.objects.read(wanted.key, range.clone(), wanted.of)?;
        if bytes.len() as u64 != range.end - range.start {
            return Err(io::Error::other(format!("{} bytes came for {range:?}", bytes.len())));
        }
        for (block, bytes) in (first..).zip(bytes.chunks(BLOCK as usize)) {
            self.keep(name(wanted, block), bytes);
        }
        Ok(bytes)
    }

    fn cached(&self, name: &str, (from, to): (u64, u64)) -> Option<Vec<u8>> {
        let Block { checked, bytes: there, .. } = self.kept().touch(name)?;
        let found = if checked {
            self.files.read_at(name, from, (to - from) as usize)
        } else {
            self.files.read(name).and_then(|bytes| {
                let found = bytes.get(from as usize..to as usize).map(<[u8]>::to_vec);
                found
                    .filter(|_| bytes.len() as u64 == there)
                    .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
            })
        };
        match found {
            Ok(found) => {
                if let Some(block) = self.kept().blocks.get_mut(name) {
                    block.checked = true;
                }
                Some(found)
            }
            Err(error) => {
                tracing::debug!(%error, name, "a cached block is read again from its object");
                self.remove(name);
                None
            }
        }
    }

    fn keep(&self, name: String, bytes: &[u8]) {
        if let Err(error) = self.files.write(&name, bytes) {
            tracing::debug!(%error, name, "a block could not be cached");
            return;
        }
        self.kept().insert(name, bytes.len() as u64, true);
        self.shrink(self.bytes_max);
    }

    fn remove(&self, name: &str) -> bool {
        let removed = self.kept().remove(name);
        if removed {
            self.files.remove(name);
        }
        removed
    }

    fn shrink(&self, bytes_max: u64) {
        loop {
            let mut kept = self.kept();
            if kept.bytes <= bytes_max {
                return;
            }
            let Some((_, oldest)) = kept.by_use.pop_first() else { return };
            kept.remove(&oldest);
            drop(kept);
            self.files.remove(&oldest);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn insert(&mut self, name: String, bytes: u64, checked: bool) {
        self.remove(&name);
        self.tick += 1;
        self.bytes += bytes;
        self.by_use.insert(self.tick, name.clone());
        self.blocks.insert(name, Block { used: self.tick, bytes, checked });
    }

    fn touch(&mut self, name: &str) -> Option<Block> {
        let block = self.blocks.get_mut(name)?;
        self.tick += 1;
        self.by_use.remove(&block.used);
        self.by_use.insert(self.tick, name.to_owned());
        block.used = self.tick;
        Some(*block)
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some(block) = self.blocks.remove(name) else { return false };
        self.by_use.remove(&block.used);
        self.bytes -= block.bytes;
        true
    }
}

/// The file name of a block. The objects of several prefixes may be cached in one directory.
fn name(wanted: Wanted<'_>, block: u64) -> String {
    let file = wanted.key.rsplit('/').next().unwrap_or_default();
    let stem = file.strip_suffix(".parquet").unwrap_or(file);
    format!("{:08x}-{stem}.{block}", crc32c::crc32c(wanted.objects.url().as_bytes()))
}
