//! The bytes of parts go to object storage.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::StoreError;
use crate::change::Added;
use crate::contact::Contact;
use crate::core::{Core, Stage};
use crate::prefix::{Prefix, named, part_key};
use crate::table::Table;

/// Of parts that were there before the prefix was, about so many bytes are uploaded between two manifests.
const BACKLOG: u64 = if cfg!(test) { 1 } else { 256 << 20 };

/// Puts the parts that must be there before the next manifest, and some of those that may. False when one of them turned
/// out to be damaged: then the table is another one.
pub(crate) fn put_parts(
    core: &Core,
    prefix: &Prefix,
    contact: &mut Contact,
    table: &Table,
) -> Result<bool, StoreError> {
    let missing = table.parts.iter().filter(|(part, _)| !contact.has(part));
    // A part that was missing from the manifest before may be missing from this one, too. Any other may hold rows that
    // were listed.
    let (may, must): (Vec<_>, Vec<_>) = missing.partition(|(part, _)| contact.absent.contains(&part.id));
    let mut left = BACKLOG;
    let some = may.into_iter().take_while(|(part, _)| {
        let room = left > 0;
        left = left.saturating_sub(part.summary.bytes);
        room
    });
    for (added, part) in must.into_iter().chain(some) {
        if !put(core, prefix, added, part.path())? {
            return Ok(false);
        }
        contact.was_put(added);
    }
    Ok(true)
}

/// Puts one part. False when its file is not as it was written: it is set aside.
fn put(core: &Core, prefix: &Prefix, part: &Added, path: &Path) -> Result<bool, StoreError> {
    let file = match core.disk.open_part(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            core.set_aside(part.id, "its file is missing")?;
            return Ok(false);
        }
        opened => opened.map_err(|source| StoreError::Io {
            doing: "open a part",
            dir: core.disk.dir().to_owned(),
            source,
        })?,
    };
    let mut checked =
        Checked { core, file, left: part.summary.bytes, crc: 0, wanted: part.summary.crc32c, wrong: None };
    let key = part_key(part);
    core.far_point("before-part-put")?;
    let done = prefix.objects.put(&key, &mut checked, part.summary.bytes);
    if let Some(wrong) = checked.wrong {
        core.set_aside(part.id, wrong)?;
        return Ok(false);
    }
    done.map_err(|error| core.far_error("upload a part", named(&error, &prefix.name(&key))))?;
    core.note(|state| state.counts.upload.bytes_written += part.summary.bytes);
    Ok(true)
}

/// A part on its way, with its checksum. Reading it fails at the end when that is wrong, and when the store stops.
struct Checked<'a> {
    core: &'a Core,
    file: File,
    left: u64,
    crc: u32,
    wanted: u32,
    wrong: Option<&'static str>,
}

impl Read for Checked<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.core.stage() != Stage::Running {
            return Err(io::Error::other("the store is stopping"));
        }
        let room = to.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let count = self.file.read(&mut to[..room])?;
        self.crc = crc32c::crc32c_append(self.crc, &to[..count]);
        self.left -= count as u64;
        self.wrong = match (count, self.left) {
            (0, _) => Some("it is cut off"),
            (_, 0) if self.crc != self.wanted => Some("its checksum is wrong"),
            _ => None,
        };
        match self.wrong {
            Some(wrong) => Err(io::Error::new(io::ErrorKind::InvalidData, wrong)),
            None => Ok(count),
        }
    }
}
