//! The cursor on disk, in the file `serve.checkpoint` of the data directory.
//!
//! Limits: one input per data directory (its path is part of the format), one process at a time (the file is locked
//! while it is served), 8 KiB. All numbers are little-endian.
//!
//! ```text
//! byte 0              4096             8192
//!      ├ slot 0 ─ … 0 ┼ slot 1 ─ … 0 ──┤
//!
//! slot: │ magic 8 │ version 4 │ input 4 │ sequence 8 │ device 8 │ inode 8 │ offset 8 │ head len 4 │ head crc 4 │ 0 4 │ crc 4 │
//! ```
//!
//! `input` is the CRC-32C of the input's absolute path, `crc` the CRC-32C of the 60 bytes before it. The valid slot
//! with the higher sequence holds. Every save is one write in place, over the slot that is not known to be durable;
//! a sync makes it durable and the other slot the next to be written. So a killed process loses no save, and a power
//! cut at most those since the last sync: then acked lines are sent again, and none is lost.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::warn;

use crate::cursor::{Cursor, FileId, Head};
use crate::{ServeError, disk};

/// How long a save may stay unsynced.
const SYNC_EVERY: Duration = Duration::from_secs(1);

const NAME: &str = "serve.checkpoint";
const MAGIC: [u8; 8] = *b"CTSERVE\n";
const VERSION: u32 = 1;
const SLOT: usize = 64;
/// A slot has a sector of its own, of any common size, so that a torn write cannot hurt the other.
const SPACING: u64 = 4096;

/// The durable cursor of one input. Owns the file and its lock, which ends with it or with the process. A failed
/// write or sync is final: it is reported and nothing is tried again.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    file: File,
    path: PathBuf,
    input: u32,
    sequence: u64,
    /// The slot that may be written: the other one is durable.
    slot: u64,
    saved: Option<Cursor>,
    unsynced: bool,
    synced: Duration,
}

impl Checkpoint {
    /// Opens or makes the checkpoint of `input` in `data_dir`, and gives the cursor it holds.
    pub(crate) fn open(data_dir: &Path, input: &Path) -> Result<(Self, Option<Cursor>), ServeError> {
        let path = data_dir.join(NAME);
        let failed = |source| ServeError::DataDir { path: data_dir.to_owned(), source };
        disk::make_dir(data_dir).map_err(failed)?;
        let file = disk::open_or_make(&path, 2 * SPACING).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ServeError::Locked { path }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let input =
            crc32c::crc32c(std::path::absolute(input).map_err(failed)?.as_os_str().as_encoded_bytes());
        let latest = read_latest(&file, &path).map_err(failed)?;
        // What a killed process saved last may not be durable, and the other slot is about to be written.
        file.sync_data().map_err(failed)?;
        if latest.is_some_and(|(_, entry)| entry.input != input) {
            return Err(ServeError::OtherInput { path });
        }
        let cursor = latest.map(|(_, entry)| entry.cursor);
        let checkpoint = Self {
            file,
            path,
            input,
            sequence: latest.map_or(0, |(_, entry)| entry.sequence),
            slot: latest.map_or(0, |(slot, _)| 1 - slot),
            saved: cursor,
            unsynced: false,
            synced: Duration::ZERO,
        };
        Ok((checkpoint, cursor))
    }

    /// Keeps `cursor` through a kill at once, and through a power cut a second later if this is called until then.
    pub(crate) fn save(&mut self, cursor: Cursor, now: Duration) -> Result<(), ServeError> {
        if self.saved != Some(cursor) {
            self.sequence += 1;
            let entry = Entry { input: self.input, sequence: self.sequence, cursor };
            self.file
                .write_all_at(&entry.encode(), self.slot * SPACING)
                .map_err(|source| self.failed(source))?;
            self.saved = Some(cursor);
            self.unsynced = true;
        }
        if now.saturating_sub(self.synced) >= SYNC_EVERY {
            self.synced = now;
            self.sync()?;
        }
        Ok(())
    }

    /// Makes the last save durable.
    pub(crate) fn sync(&mut self) -> Result<(), ServeError> {
        if self.unsynced {
            self.file.sync_data().map_err(|source| self.failed(source))?;
            self.unsynced = false;
            self.slot = 1 - self.slot;
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> ServeError {
        ServeError::Checkpoint { path: self.path.clone(), source }
    }
}

/// The slot that holds, and what is in it; `None` in a new file.
fn read_latest(file: &File, path: &Path) -> io::Result<Option<(u64, Entry)>> {
    let mut latest: Option<(u64, Entry)> = None;
    let mut blank = true;
    for slot in 0..2 {
        let mut bytes = [0; SLOT];
        file.read_exact_at(&mut bytes, slot * SPACING)?;
        blank &= bytes == [0; SLOT];
        if let Some(entry) = Entry::decode(&bytes)
            && latest.is_none_or(|(_, other)| entry.sequence > other.sequence)
        {
            latest = Some((slot, entry));
        }
    }
    if latest.is_none() && !blank {
        warn!(checkpoint = %path.display(), "is damaged or of another version: begins at the beginning of the file");
    }
    Ok(latest)
}

/// What a slot says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    input: u32,
    sequence: u64,
    cursor: Cursor,
}

impl Entry {
    fn encode(&self) -> [u8; SLOT] {
        let Cursor { id, head, offset } = self.cursor;
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.input.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[24..32].copy_from_slice(&id.device.to_le_bytes());
        bytes[32..40].copy_from_slice(&id.inode.to_le_bytes());
        bytes[40..48].copy_from_slice(&offset.to_le_bytes());
        bytes[48..52].copy_from_slice(&head.len.to_le_bytes());
        bytes[52..56].copy_from_slice(&head.crc.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..60]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    fn decode(bytes: &[u8; SLOT]) -> Option<Self> {
        let u32_at = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let u64_at = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        if bytes[..8] != MAGIC || u32_at(8) != VERSION || u32_at(60) != crc32c::crc32c(&bytes[..60]) {
            return None;
        }
        let id = FileId { device: u64_at(24), inode: u64_at(32) };
        let head = Head { len: u32_at(48), crc: u32_at(52) };
        let cursor = Cursor { id, head, offset: u64_at(40) };
        Some(Self { input: u32_at(12), sequence: u64_at(16), cursor })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::{Checkpoint, Entry, NAME, SLOT, SPACING};
    use crate::ServeError;
    use crate::cursor::{Cursor, FileId, Head};

    fn cursor(offset: u64) -> Cursor {
        Cursor { id: FileId { device: 1, inode: 2 }, head: Head { len: 3, crc: 4 }, offset }
    }

    fn reopen(directory: &Path) -> Option<Cursor> {
        Checkpoint::open(directory, Path::new("/log")).unwrap().1
    }

    #[test]
    fn the_last_save_holds_with_or_without_sync() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(reopen(directory.path()), None);
        for round in 0..5 {
            let (mut checkpoint, _) = Checkpoint::open(directory.path(), Path::new("/log")).unwrap();
            for offset in 0..4 {
                checkpoint.save(cursor(round * 10 + offset), Duration::from_millis(700 * offset)).unwrap();
            }
            drop(checkpoint);
            assert_eq!(reopen(directory.path()), Some(cursor(round * 10 + 3)));
        }
    }

    /// A power cut leaves any mixture of the writes since the last sync; the slot that was synced is not among them.
    #[test]
    fn a_synced_save_is_not_overwritten_before_the_next_sync() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let (mut checkpoint, _) = Checkpoint::open(directory.path(), Path::new("/log")).unwrap();
        for round in 1..6 {
            checkpoint.save(cursor(round * 10), Duration::ZERO).unwrap();
            checkpoint.sync().unwrap();
            let synced = fs::read(&path).unwrap();
            checkpoint.save(cursor(round * 10 + 1), Duration::ZERO).unwrap();
            checkpoint.save(cursor(round * 10 + 2), Duration::ZERO).unwrap();
            let unsynced = fs::read(&path).unwrap();
            let changed: Vec<usize> =
                (0..2).filter(|s| synced[s * 4096..][..4096] != unsynced[s * 4096..][..4096]).collect();
            assert_eq!(changed.len(), 1, "both slots were written between two syncs");
            let entry =
                |slot: usize| Entry::decode(unsynced[slot * 4096..][..SLOT].try_into().unwrap()).unwrap();
            assert_eq!(entry(1 - changed[0]).cursor, cursor(round * 10));
        }
    }

    #[test]
    fn a_damaged_slot_gives_way_to_the_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let (mut checkpoint, _) = Checkpoint::open(directory.path(), Path::new("/log")).unwrap();
        checkpoint.save(cursor(1), Duration::ZERO).unwrap();
        checkpoint.sync().unwrap();
        checkpoint.save(cursor(2), Duration::ZERO).unwrap();
        drop(checkpoint);
        let whole = fs::read(&path).unwrap();
        for (slot, left) in [(0, 2), (1, 1)] {
            let mut bytes = whole.clone();
            bytes[slot * SPACING as usize + 40] ^= 1;
            fs::write(&path, bytes).unwrap();
            assert_eq!(reopen(directory.path()), Some(cursor(left)));
        }
        fs::write(&path, vec![7; 8192]).unwrap();
        assert_eq!(reopen(directory.path()), None);
    }

    #[test]
    fn refuses_a_second_process_and_another_input() {
        let directory = tempfile::tempdir().unwrap();
        let open = |input: &str| Checkpoint::open(directory.path(), Path::new(input));
        let (mut checkpoint, _) = open("/log").unwrap();
        checkpoint.save(cursor(1), Duration::ZERO).unwrap();
        assert!(matches!(open("/log"), Err(ServeError::Locked { .. })));
        drop(checkpoint);
        assert!(matches!(open("/other"), Err(ServeError::OtherInput { .. })));
        assert!(open("/log").is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn what_is_encoded_is_decoded_and_any_flipped_bit_is_noticed(
            numbers in any::<(u32, u64, u64, u64, u64, u32, u32)>(),
            bit in 0..SLOT * 8,
        ) {
            let (input, sequence, device, inode, offset, len, crc) = numbers;
            let cursor = Cursor { id: FileId { device, inode }, head: Head { len, crc }, offset };
            let entry = Entry { input, sequence, cursor };
            let mut bytes = entry.encode();
            prop_assert_eq!(Entry::decode(&bytes), Some(entry));
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(Entry::decode(&bytes), None);
        }
    }
}
