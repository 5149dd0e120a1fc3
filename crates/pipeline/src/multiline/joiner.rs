use std::collections::VecDeque;
use std::time::Duration;

use record::{Batch, Line, LineFlags, Micros, Position};

use super::peers::{Group, Peers};
use super::{BadMultiline, Multiline, Rule, Trace};

/// Joins lines to records, in the order of their first lines.
///
/// A line is held until it is known what follows it. Lines are given away only up to a place that no record lies across: who
/// begins anew behind that place makes the same records of what follows, and nothing has to be remembered.
///
/// What it owns: the lines that it holds. What bounds it: the bytes that it is told; when lines take more, the older half of the
/// records goes on without waiting, and if that does not help, all do. Needs no stop: the lines are in the journal. Cannot fail.
#[derive(Debug)]
pub struct Joiner {
    rule: Rule,
    bytes_max: usize,
    wait: Duration,
    held_max: usize,
    lines: VecDeque<Held>,
    /// The number of the first line that is held; they are numbered in their order, without end.
    first: u64,
    text: Vec<u8>,
    /// So many bytes of all lines ever are no longer in `text`.
    dropped: u64,
    peers: Peers,
    /// Every record that begins before this number has all its lines.
    looked: u64,
    /// They end before this number.
    reach: u64,
    /// Lines before this number can go.
    ready: u64,
    /// When the newest line was received.
    newest: u64,
    joined: Vec<u8>,
}

/// A line that is held.
#[derive(Clone, Copy, Debug)]
struct Held {
    position: Position,
    received: Micros,
    flags: LineFlags,
    peer: u32,
    from: u64,
    len: u32,
    /// It is the first one of a record.
    is_first: bool,
    /// The record may go on.
    is_open: bool,
    /// Behind the last line of the record that begins here.
    end: u64,
    /// The next line of its record; its own number if there is none.
    next: u64,
}

impl Joiner {
    /// One that holds about `held_max` bytes at most.
    ///
    /// # Errors
    /// What is wrong with the rule.
    pub fn new(told: &Multiline, held_max: usize) -> Result<Self, BadMultiline> {
        if told.bytes_max == 0 || told.wait.is_zero() {
            return Err(BadMultiline::Nothing);
        }
        Ok(Self {
            rule: Rule::new(&told.rule)?,
            bytes_max: told.bytes_max,
            wait: told.wait,
            held_max,
            lines: VecDeque::new(),
            first: 0,
            text: Vec::new(),
            dropped: 0,
            peers: Peers::default(),
            looked: 0,
            reach: 0,
            ready: 0,
            newest: 0,
            joined: Vec::new(),
        })
    }

    /// Takes the next line of the journal, read `now` by the clock that never goes back.
    pub fn push(&mut self, line: &Line<'_>, now: Duration) {
        let number = self.first + self.lines.len() as u64;
        let peer = self.peers.number(line.source, line.peer);
        self.newest = self.newest.max(line.received.0);
        let mut held = Held {
            position: line.position,
            received: line.received,
            flags: line.flags,
            peer,
            from: self.dropped + self.text.len() as u64,
            len: line.bytes.len() as u32,
            is_first: true,
            is_open: false,
            end: number + 1,
            next: number,
        };
        self.text.extend_from_slice(line.bytes);
        let group = match self.goes_with(&mut held, line) {
            Ok(group) => {
                held.is_first = false;
                self.add(group.first, group.last, number, line.flags);
                Group { last: number, bytes: group.bytes + 1 + line.bytes.len(), ..group }
            }
            Err(trace) => Group {
                first: number,
                last: number,
                bytes: line.bytes.len(),
                trace,
                received: 0,
                read_at: Duration::ZERO,
            },
        };
        self.lines.push_back(held);
        if stands_alone(line.flags) || line.flags.contains(LineFlags::UNTERMINATED) {
            self.close(group.first);
            return;
        }
        self.line_mut(group.first).is_open = true;
        self.peers.get_mut(peer).group = Some(Group { received: line.received.0, read_at: now, ..group });
    }

    /// True when lines are held.
    pub fn holds(&self) -> bool {
        !self.lines.is_empty()
    }

    /// True when it holds as much as it may.
    pub fn is_full(&self) -> bool {
        self.held() >= self.held_max
    }

    /// The place before the first line that is held.
    pub fn upto(&self) -> Option<Position> {
        self.lines.front().map(|line| Position(line.position.0.saturating_sub(1)))
    }

    /// When [`Joiner::expire`] is worth a call.
    pub fn deadline(&self) -> Option<Duration> {
        let line = self.lines.get(usize::try_from(self.looked - self.first).ok()?)?;
        self.peers.get(line.peer).group.map(|group| group.read_at.saturating_add(self.wait))
    }

    /// Ends the records that have waited long enough for another line. To be called when there is none to be read.
    pub fn expire(&mut self, now: Duration) {
        self.look(Some(now));
    }

    /// Ends all records: what comes begins new ones.
    pub fn end(&mut self) {
        for number in self.looked..self.first + self.lines.len() as u64 {
            self.close(number);
        }
        self.peers.forget_cuts();
    }

    /// Adds records to the batch, until it has `rows` or takes `bytes`, and a few more where records lie across each other.
    /// Returns whether it could go on.
    pub fn release(&mut self, batch: &mut Batch, rows: usize, bytes: usize) -> bool {
        self.look(None);
        if self.ready == self.first && self.holds() && self.is_full() {
            self.relieve();
        }
        let mut reach = self.first;
        while self.first < self.ready {
            if reach <= self.first && (batch.len() >= rows || batch.bytes() >= bytes) {
                break;
            }
            let Some(line) = self.lines.front().copied() else { break };
            if line.is_first {
                reach = reach.max(line.end);
                self.give(line, batch);
            }
            self.lines.pop_front();
            self.first += 1;
        }
        self.tidy();
        self.first < self.ready
    }

    /// The record that the line belongs to, if it belongs to one; otherwise where in a trace it begins.
    fn goes_with(&mut self, held: &mut Held, line: &Line<'_>) -> Result<Group, Trace> {
        let peer = self.peers.get_mut(held.peer);
        let (group, cut) = (peer.group.take(), peer.cut.take());
        if stands_alone(line.flags) {
            self.end_group(group);
            return Err(Trace::Plain);
        }
        let wait = u64::try_from(self.wait.as_micros()).unwrap_or(u64::MAX);
        let Some(mut group) = group else {
            // What a bound has cut goes on, marked.
            if let Some(mut trace) = cut
                && self.rule.continues(&mut trace, line.bytes)
            {
                held.flags = held.flags.with(LineFlags::CUT);
                return Err(trace);
            }
            return Err(Trace::begin(line.bytes));
        };
        let is_late = line.received.0.saturating_sub(group.received) > wait;
        if is_late || !self.rule.continues(&mut group.trace, line.bytes) {
            self.end_group(Some(group));
            return Err(Trace::begin(line.bytes));
        }
        if group.bytes + 1 + line.bytes.len() > self.bytes_max {
            let first = self.line_mut(group.first);
            (first.is_open, first.flags) = (false, first.flags.with(LineFlags::CUT));
            held.flags = held.flags.with(LineFlags::CUT);
            return Err(group.trace);
        }
        Ok(group)
    }

    fn end_group(&mut self, group: Option<Group>) {
        if let Some(group) = group {
            self.line_mut(group.first).is_open = false;
        }
    }

    /// The line `number` belongs to the record that begins with `first` and has ended with `last`.
    fn add(&mut self, first: u64, last: u64, number: u64, flags: LineFlags) {
        self.line_mut(last).next = number;
        let first = self.line_mut(first);
        first.end = number + 1;
        first.flags = first.flags.with(flags);
    }

    /// Ends the record that begins with this line, if it is open.
    fn close(&mut self, number: u64) -> Option<Group> {
        let line = self.line_mut(number);
        if !std::mem::take(&mut line.is_open) {
            return None;
        }
        let peer = line.peer;
        self.peers.get_mut(peer).group.take()
    }

    /// Looks how far lines can go.
    fn look(&mut self, now: Option<Duration>) {
        let wait = u64::try_from(self.wait.as_micros()).unwrap_or(u64::MAX);
        while let Some(line) = self.lines.get((self.looked - self.first) as usize).copied() {
            if line.is_open {
                let is_over = self.peers.get(line.peer).group.is_none_or(|group| {
                    self.newest.saturating_sub(group.received) > wait
                        || now.is_some_and(|now| now >= group.read_at.saturating_add(self.wait))
                });
                if !is_over {
                    return;
                }
                self.close(self.looked);
            }
            if line.is_first {
                self.reach = self.reach.max(line.end);
            }
            self.looked += 1;
            if self.reach <= self.looked {
                self.ready = self.looked;
            }
        }
    }

    /// Ends records without waiting: those of the older half that have no line in the newer one; all, if that frees nothing.
    fn relieve(&mut self) {
        let end = self.first + self.lines.len() as u64;
        for until in [self.first + self.lines.len() as u64 / 2, end] {
            for number in self.looked..until {
                if self.line_mut(number).end > until {
                    continue;
                }
                if let Some(group) = self.close(number) {
                    let peer = self.line_mut(number).peer;
                    self.peers.get_mut(peer).cut = Some(group.trace);
                }
            }
            self.look(None);
            if self.ready > self.first {
                return;
            }
        }
    }

    /// Adds the record that begins with the first line to the batch.
    fn give(&mut self, first: Held, batch: &mut Batch) {
        let Self { lines, text, dropped, peers, joined, .. } = self;
        let bytes_of = |line: &Held| {
            let from = (line.from - *dropped) as usize;
            &text[from..from + line.len as usize]
        };
        let mut bytes = bytes_of(&first);
        if first.next != self.first {
            joined.clear();
            joined.extend_from_slice(bytes);
            let mut number = first.next;
            loop {
                let line = &lines[(number - self.first) as usize];
                joined.push(b'\n');
                joined.extend_from_slice(bytes_of(line));
                if line.next == number {
                    break;
                }
                number = line.next;
            }
            bytes = joined;
        }
        let Held { position, received, flags, .. } = first;
        let peer = peers.get(first.peer);
        batch.push(&Line { position, received, source: &peer.source, peer: &peer.peer, bytes, flags });
    }

    /// The memory of what is held.
    fn held(&self) -> usize {
        self.text.len() - self.unused() + self.lines.len() * size_of::<Held>()
    }

    /// So much text at the front is of lines that were given away.
    fn unused(&self) -> usize {
        self.lines.front().map_or(self.text.len(), |line| (line.from - self.dropped) as usize)
    }

    /// Gives back memory that nothing needs.
    fn tidy(&mut self) {
        let unused = self.unused();
        // Moving what is left costs less than what was given away.
        if 2 * unused >= self.text.len() {
            self.text.drain(..unused);
            self.dropped += unused as u64;
        }
        self.peers.keep(self.lines.len(), self.lines.iter_mut().map(|line| &mut line.peer));
    }

    #[cfg(test)]
    pub(super) fn peers(&self) -> usize {
        self.peers.len()
    }

    fn line_mut(&mut self, number: u64) -> &mut Held {
        let at = (number - self.first) as usize;
        &mut self.lines[at]
    }
}

/// How such a row begins says nothing about what it is.
fn stands_alone(flags: LineFlags) -> bool {
    flags.contains(LineFlags::SPLIT) || flags.contains(LineFlags::HEAD_LOST)
}
