//! Where one receiver stands in the ring: a state machine without I/O.

use super::ring::{NOBODY, Ring};

/// One write takes at most so many bytes.
const RUN_BYTES: u64 = 64 << 10;

/// What it owns: the number of the next line, how much of it was sent, and a notice of a few bytes while one is to be sent. What bounds
/// it: nothing in it grows. It ends with its connection. It cannot fail: who takes nothing misses lines, and is told how many.
///
/// A receiver gets whole lines in order, but for its own. When the ring has lost lines that it did not have yet, a line of which it has
/// a part already is ended there, it gets the notice `# 12 lines skipped`, and goes on with the oldest line in the ring: so it has
/// the longest run without another gap. The number counts a line that was cut, and none of its own.
#[derive(Debug)]
pub(crate) struct Receiver {
    place: u32,
    line: u64,
    /// How much of that line was sent, and how much of it was not, if any was.
    sent: u64,
    unsent: u64,
    /// So many lines before it were its own.
    own: u64,
    notice: Option<Box<Notice>>,
}

#[derive(Debug)]
struct Notice {
    text: String,
    sent: usize,
    lines: u64,
    /// It begins with the newline of a line that was cut.
    cut: bool,
}

impl Notice {
    fn new(lines: u64, cut: bool) -> Self {
        let end = if cut { "\n" } else { "" };
        let text = match lines {
            0 => end.to_owned(),
            1 => format!("{end}# 1 line skipped\n"),
            _ => format!("{end}# {lines} lines skipped\n"),
        };
        Self { text, sent: 0, lines, cut }
    }
}

impl Receiver {
    /// It gets what comes from now on.
    pub(super) fn new(ring: &Ring, place: u32) -> Self {
        Self { place, line: ring.next(), sent: 0, unsent: 0, own: 0, notice: None }
    }

    pub(super) fn place(&self) -> u32 {
        self.place
    }

    /// To be called before [`Self::next`]. Where lines that it did not have are gone, it makes a notice of that. Returns how many they
    /// are that it had not been told of.
    pub(super) fn catch_up(&mut self, ring: &Ring) -> u64 {
        let mut missed = 0;
        if self.line < ring.first() {
            if self.notice.as_ref().is_some_and(|notice| notice.sent > 0) {
                return 0;
            }
            missed = self.skip(ring);
        }
        while self.line < ring.next() && self.is_own(ring, self.line) {
            self.line += 1;
            self.own += 1;
        }
        missed
    }

    fn skip(&mut self, ring: &Ring) -> u64 {
        let gone = ring.gone(self.place);
        let cut = self.sent > 0;
        // With the newline that the notice begins with, a line is whole of which nothing else was left.
        let whole = u64::from(cut && self.unsent == 1);
        let missed = ring.first() - self.line - (gone - self.own) - whole;
        let before = self.notice.take();
        let (lines, was_cut) = before.map_or((0, false), |notice| (notice.lines, notice.cut));
        let (lines, cut) = (lines + missed, cut || was_cut);
        if lines > 0 || cut {
            self.notice = Some(Box::new(Notice::new(lines, cut)));
        }
        (self.line, self.sent, self.own) = (ring.first(), 0, gone);
        missed
    }

    /// True when the ring has lost lines that it did not have.
    pub(super) fn is_behind(&self, ring: &Ring) -> bool {
        self.line < ring.first()
    }

    /// True when it has a part of a line: nothing else may be sent before the rest.
    pub(crate) fn is_amid(&self) -> bool {
        // To a line that was cut belongs the notice that says so.
        self.notice.as_ref().map_or(self.sent > 0, |notice| notice.cut || notice.sent > 0)
    }

    /// The bytes to send next: of many lines, or only the rest of one that was begun.
    pub(super) fn next<'a>(&'a self, ring: &'a Ring, rest_only: bool) -> Option<&'a [u8]> {
        if rest_only && !self.is_amid() {
            return None;
        }
        if let Some(notice) = &self.notice {
            return Some(&notice.text.as_bytes()[notice.sent..]);
        }
        if self.line < ring.first() || self.line == ring.next() || self.is_own(ring, self.line) {
            return None;
        }
        let from = ring.begin(self.line) + self.sent;
        let (mut line, mut to) = (self.line + 1, ring.end(self.line));
        while !rest_only && line < ring.next() && to - from < RUN_BYTES && !self.is_own(ring, line) {
            to = ring.end(line);
            line += 1;
        }
        Some(ring.bytes(from, to.min(from + RUN_BYTES)))
    }

    /// The socket took the first `bytes` of [`Self::next`], and nothing has come to the ring since then. Returns how many lines are
    /// complete with them.
    pub(super) fn sent(&mut self, bytes: usize, ring: &Ring) -> u64 {
        if let Some(notice) = &mut self.notice {
            notice.sent += bytes;
            if notice.sent == notice.text.len() {
                self.notice = None;
            }
            return 0;
        }
        let reached = ring.begin(self.line) + self.sent + bytes as u64;
        let before = self.line;
        while self.line < ring.next() && ring.end(self.line) <= reached {
            self.line += 1;
        }
        self.sent = reached - ring.begin(self.line);
        self.unsent = if self.sent > 0 { ring.end(self.line) - reached } else { 0 };
        self.line - before
    }

    fn is_own(&self, ring: &Ring, line: u64) -> bool {
        self.place != NOBODY && ring.sender(line) == self.place
    }
}
