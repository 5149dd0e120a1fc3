//! The segments of an open journal: which there are, which one is written, and which may go.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::Arc;

use record::clock;

use crate::disk::{BLOCK_BYTES, Disk, DiskFile};
use crate::format::{FRAME_HEADER_BYTES, NO_ADDRESS, SegmentHeader, segment_name};
use crate::spares::{NoSpare, Spare, Spares};
use crate::trouble::{Trouble, failed};
use crate::{AtCap, Options};
use record::fault;

/// So much of the journal stays in the system's memory for those who read close behind. More would push out what others
/// need, and take fresh memory for every new byte: memory that is used again is several times cheaper to write to.
const CACHED_BYTES: u64 = 512 << 20;

/// What is known of a segment without reading it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) base: u64,
    pub(crate) bytes: u64,
    /// Address behind its last frame.
    pub(crate) frames_end: u64,
    pub(crate) lines: u32,
    /// No row of it has a piece below this address.
    pub(crate) oldest: u64,
}

impl Segment {
    pub(crate) fn end(&self) -> u64 {
        self.base + self.bytes
    }
}

/// Owns the segment files and the spare ones. Bounded by `bytes_max`. A file is removed or reused only by
/// [`Segments::release`] and, at the cap, by [`Segments::roll`]. Errors leave it as it was.
#[derive(Debug)]
pub(crate) struct Segments {
    disk: Arc<dyn Disk>,
    options: Options,
    epoch: u32,
    spares: Arc<Spares>,
    /// Full segments, oldest first.
    full: VecDeque<Segment>,
    active: Segment,
    file: Arc<dyn DiskFile>,
    salt: u32,
    /// A spare has been asked for since the active segment began.
    asked: bool,
    pub(crate) dropped_lines: u64,
    pub(crate) dropped_bytes: u64,
}

/// The segment that is written, as recovery found it.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) segment: Segment,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) salt: u32,
}

impl Segments {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        options: Options,
        epoch: u32,
        spares: Arc<Spares>,
        full: VecDeque<Segment>,
        active: Active,
    ) -> Self {
        let Active { segment, file, salt } = active;
        Self {
            disk,
            options,
            epoch,
            spares,
            full,
            active: segment,
            file,
            salt,
            asked: false,
            dropped_lines: 0,
            dropped_bytes: 0,
        }
    }

    /// The address at which the next frame is written.
    pub(crate) fn end(&self) -> u64 {
        self.active.frames_end
    }

    /// The address of the oldest byte there is.
    pub(crate) fn base(&self) -> u64 {
        self.full.front().unwrap_or(&self.active).base
    }

    pub(crate) fn count(&self) -> usize {
        self.full.len() + 1
    }

    pub(crate) fn spares(&self) -> &Arc<Spares> {
        &self.spares
    }

    pub(crate) fn salt(&self) -> u32 {
        self.salt
    }

    /// True when a frame of `bytes` can be written and the seal mark still has room behind it.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.end() + (bytes + FRAME_HEADER_BYTES) as u64 <= self.active.end()
    }

    /// How many zeros to write behind a frame of `bytes`, to the end of its last block. A part of a block that is not in memory
    /// would be read from the disk first, before the write could go on.
    pub(crate) fn padding(&self, bytes: usize) -> usize {
        let end = self.end() + bytes as u64;
        let block_end = (end - self.active.base).next_multiple_of(BLOCK_BYTES as u64) + self.active.base;
        (block_end.min(self.active.end()) - end) as usize
    }

    /// Writes `frame` at the end. Until [`Segments::wrote`] is called the end stays where it is.
    pub(crate) fn write(&mut self, frame: &[u8]) -> Result<(), Trouble> {
        let offset = self.end() - self.active.base;
        let written = self.file.write_at(frame, offset).and_then(|()| fault::point("frame-written"));
        // The file has its full length, so even here a lack of room leaves nothing uncertain: the same bytes
        // are written again.
        written
            .map_err(|error| self.trouble(&format!("write {} bytes at offset {offset}", frame.len()), &error))
    }

    /// Counts the frame that was written.
    pub(crate) fn wrote(&mut self, bytes: usize, lines: u32, oldest: u64) {
        let active = &mut self.active;
        active.frames_end += bytes as u64;
        active.lines = active.lines.saturating_add(lines);
        active.oldest = active.oldest.min(oldest);
        if !self.asked && active.frames_end - active.base > active.bytes / 16 {
            self.asked = true;
            self.spares.want();
        }
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&self) -> Result<(), Trouble> {
        let synced = fault::point("before-sync").and_then(|()| self.file.sync());
        let synced = synced.and_then(|()| fault::point("after-sync"));
        synced.map_err(|error| failed(&*self.disk, &segment_name(self.active.base), "sync", &error))
    }

    /// Begins the next segment. Everything written must be durable.
    pub(crate) fn roll(&mut self) -> Result<(), Trouble> {
        let spare = loop {
            match self.spares.take() {
                Ok(spare) => break spare,
                Err(NoSpare::AtCap) if self.options.at_cap == AtCap::DropOldest && !self.full.is_empty() => {
                    self.drop_oldest()?;
                }
                Err(reason) => return Err(self.no_spare(reason)),
            }
        };
        let active = begin(&*self.disk, spare, self.epoch, self.options.segment_bytes, Some(&self.active))?;
        let before = std::mem::replace(&mut self.active, active.segment);
        self.full.push_back(before);
        self.file = active.file;
        self.salt = active.salt;
        self.asked = false;
        self.evict();
        Ok(())
    }

    /// Lets the system forget the segment that has just become too old to stay in memory.
    fn evict(&self) {
        let kept = (CACHED_BYTES / self.options.segment_bytes) as usize;
        let old = self.full.len().checked_sub(kept + 1).and_then(|at| self.full.get(at));
        if let Some(file) = old.and_then(|old| self.disk.open_to_read(&segment_name(old.base)).ok()) {
            file.evict();
        }
    }

    /// Frees the segments that nobody needs, but for those that are kept: consumers read from `cursors` on, unfinished
    /// lines reach back to `open`. Stops at the first one that is needed, kept or cannot be freed.
    pub(crate) fn release(&mut self, cursors: u64, open: u64) {
        while let Some(first) = self.full.front()
            && first.end() <= cursors.min(open).min(self.oldest_needed_from(cursors))
            && self.bytes() > self.options.keep_bytes
        {
            if let Err(error) = self.spares.recycle(&segment_name(first.base), first.bytes) {
                tracing::warn!(segment = segment_name(first.base), %error, "a segment that nobody needs could not be freed");
                return;
            }
            self.full.pop_front();
        }
    }

    fn bytes(&self) -> u64 {
        self.full.iter().chain([&self.active]).map(|segment| segment.bytes).sum()
    }

    /// The oldest address that a row at or behind `address` has a piece at.
    fn oldest_needed_from(&self, address: u64) -> u64 {
        let unread = self.full.iter().chain([&self.active]).filter(|segment| segment.end() > address);
        unread.map(|segment| segment.oldest).min().unwrap_or(NO_ADDRESS)
    }

    fn drop_oldest(&mut self) -> Result<(), Trouble> {
        let Some(first) = self.full.front().copied() else { return Ok(()) };
        let name = segment_name(first.base);
        self.spares
            .recycle(&name, first.bytes)
            .map_err(|error| failed(&*self.disk, &name, "recycle", &error))?;
        self.full.pop_front();
        self.dropped_lines += u64::from(first.lines);
        self.dropped_bytes += first.frames_end - first.base;
        Ok(())
    }

    fn no_spare(&self, reason: NoSpare) -> Trouble {
        let (what, error) = match reason {
            NoSpare::AtCap => {
                return Trouble::Stall(format!(
                    "the journal in `{}` has reached its `bytes_max` of {} bytes, and no segment is free to go",
                    self.disk.path("").display(),
                    self.options.bytes_max
                ));
            }
            NoSpare::Unmade(what, error) => (what, error),
            NoSpare::Broken(what, error) => {
                return Trouble::Fail(format!(
                    "could not {what} in `{}`: {error}",
                    self.disk.path("").display()
                ));
            }
        };
        Trouble::Stall(format!("could not {what} in `{}`: {error}", self.disk.path("").display()))
    }

    fn trouble(&self, what: &str, error: &io::Error) -> Trouble {
        let trouble = failed(&*self.disk, &segment_name(self.active.base), what, error);
        match trouble {
            Trouble::Fail(reason) if crate::disk::is_full(error) => Trouble::Stall(reason),
            other => other,
        }
    }
}

/// Begins a segment in a spare file, behind `before`.
///
/// The header is durable before the file has a segment's name, and the name before the first frame is
/// written. So a segment whose header is bad either never held a frame, or was damaged.
pub(crate) fn begin(
    disk: &dyn Disk,
    spare: Spare,
    epoch: u32,
    segment_bytes: u64,
    before: Option<&Segment>,
) -> Result<Active, Trouble> {
    let base = before.map_or(0, Segment::end);
    let header = SegmentHeader {
        epoch,
        salt: RandomState::new().hash_one(base) as u32,
        base,
        segment_bytes,
        created: clock::wall(),
        prev_end: before.map_or(0, |before| before.frames_end),
        prev_oldest: before.map_or(NO_ADDRESS, |before| before.oldest),
        prev_lines: before.map_or(0, |before| before.lines),
    };
    let name = segment_name(base);
    let begun = spare
        .file
        .write_at(&header.write(), 0)
        .and_then(|()| spare.file.sync())
        .and_then(|()| disk.rename(&spare.name, &name))
        .and_then(|()| fault::point("segment-renamed"))
        .and_then(|()| disk.sync_dir(""))
        .and_then(|()| fault::point("segment-activated"));
    begun.map_err(|error| failed(disk, &name, "begin", &error))?;
    let segment =
        Segment { base, bytes: segment_bytes, frames_end: header.first(), lines: 0, oldest: NO_ADDRESS };
    Ok(Active { segment, file: spare.file, salt: header.salt })
}
