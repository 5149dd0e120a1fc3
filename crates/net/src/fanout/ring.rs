//! The lines that receivers may still want: bytes in a ring, and where each line ends and who sent it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// The place of a sender that receives nothing.
pub(super) const NOBODY: u32 = u32::MAX;

/// Of the memory of a ring, one part in so many is for its index.
const INDEX_PART: usize = 4;

/// The newest lines of one stream.
///
/// What it owns: the lines, each with its newline, an index of them, and a place for each receiver that is a sender as well, so that a
/// line knows whose it is. What bounds it: the bytes it is made with, three quarters for the lines and a quarter for the index; the
/// places, by the number of receivers. The oldest lines make room for new ones, whoever still wanted them. It has no end and cannot fail.
///
/// Lines and bytes are numbered from the first one that was ever in it, so a receiver that has fallen behind knows how much it missed.
#[derive(Debug)]
pub(super) struct Ring {
    text: VecDeque<u8>,
    lines: VecDeque<Line>,
    text_max: usize,
    lines_max: usize,
    /// The number of the oldest line.
    first: u64,
    /// The number of the oldest byte.
    start: u64,
    places: Vec<Place>,
    free: Vec<u32>,
    names: HashMap<Arc<str>, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    /// The number of the byte behind its newline.
    end: u64,
    /// The place of who sent it.
    sender: u32,
}

/// A receiver that sends as well.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The first line that it may want.
    since: u64,
    /// So many of its own lines from there on are in the ring no more.
    gone: u64,
}

impl Ring {
    /// The memory is reserved at once, and used as lines come.
    pub(super) fn new(bytes: usize) -> Self {
        let index = bytes / INDEX_PART;
        let (text_max, lines_max) = (bytes - index, (index / size_of::<Line>()).max(1));
        Self {
            text: VecDeque::with_capacity(text_max),
            lines: VecDeque::with_capacity(lines_max),
            text_max,
            lines_max,
            first: 0,
            start: 0,
            places: Vec::new(),
            free: Vec::new(),
            names: HashMap::new(),
        }
    }

    /// Adds a line, for which a newline is added. One that is larger than the ring takes everything with it: who waited for any of it
    /// learns that it missed something.
    pub(super) fn push(&mut self, sender: Option<&str>, line: &[u8]) {
        let sender = sender.and_then(|name| self.names.get(name).copied()).unwrap_or(NOBODY);
        let bytes = line.len() + 1;
        if bytes > self.text_max {
            while self.forget_oldest() {}
            self.count_gone(sender);
            self.first += 1;
            return;
        }
        while self.text.len() + bytes > self.text_max || self.lines.len() == self.lines_max {
            self.forget_oldest();
        }
        self.text.extend(line);
        self.text.push_back(b'\n');
        self.lines.push_back(Line { end: self.start + self.text.len() as u64, sender });
    }

    fn forget_oldest(&mut self) -> bool {
        let Some(line) = self.lines.pop_front() else { return false };
        self.text.drain(..(line.end - self.start) as usize);
        self.start = line.end;
        self.count_gone(line.sender);
        self.first += 1;
        true
    }

    /// The line `first` is about to go.
    fn count_gone(&mut self, sender: u32) {
        if let Some(place) = self.places.get_mut(sender as usize).filter(|place| place.since <= self.first) {
            place.gone += 1;
        }
    }

    /// A place for a receiver whose own lines are those sent under this name.
    pub(super) fn enter(&mut self, name: &Arc<str>) -> u32 {
        let place = Place { since: self.next(), gone: 0 };
        let index = match self.free.pop() {
            Some(index) => {
                self.places[index as usize] = place;
                index
            }
            None => {
                self.places.push(place);
                u32::try_from(self.places.len() - 1).expect("fewer than 2^32 receivers")
            }
        };
        self.names.insert(Arc::clone(name), index);
        index
    }

    pub(super) fn leave(&mut self, name: &str, place: u32) {
        // Another may be there under the same name by now.
        if self.names.get(name) == Some(&place) {
            self.names.remove(name);
        }
        self.free.push(place);
    }

    /// So many lines of the receiver at this place, since it is there, are in the ring no more.
    pub(super) fn gone(&self, place: u32) -> u64 {
        self.places.get(place as usize).map_or(0, |place| place.gone)
    }

    /// The number of the oldest line.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number of the line that comes next.
    pub(super) fn next(&self) -> u64 {
        self.first + self.lines.len() as u64
    }

    /// The number of the first byte of this line, which must be in the ring or the next one.
    pub(super) fn begin(&self, line: u64) -> u64 {
        if line == self.first { self.start } else { self.end(line - 1) }
    }

    /// The number of the byte behind this line, which must be in the ring.
    pub(super) fn end(&self, line: u64) -> u64 {
        self.lines[(line - self.first) as usize].end
    }

    /// The place of who sent this line, which must be in the ring.
    pub(super) fn sender(&self, line: u64) -> u32 {
        self.lines[(line - self.first) as usize].sender
    }

    /// The bytes with these numbers, or, where the ring closes among them, the first of them.
    pub(super) fn bytes(&self, from: u64, to: u64) -> &[u8] {
        let (from, to) = ((from - self.start) as usize, (to - self.start) as usize);
        let (head, tail) = self.text.as_slices();
        match head.get(from..) {
            Some(rest) if !rest.is_empty() => &rest[..rest.len().min(to - from)],
            _ => &tail[from - head.len()..to - head.len()],
        }
    }

    /// The memory that lines and index take now.
    pub(super) fn used(&self) -> usize {
        self.text.len() + self.lines.len() * size_of::<Line>()
    }
}
