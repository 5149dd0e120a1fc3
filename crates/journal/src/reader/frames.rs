//! Walking verified frames from segment to segment, while a writer may be adding to them and taking the
//! oldest away.

use std::sync::Arc;
use std::time::Duration;

use record::clock;

use super::error::{Damage, ReadError, unreadable};
use super::segment::{Opened, SegmentFile, bases};
use crate::disk::Disk;
use crate::format::{FRAME_HEADER_BYTES, FrameHeader, segment_name};
use crate::scan::{Scan, plausible};

/// Bytes read at a time, unless a frame is larger.
const WINDOW_BYTES: usize = 256 << 10;
/// How often, at the end of a journal that another process may have open, the rest of the segment is searched
/// for proof that this is not the end but damage.
const PROOF_EVERY: Duration = Duration::from_secs(10);

/// Owns one open segment and a window of it. Bounded by [`WINDOW_BYTES`] or the largest frame. Damage is
/// reported again at every call, until [`Frames::skip`].
#[derive(Debug)]
pub(crate) struct Frames {
    pub(crate) disk: Arc<dyn Disk>,
    segment: Option<SegmentFile>,
    /// Address of the next frame.
    next: u64,
    /// Every frame from here to the next address was verified.
    verified_from: u64,
    /// The epoch of the last frame. It never goes down.
    epoch: u32,
    limit: u64,
    window: Vec<u8>,
    /// Address of the window's first byte.
    window_at: u64,
    /// Where in the window the frame is that was read last.
    frame: std::ops::Range<usize>,
    skipped: u64,
    /// What is proven wrong at the next address.
    damage: Option<Damage>,
    /// Segments below this base that are not entered yet never will be: they are damaged, and were skipped.
    given_up_below: u64,
    /// Where the end was last searched for proof, and when.
    searched: Option<(u64, Duration)>,
}

/// What to do where there is no good frame.
#[derive(PartialEq, Eq)]
enum AtEnd {
    /// Look again: something has changed.
    Again,
    /// This is the end, for now.
    Wait,
}

impl Frames {
    /// At the start of the segment that begins at `base`, or of the oldest one behind it.
    pub(crate) fn at(disk: Arc<dyn Disk>, base: u64) -> Result<Self, ReadError> {
        let mut frames = Self {
            disk,
            segment: None,
            next: base,
            verified_from: base,
            epoch: 0,
            limit: u64::MAX,
            window: Vec::new(),
            window_at: 0,
            frame: 0..0,
            skipped: 0,
            damage: None,
            given_up_below: 0,
            searched: None,
        };
        frames.hop(base)?;
        Ok(frames)
    }

    /// Nothing at or behind `address` is read from now on; it is durable up to there.
    pub(crate) fn limit(&mut self, address: u64) {
        self.limit = address;
    }

    /// Bytes of the journal that were gone when it was their turn.
    pub(crate) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Address of the frame behind the one that was read last.
    pub(crate) fn next_address(&self) -> u64 {
        self.next
    }

    /// Every frame from this address on to the one that was read last was verified.
    pub(crate) fn verified_from(&self) -> u64 {
        self.verified_from
    }

    pub(crate) fn segment(&self) -> Option<&SegmentFile> {
        self.segment.as_ref()
    }

    /// The frame that was read last.
    #[inline]
    pub(crate) fn frame(&self) -> &[u8] {
        &self.window[self.frame.clone()]
    }

    /// Its address.
    #[inline]
    pub(crate) fn frame_address(&self) -> u64 {
        self.window_at + self.frame.start as u64
    }

    /// Reads and verifies the next frame. `None` at the end, for now.
    pub(crate) fn advance(&mut self) -> Result<Option<FrameHeader>, ReadError> {
        self.frame = 0..0;
        loop {
            if let Some(damage) = &self.damage {
                return Err(damage.clone().into_error(&*self.disk));
            }
            if self.next >= self.limit {
                return Ok(None);
            }
            match self.load()? {
                Some(frame) if frame.end() > self.limit => return Ok(None),
                Some(frame) => {
                    let start = (frame.address - self.window_at) as usize;
                    self.frame = start..start + frame.bytes();
                    self.next = frame.end();
                    self.epoch = frame.epoch;
                    return Ok(Some(frame));
                }
                None if self.at_end()? == AtEnd::Wait => return Ok(None),
                None => {}
            }
        }
    }

    /// Passes over the frames for which `unwanted` holds, reading no more than their headers.
    pub(crate) fn pass(&mut self, unwanted: impl Fn(&FrameHeader) -> bool) -> Result<(), ReadError> {
        while self.damage.is_none() && self.segment.is_some() {
            match self.header()? {
                Some(frame) if unwanted(&frame) => {
                    self.next = frame.end();
                    self.epoch = frame.epoch;
                }
                Some(_) => break,
                None => {
                    let before = self.next;
                    if !self.enter_next_if_it_follows()? {
                        // A header that was believed may have been wrong: from here on only verified ones
                        // are.
                        self.pass_verified(before, unwanted)?;
                        break;
                    }
                }
            }
        }
        self.verified_from = self.next;
        Ok(())
    }

    /// Goes behind the damage: to the next good frame, or where the next segment begins. Returns the bytes
    /// left out.
    pub(crate) fn skip(&mut self) -> Result<u64, ReadError> {
        let Some(damage) = self.damage.take() else { return Ok(0) };
        let (before, segment) = (self.next, self.segment.as_ref());
        if let Some(segment) = segment.filter(|segment| segment.holds(damage.address)) {
            let mut good = None;
            let searched =
                Scan::new(&*segment.file, &segment.header).search(before + 1, self.epoch, |frame| {
                    good = Some(*frame);
                    true
                });
            searched.map_err(unreadable(&*self.disk, &segment_name(segment.header.base)))?;
            if let Some(frame) = good {
                (self.next, self.verified_from) = (frame.address, frame.address);
                return Ok(self.next - before);
            }
        }
        self.given_up_below = damage.base + 1;
        if !self.hop(damage.base + 1)? && self.limit != u64::MAX {
            self.next = self.next.max(self.limit);
        }
        self.verified_from = self.next;
        Ok(self.next.saturating_sub(before))
    }

    /// The frame at the next address, verified, in the window.
    fn load(&mut self) -> Result<Option<FrameHeader>, ReadError> {
        if let Some(frame) = self.verify()? {
            return Ok(Some(frame));
        }
        // The window may be older than the frame.
        self.window.clear();
        self.verify()
    }

    fn verify(&mut self) -> Result<Option<FrameHeader>, ReadError> {
        let Some(frame) = self.header()? else { return Ok(None) };
        let start = (frame.address - self.window_at) as usize;
        if self.window.len() < start + frame.bytes() {
            let durable = usize::try_from(self.limit - self.next).unwrap_or(usize::MAX);
            self.fill(frame.bytes().max(WINDOW_BYTES.min(durable)))?;
        }
        let start = (frame.address - self.window_at) as usize;
        let salt = self.segment.as_ref().map_or(0, |segment| segment.header.salt);
        let bytes = self.window.get(start..start + frame.bytes());
        Ok(bytes.is_some_and(|bytes| frame.fits(bytes, salt)).then_some(frame))
    }

    /// The header at the next address, not verified.
    fn header(&mut self) -> Result<Option<FrameHeader>, ReadError> {
        let in_window = |frames: &Self| {
            let start = usize::try_from(frames.next.checked_sub(frames.window_at)?).ok()?;
            frames.window.get(start..start.checked_add(FRAME_HEADER_BYTES)?).map(|_| start)
        };
        if in_window(self).is_none() {
            self.fill(FRAME_HEADER_BYTES)?;
        }
        let Some((start, segment)) = in_window(self).zip(self.segment.as_ref()) else { return Ok(None) };
        Ok(plausible(&self.window[start..], self.next, &segment.header, self.epoch))
    }

    /// Moves the window to the next address and fills it to `bytes`, keeping what it has from there on.
    fn fill(&mut self, bytes: usize) -> Result<(), ReadError> {
        let Some(segment) = &self.segment else { return Ok(()) };
        let gone = usize::try_from(self.next.wrapping_sub(self.window_at)).unwrap_or(usize::MAX);
        if gone < self.window.len() {
            self.window.drain(..gone);
        } else {
            self.window.clear();
        }
        self.window_at = self.next;
        let kept = self.window.len();
        self.window.resize(bytes.max(kept), 0);
        let read = segment.read(&*self.disk, &mut self.window[kept..], self.next + kept as u64)?;
        self.window.truncate(kept + read);
        Ok(())
    }

    /// Decides what it means that there is no good frame at the next address.
    fn at_end(&mut self) -> Result<AtEnd, ReadError> {
        if self.segment.is_none() {
            // Nothing is left behind what was given up. A segment may come.
            return Ok(if self.hop(self.given_up_below)? { AtEnd::Again } else { AtEnd::Wait });
        }
        let Some(base) = self.current_base()? else { return Ok(AtEnd::Again) };
        if self.enter_next_if_it_follows()? || self.damage.is_some() {
            return Ok(AtEnd::Again);
        }
        let behind = self.given_up_below.max(base + 1);
        if bases(&*self.disk)?.iter().any(|&other| other >= behind) {
            // The next segment is gone already, or has come in this moment.
            self.hop(behind)?;
            return Ok(AtEnd::Again);
        }
        if self.limit != u64::MAX {
            return self.declare("a durable frame was expected");
        }
        self.search_for_proof()
    }

    /// The base of the segment, unless its file was given to another: then that is left behind.
    fn current_base(&mut self) -> Result<Option<u64>, ReadError> {
        let Some(segment) = &self.segment else { return Ok(None) };
        let base = segment.header.base;
        if segment.is_current(&*self.disk)? {
            return Ok(Some(base));
        }
        if !self.hop(self.given_up_below.max(base + 1))? {
            self.given_up_below = self.given_up_below.max(base + 1);
            self.segment = None;
        }
        Ok(None)
    }

    /// Enters the next segment if there is one and it says that the frames of this one end here.
    fn enter_next_if_it_follows(&mut self) -> Result<bool, ReadError> {
        let Some(segment) = &self.segment else { return Ok(false) };
        let next = match SegmentFile::open(&*self.disk, segment.header.end())? {
            Opened::Segment(next) => next,
            Opened::Gone => return Ok(false),
            Opened::Damaged(damage) => {
                self.damage = Some(damage).filter(|damage| damage.base >= self.given_up_below);
                return Ok(false);
            }
        };
        if next.header.prev_end == self.next {
            self.enter(next);
            return Ok(true);
        }
        // The frame may have been written after it was looked for, and before the next segment began.
        if self.load()?.is_none() {
            let what =
                format!("a frame was expected; the next segment says they end at {}", next.header.prev_end);
            self.declare(&what)?;
        }
        Ok(false)
    }

    /// Passes over frames from the start of this segment, verifying each.
    fn pass_verified(
        &mut self,
        up_to: u64,
        unwanted: impl Fn(&FrameHeader) -> bool,
    ) -> Result<(), ReadError> {
        self.damage = None;
        let Some(segment) = &self.segment else { return Ok(()) };
        (self.next, self.epoch) = (segment.header.first(), segment.header.epoch);
        while self.next < up_to
            && let Some(frame) = self.load()?
            && unwanted(&frame)
        {
            self.next = frame.end();
            self.epoch = frame.epoch;
        }
        Ok(())
    }

    fn search_for_proof(&mut self) -> Result<AtEnd, ReadError> {
        let now = clock::monotonic();
        let recently = |&(at, when): &(u64, Duration)| at == self.next && now < when + PROOF_EVERY;
        let Some(segment) = self.segment.as_ref().filter(|_| !self.searched.as_ref().is_some_and(recently))
        else {
            return Ok(AtEnd::Wait);
        };
        let (end, mut proof) = (self.next, None);
        let searched = Scan::new(&*segment.file, &segment.header).search(end, self.epoch, |frame| {
            proof = Some(frame.address).filter(|_| frame.durable_to > end);
            proof.is_some()
        });
        searched.map_err(unreadable(&*self.disk, &segment_name(segment.header.base)))?;
        let Some(address) = proof else {
            self.searched = Some((end, now));
            return Ok(AtEnd::Wait);
        };
        // Between both looks the writer may have come past.
        if self.load()?.is_some() {
            return Ok(AtEnd::Again);
        }
        self.declare(&format!(
            "a frame was expected; the one at address {address} proves that it was durable"
        ))
    }

    /// Takes it for damage, if the file is still the segment's.
    fn declare(&mut self, what: &str) -> Result<AtEnd, ReadError> {
        if let Some(base) = self.current_base()? {
            self.damage = Some(Damage { base, address: self.next, what: what.to_owned() });
        }
        Ok(AtEnd::Again)
    }

    /// Enters the oldest segment at or behind `base`. Returns false when there is none.
    fn hop(&mut self, base: u64) -> Result<bool, ReadError> {
        loop {
            let all = bases(&*self.disk)?;
            if all.is_empty() {
                return Err(ReadError::NoJournal(self.disk.path("").display().to_string()));
            }
            let Some(&base) = all.iter().find(|&&other| other >= base) else { return Ok(false) };
            match SegmentFile::open(&*self.disk, base)? {
                Opened::Segment(segment) => {
                    self.skipped += segment.header.base.saturating_sub(self.next);
                    self.enter(segment);
                    self.verified_from = self.next;
                    return Ok(true);
                }
                Opened::Gone => {}
                Opened::Damaged(damage) => {
                    self.damage = Some(damage);
                    return Ok(true);
                }
            }
        }
    }

    fn enter(&mut self, segment: SegmentFile) {
        self.next = segment.header.first();
        self.epoch = segment.header.epoch;
        self.segment = Some(segment);
        self.window.clear();
        self.searched = None;
    }
}
