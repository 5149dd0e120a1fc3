//! The append-only file that says which parts are the table.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::OpenError;
use crate::catalog::Catalog;
use crate::change::Change;
use crate::disk::{Disk, manifest_path};
use crate::frame::{self, FORMAT, Found, HEADER_BYTES, Header};
use crate::prefix::Shelf;

/// A manifest is rewritten when it has grown by this and by twice what it began with.
const GROWTH_BYTES: u64 = if cfg!(test) { 4 << 10 } else { 1 << 20 };

/// The open manifest. Owns its file; whoever holds it is the only one who commits.
///
/// When an append fails and cannot be taken back, it is not known whether the record is durable. Nothing is appended
/// then before a new file, with what is known, has taken the place of this one.
#[derive(Debug)]
pub(crate) struct Manifest {
    file: File,
    number: u64,
    records: u64,
    base: u64,
    end: u64,
    uncertain: bool,
}

/// What a manifest's bytes say.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) catalog: Catalog,
    pub(crate) number: u64,
    records: u64,
    base: u64,
    end: u64,
    /// Bytes behind the last whole record: what was being written when the process or the machine died.
    pub(crate) torn: bool,
}

/// Adds up the records of a manifest. `path` is for messages.
pub(crate) fn replay(bytes: &[u8], number: u64, path: &Path, shelf: &Shelf) -> Result<Replayed, OpenError> {
    let damaged = |offset: usize, what: &str| OpenError::Damaged {
        path: path.to_owned(),
        offset: offset as u64,
        what: what.to_owned(),
    };
    let header = Header::decode(bytes).ok_or_else(|| damaged(0, "its header is wrong"))?;
    if header.format != FORMAT {
        return Err(OpenError::Version { path: path.to_owned(), version: header.format });
    }
    if header.number != number {
        return Err(damaged(8, "it is another manifest under this name"));
    }
    let (mut at, mut records, mut catalog) = (HEADER_BYTES, 0, Catalog::default());
    let torn = loop {
        match frame::read(bytes, at, number, records) {
            Found::End { torn } => break torn,
            Found::Damage(what) => return Err(damaged(at, what)),
            Found::Record { payload, end } => {
                let change: Change =
                    serde_json::from_slice(payload).map_err(|error| damaged(at, &error.to_string()))?;
                catalog.apply(change, shelf).map_err(|what| damaged(at, &what))?;
                (at, records) = (end, records + 1);
            }
        }
    };
    if ((at - HEADER_BYTES) as u64) < header.base {
        return Err(damaged(at, "records that were synced are wrong or missing"));
    }
    Ok(Replayed { catalog, number, records, base: header.base, end: at as u64, torn })
}

impl Manifest {
    /// The first manifest of a store.
    pub(crate) fn create(disk: &Disk) -> io::Result<Self> {
        Self::write(disk, 0, &Catalog::default())
    }

    /// Goes on behind the last whole record of a manifest that was read. Bytes behind it are cut off.
    pub(crate) fn resume(disk: &Disk, replayed: &Replayed) -> io::Result<Self> {
        let Replayed { number, records, base, end, .. } = *replayed;
        let file = disk.open_manifest(number, end)?;
        Ok(Self { file, number, records, base, end, uncertain: false })
    }

    /// Makes a change durable. `catalog` is the state before it.
    ///
    /// # Errors
    /// Whatever the system reports. A crash may still show the change, so what it adds must stay on disk until a
    /// later call succeeds.
    pub(crate) fn append(&mut self, disk: &Disk, catalog: &Catalog, change: &Change) -> io::Result<()> {
        let grown = self.end - (HEADER_BYTES as u64 + self.base);
        if self.uncertain {
            self.rewrite(disk, catalog)?;
        } else if grown > GROWTH_BYTES + 2 * self.base
            && let Err(error) = self.rewrite(disk, catalog)
        {
            tracing::warn!(%error, "the store's manifest could not be rewritten, it grows on");
        }
        let payload = serde_json::to_vec(change).map_err(io::Error::other)?;
        let mut bytes = Vec::new();
        frame::put(&mut bytes, self.number, self.records, &payload);
        if let Err(error) = disk.append(&self.file, &bytes, self.end) {
            // Part of it may be written. Without it, the file is as it was.
            self.uncertain = disk.cut(&self.file, self.end).is_err();
            return Err(error);
        }
        if let Err(error) = disk.sync_manifest(&self.file) {
            self.uncertain = true;
            return Err(error);
        }
        self.end += bytes.len() as u64;
        self.records += 1;
        Ok(())
    }

    /// The number of its file.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Puts a new file with this state in place of the old one.
    fn rewrite(&mut self, disk: &Disk, catalog: &Catalog) -> io::Result<()> {
        let old = self.number;
        *self = Self::write(disk, old + 1, catalog)?;
        disk.remove_manifest(old);
        Ok(())
    }

    fn write(disk: &Disk, number: u64, catalog: &Catalog) -> io::Result<Self> {
        let (mut bytes, mut records) = (vec![0; HEADER_BYTES], 0);
        for change in catalog.changes() {
            let payload = serde_json::to_vec(&change).map_err(io::Error::other)?;
            frame::put(&mut bytes, number, records, &payload);
            records += 1;
        }
        let base = (bytes.len() - HEADER_BYTES) as u64;
        bytes[..HEADER_BYTES].copy_from_slice(&Header { format: FORMAT, number, base }.encode());
        let file = disk.create_manifest(number, &bytes)?;
        Ok(Self { file, number, records, base, end: bytes.len() as u64, uncertain: false })
    }
}

/// The newest manifest in a store's directory, or `None` when there is none.
pub(crate) fn newest(disk: &Disk, shelf: &Shelf) -> Result<Option<Replayed>, OpenError> {
    let dir = disk.dir();
    loop {
        let numbers = disk.manifests().map_err(OpenError::io("list", dir))?;
        let Some(number) = numbers.last().copied() else { return Ok(None) };
        let path = manifest_path(dir, number);
        match disk.read(&path) {
            Ok(bytes) => return replay(&bytes, number, &path, shelf).map(Some),
            // A running store has put a newer one in its place.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(OpenError::io("read", &path)(error)),
        }
    }
}
