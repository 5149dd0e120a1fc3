//! Finding the journal's end again, and refusing to guess.
//!
//! What an open journal writes is never rewritten, and each frame says up to which address everything was
//! synced when it was written. So, reading the last segment from its start, the first address X without a
//! good frame is one of two things:
//!
//! - **The torn tail.** Nothing at or behind X was ever reported durable: a crash caught the last commit on
//!   its way. New frames begin at X, with a higher epoch. What is left behind X of the torn commit is not
//!   erased: it is either overwritten or, should a new frame end just where an intact old one begins, refused
//!   for its lower epoch. For this the new epoch is above that of every good frame in the segment, also
//!   behind X.
//! - **Damage.** Some good frame behind X says that more than X was durable. Then bytes that were acked are
//!   gone, and the journal does not open. Nothing is changed on disk.
//!
//! One case cannot be told apart: the very last commit before the end was synced, and then damaged before
//! anything later was written. It looks like a torn tail. A seal mark, written about a second after the last
//! commit and at every clean stop, ends this uncertainty.
//!
//! Earlier segments were synced before the next one began, whose header says where their frames end; readers
//! check them. Here only the headers are compared: no segment is missing and each begins where the one before
//! ends.
//!
//! A last segment with a bad header never held a frame (the header is durable before the first one is
//! written), unless it does hold one: then the header was damaged.
//!
//! Intact frames of an unclean stop are kept, though nobody may have been told of them, and count as durable
//! from then on. Before that they are **written again** and synced. A sync alone would prove nothing: after one
//! that failed, the system may hold in its memory what the disk never got, and count it as written; a power
//! cut would then leave a hole in front of frames that were acked (Rebello et al., "Can Applications Recover from
//! fsync Failures?", USENIX ATC 2020).

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::Options;
use crate::cursors::Cursors;
use crate::disk::{Disk, DiskFile};
use crate::format::{
    BadSegmentHeader, NO_ADDRESS, SEGMENT_HEADER_BYTES, SegmentHeader, segment_base, segment_name,
};
use crate::open_error::OpenError;
use crate::scan::{Scan, seems_used};
use crate::segments::{Active, Segment, Segments, begin};
use crate::spares::{NoSpare, SPARE, Spares};
use crate::trouble::Trouble;

/// What was found when the journal was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// How often the journal has been opened, this time included; more at times, never less.
    pub epoch: u32,
    /// Address of the oldest byte.
    pub oldest: u64,
    /// Address at which new frames begin. Everything below is durable.
    pub end: u64,
    /// The journal was not stopped cleanly: no seal mark is its last frame, or a torn frame is behind it.
    pub unclean: bool,
}

/// Everything that an open journal stands on.
pub(crate) struct Found {
    pub(crate) segments: Segments,
    pub(crate) cursors: Cursors,
    pub(crate) recovered: Recovered,
    /// A seal mark is the last frame.
    pub(crate) sealed: bool,
}

/// A segment's file and header.
struct Opened {
    header: SegmentHeader,
    file: Arc<dyn DiskFile>,
}

/// The frames of the last segment.
struct Frames {
    end: u64,
    /// Some frame says that everything below was durable when it was written.
    proven: u64,
    lines: u32,
    oldest: u64,
    sealed: bool,
    torn: bool,
    /// The highest epoch of any good frame, also behind the end.
    epoch: u32,
}

/// Recovers the journal on `disk`, which the caller has locked.
pub(crate) fn recover(disk: &Arc<dyn Disk>, options: Options) -> Result<Found, OpenError> {
    let recovery = Recovery { disk: &**disk };
    let mut names = recovery.done("list", "", disk.list(""))?;
    names.sort_unstable();
    let mut opened = recovery.open_segments(&names)?;
    let unused = recovery.split_unused(&names, &opened)?;
    recovery.check_chain(&opened)?;
    let last = opened.last().map(|last| recovery.read_frames(last)).transpose()?;

    // Everything is checked; from here on files are touched.
    let disk_bytes = opened.iter().map(|segment| segment.header.segment_bytes).sum();
    let spares =
        Arc::new(Spares::new(Arc::clone(disk), options.segment_bytes, options.bytes_max, disk_bytes));
    if let Some(unused) = unused {
        let spare = format!("{SPARE}unused");
        recovery.done("rename", &unused, disk.rename(&unused, &spare))?;
        names.push(spare);
        names.sort_unstable();
        names.dedup();
    }
    for name in names.iter().filter(|name| name.starts_with(SPARE)) {
        recovery.done("use", name, spares.adopt(name))?;
    }
    recovery.done("sync", "", disk.sync_dir(""))?;
    let cursors = Cursors::open(Arc::clone(disk))?;

    let headers: Vec<SegmentHeader> = opened.iter().map(|segment| segment.header).collect();
    let full: VecDeque<Segment> = headers.windows(2).map(|pair| full_segment(&pair[0], &pair[1])).collect();
    let (active, frames) = match (opened.pop(), last) {
        (Some(Opened { header, file }), Some(frames)) => {
            let again = write_again(&*file, frames.proven - header.base, frames.end - header.base);
            recovery.done("write", &segment_name(header.base), again)?;
            recovery.done("sync", &segment_name(header.base), file.sync())?;
            let segment = Segment {
                base: header.base,
                bytes: header.segment_bytes,
                frames_end: frames.end,
                lines: frames.lines,
                oldest: frames.oldest,
            };
            (Active { segment, file, salt: header.salt }, frames)
        }
        _ => recovery.first_segment(&spares, options)?,
    };
    let epoch = frames.epoch.checked_add(1).ok_or_else(|| OpenError::Damaged {
        path: recovery.path(&segment_name(active.segment.base)),
        offset: 0,
        address: active.segment.base,
        expected: "its epoch is the last there can be".to_owned(),
    })?;
    let recovered = Recovered {
        epoch,
        oldest: full.front().unwrap_or(&active.segment).base,
        end: active.segment.frames_end,
        unclean: !frames.sealed || frames.torn,
    };
    let segments = Segments::new(Arc::clone(disk), options, epoch, spares, full, active);
    Ok(Found { segments, cursors, recovered, sealed: frames.sealed })
}

/// Writes what stands between two offsets once more.
fn write_again(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let mut chunk = vec![0; (64 << 10).min((to - from) as usize)];
    let mut at = from;
    while at < to {
        let n = chunk.len().min((to - at) as usize);
        let read = file.read_at(&mut chunk[..n], at)?;
        file.write_at(&chunk[..read], at)?;
        at += n as u64;
    }
    Ok(())
}

/// A segment whose frames end where its successor says.
fn full_segment(header: &SegmentHeader, next: &SegmentHeader) -> Segment {
    Segment {
        base: header.base,
        bytes: header.segment_bytes,
        frames_end: next.prev_end,
        lines: next.prev_lines,
        oldest: next.prev_oldest,
    }
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
}

impl Recovery<'_> {
    /// Opens every segment whose header is good. A bad one is damage, unless it is the last: that is left
    /// out.
    fn open_segments(&self, names: &[String]) -> Result<Vec<Opened>, OpenError> {
        let bases: Vec<u64> = names.iter().filter_map(|name| segment_base(name)).collect();
        let mut opened = Vec::with_capacity(bases.len());
        for &base in &bases {
            let name = segment_name(base);
            let file = self.done("open", &name, self.disk.open(&name))?;
            let mut bytes = [0; SEGMENT_HEADER_BYTES];
            let read = self.done("read", &name, file.read_at(&mut bytes, 0))?;
            match SegmentHeader::read(&bytes[..read], base) {
                Ok(header) => {
                    let len = self.done("read", &name, file.len())?;
                    if len < header.segment_bytes {
                        let expected =
                            format!("the file ends here, and should have {} bytes", header.segment_bytes);
                        return Err(self.damaged(base, len, expected));
                    }
                    opened.push(Opened { header, file });
                }
                Err(BadSegmentHeader::Version(version)) => {
                    return Err(OpenError::Version { path: self.path(&name), version });
                }
                Err(BadSegmentHeader::Damaged(what)) => {
                    let used = self.done("read", &name, seems_used(&*file, base))?;
                    if used || Some(&base) != bases.last() {
                        return Err(self.damaged(base, 0, what.to_owned()));
                    }
                }
            }
        }
        Ok(opened)
    }

    /// The name of the last segment if it was left out of `opened`: it never held a frame.
    fn split_unused(&self, names: &[String], opened: &[Opened]) -> Result<Option<String>, OpenError> {
        let last = names.iter().rev().find_map(|name| segment_base(name));
        Ok(last.filter(|&base| opened.last().is_none_or(|last| last.header.base != base)).map(segment_name))
    }

    fn check_chain(&self, opened: &[Opened]) -> Result<(), OpenError> {
        for pair in opened.windows(2) {
            let (before, after) = (&pair[0].header, &pair[1].header);
            if after.base != before.end() {
                let expected = format!("the segment before it, `{}`, is missing", segment_name(before.end()));
                return Err(self.damaged(after.base, 0, expected));
            }
            if !(before.first()..=before.end()).contains(&after.prev_end) || after.epoch < before.epoch {
                let expected =
                    format!("it does not fit the segment before it, `{}`", segment_name(before.base));
                return Err(self.damaged(after.base, 0, expected));
            }
        }
        Ok(())
    }

    /// Reads the last segment to its end, and proves that it is the end.
    fn read_frames(&self, segment: &Opened) -> Result<Frames, OpenError> {
        let Opened { header, file } = segment;
        let name = segment_name(header.base);
        let mut scan = Scan::new(&**file, header);
        let mut frames = Frames {
            end: header.first(),
            proven: header.first(),
            lines: 0,
            oldest: NO_ADDRESS,
            sealed: true,
            torn: false,
            epoch: header.epoch,
        };
        while let Some(frame) = self.done("read", &name, scan.good_frame(frames.end, frames.epoch))? {
            frames.end = frame.end();
            frames.proven = frames.proven.max(frame.durable_to);
            frames.lines = frames.lines.saturating_add(frame.lines);
            frames.oldest = frames.oldest.min(frame.oldest);
            frames.sealed = frame.entries == 0;
            frames.epoch = frame.epoch;
        }
        let (end, last_epoch) = (frames.end, frames.epoch);
        frames.torn = self.done("read", &name, scan.begins_frame(end))?;
        let mut proof = None;
        // Lower epochs too: what they are is decided here, and the new epoch must be above them all.
        let searched = scan.search(end, 0, |frame| {
            frames.torn = true;
            frames.epoch = frames.epoch.max(frame.epoch);
            if frame.epoch >= last_epoch && frame.durable_to > end {
                proof = Some(*frame);
            }
            proof.is_some()
        });
        self.done("read", &name, searched)?;
        if let Some(proof) = proof {
            let expected = format!(
                "a frame was expected; the one at offset {} proves that this one was durable",
                proof.address - header.base
            );
            return Err(self.damaged(header.base, end - header.base, expected));
        }
        Ok(frames)
    }

    /// Begins a journal where there is none.
    fn first_segment(&self, spares: &Spares, options: Options) -> Result<(Active, Frames), OpenError> {
        let dir = self.path("");
        let spare = spares.take().map_err(|reason| match reason {
            NoSpare::AtCap => {
                OpenError::NoRoom(format!("`bytes_max` leaves no room for a segment in `{dir}`"))
            }
            NoSpare::Unmade(what, error) | NoSpare::Broken(what, error) => {
                OpenError::NoRoom(format!("could not {what} in `{dir}`: {error}"))
            }
        })?;
        let epoch = 0;
        let active = begin(self.disk, spare, epoch, options.segment_bytes, None)
            .map_err(|(Trouble::Stall(reason) | Trouble::Fail(reason))| OpenError::NoRoom(reason))?;
        let end = active.segment.frames_end;
        Ok((
            active,
            Frames { end, proven: end, lines: 0, oldest: NO_ADDRESS, sealed: true, torn: false, epoch },
        ))
    }

    fn done<T>(&self, doing: &'static str, name: &str, result: io::Result<T>) -> Result<T, OpenError> {
        result.map_err(|source| OpenError::Io { doing, path: self.path(name), source })
    }

    fn damaged(&self, base: u64, offset: u64, expected: String) -> OpenError {
        OpenError::Damaged { path: self.path(&segment_name(base)), offset, address: base + offset, expected }
    }

    fn path(&self, name: &str) -> String {
        self.disk.path(name).display().to_string()
    }
}
