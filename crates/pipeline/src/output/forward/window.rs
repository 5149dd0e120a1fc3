//! What is owed to the other end, and what it has acked: a state machine without I/O.

use std::collections::VecDeque;
use std::fmt;

use record::Position;
use wire::Answers;

/// Lines that the other end has not acked yet, in their order.
///
/// ```text
///    acked │ written whole │ written in part │ not written
///  ────────┴───────────────┴─────────────────┴─────────────► lines
///           └──────────────── `bytes` ──────────────────┘
/// ```
///
/// What it owns: the bytes of those lines, so that they can be sent again over another connection, and an [`Owed`] for each. What
/// bounds it: `bytes_max` for both together; one record that is larger is let in when nothing else is there. It holds nothing
/// to stop. An answer that no collector gives is an error; what was acked before it stays acked.
#[derive(Debug)]
pub(super) struct Window {
    bytes: VecDeque<u8>,
    owed: VecDeque<Owed>,
    bytes_max: usize,
    /// Over the present connection: bytes that were written, whole lines among them, and how much of the next line.
    written: usize,
    whole: usize,
    part: usize,
    /// None for a server that acks nothing: there a line is done with when it is written.
    answers: Option<Answers>,
    /// Everything up to here is done with.
    acked: Position,
    /// How many lines are done with.
    done: u64,
}

/// One line of the window.
#[derive(Clone, Copy, Debug)]
struct Owed {
    len: usize,
    /// With this line, everything up to here is done with.
    upto: Position,
}

/// What no collector answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Bytes that are no ACK.
    NoAck,
    /// More ACKs than lines.
    TooMany,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAck => "it answered something else than `ack` says",
            Self::TooMany => "it acked more lines than it was sent",
        })
    }
}

impl Window {
    pub(super) fn new(bytes_max: usize, ack: Option<&[u8]>) -> Self {
        Self {
            bytes: VecDeque::new(),
            owed: VecDeque::new(),
            bytes_max,
            written: 0,
            whole: 0,
            part: 0,
            answers: ack.map(Answers::new),
            acked: Position(0),
            done: 0,
        }
    }

    /// The memory that is taken by lines, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.owed.len() * size_of::<Owed>()
    }

    /// True when so many lines with so many bytes in all may come in.
    pub(super) fn has_room(&self, lines: usize, bytes: usize) -> bool {
        // A newline, and perhaps a carriage return, for each.
        self.owed.is_empty() || self.size() + bytes + lines * (2 + size_of::<Owed>()) <= self.bytes_max
    }

    /// Takes one line, which has no newline. When it is acked, everything up to `upto` is done with.
    pub(super) fn push(&mut self, line: &[u8], upto: Position) {
        let before = self.bytes.len();
        self.bytes.extend(line);
        if line.last() == Some(&b'\r') {
            // Who reads it drops one of them, which is none of the line's.
            self.bytes.push_back(b'\r');
        }
        self.bytes.push_back(b'\n');
        self.owed.push_back(Owed { len: self.bytes.len() - before, upto });
    }

    /// With what was taken so far, everything up to `upto` is done with.
    pub(super) fn reach(&mut self, upto: Position) {
        let last = self.owed.back_mut().map_or(&mut self.acked, |owed| &mut owed.upto);
        *last = upto.max(*last);
    }

    /// Everything up to here was acked.
    pub(super) fn acked(&self) -> Position {
        self.acked
    }

    /// How many lines are not acked.
    pub(super) fn lines(&self) -> usize {
        self.owed.len()
    }

    /// How many lines were acked, or written where nothing is acked.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Another connection: what was not acked is to be written again.
    pub(super) fn begin(&mut self) {
        (self.written, self.whole, self.part) = (0, 0, 0);
        if let Some(answers) = &mut self.answers {
            answers.begin();
        }
    }

    /// What is to be written next; empty when there is nothing.
    pub(super) fn unwritten(&self) -> &[u8] {
        let (front, back) = self.bytes.as_slices();
        match self.written.checked_sub(front.len()) {
            None => &front[self.written..],
            Some(into_back) => &back[into_back..],
        }
    }

    /// So many bytes of [`Window::unwritten`] were written. Returns how many lines are whole with them.
    pub(super) fn written(&mut self, bytes: usize) -> u64 {
        self.written += bytes;
        self.part += bytes;
        let before = self.whole;
        while let Some(owed) = self.owed.get(self.whole).filter(|owed| owed.len <= self.part) {
            self.part -= owed.len;
            self.whole += 1;
        }
        let whole = self.whole - before;
        if self.answers.is_none() {
            self.done_with(self.whole);
        }
        whole as u64
    }

    /// The other end has answered so. Returns whether it acked a line.
    pub(super) fn answered(&mut self, bytes: &[u8]) -> Result<bool, Refused> {
        let Some(answers) = &mut self.answers else {
            // What a server says that is to say nothing is nobody's business.
            return Ok(false);
        };
        let answered = answers.count(bytes);
        let acks = usize::try_from(answered.acks).unwrap_or(usize::MAX).min(self.whole);
        self.done_with(acks);
        if answered.acks > acks as u64 {
            Err(Refused::TooMany)
        } else if answered.wrong {
            Err(Refused::NoAck)
        } else {
            Ok(acks > 0)
        }
    }

    /// The first lines, all of them written, are done with.
    fn done_with(&mut self, lines: usize) {
        let mut bytes = 0;
        for owed in self.owed.drain(..lines) {
            bytes += owed.len;
            self.acked = self.acked.max(owed.upto);
        }
        self.bytes.drain(..bytes);
        self.written -= bytes;
        self.whole -= lines;
        self.done += lines as u64;
        if self.owed.is_empty() {
            // One long record is no reason to keep so much for ever.
            self.bytes.shrink_to(self.bytes_max);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::Position;

    use super::{Owed, Refused, Window};

    #[derive(Clone, Debug)]
    enum Step {
        /// A line comes.
        Line(Vec<u8>),
        /// The socket takes at most so much.
        Takes(usize),
        /// The other end acks so many of the lines that it has, and so much of that comes.
        Acks(usize, usize),
        /// The connection breaks: what was on its way is lost.
        Breaks,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let byte =
            prop_oneof![6 => Just(b'x'), 1 => Just(b'\r'), 1 => any::<u8>().prop_map(|b| b.max(b'\x0b'))];
        let step = prop_oneof![
            4 => prop::collection::vec(byte, 0..12).prop_map(Step::Line),
            4 => (0..30_usize).prop_map(Step::Takes),
            4 => (0..5_usize, 0..20_usize).prop_map(|(acks, bytes)| Step::Acks(acks, bytes)),
            1 => Just(Step::Breaks),
        ];
        prop::collection::vec(step, 0..80)
    }

    /// The lines in what a collector reads, without newline and one carriage return before it.
    fn lines(read: &[u8]) -> Vec<Vec<u8>> {
        let mut lines: Vec<&[u8]> = read.split(|byte| *byte == b'\n').collect();
        lines.pop();
        lines.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
    }

    proptest! {
        #[test]
        fn each_line_arrives_in_order_and_only_what_was_acked_is_done_with(steps in steps()) {
            let mut window = Window::new(200, Some(b"ACK\n"));
            // Line N, from 1 on, is done with at position 10 N.
            let mut sent: Vec<Vec<u8>> = Vec::new();
            // Over this connection: what was read, from which line on; acks that were given, and bytes of them on their way.
            let (mut read, mut first, mut given, mut coming) = (Vec::new(), 0, 0, Vec::new());
            let mut acked = 0;
            for step in steps {
                match step {
                    Step::Line(line) => if window.has_room(1, line.len()) {
                        sent.push(line.clone());
                        window.push(&line, Position(10 * sent.len() as u64));
                        prop_assert!(window.size() <= 200 || window.lines() == 1);
                    },
                    Step::Takes(most) => {
                        let taken = window.unwritten().len().min(most);
                        read.extend_from_slice(&window.unwritten()[..taken]);
                        window.written(taken);
                    }
                    Step::Acks(acks, bytes) => {
                        let has = lines(&read).len();
                        let acks = acks.min(has - given);
                        given += acks;
                        coming.extend(b"ACK\n".repeat(acks));
                        let bytes = bytes.min(coming.len());
                        let came: Vec<u8> = coming.drain(..bytes).collect();
                        let before = window.done();
                        prop_assert!(window.answered(&came).is_ok());
                        acked += (window.done() - before) as usize;
                    }
                    Step::Breaks => {
                        window.begin();
                        (first, given) = (acked, 0);
                        read.clear();
                        coming.clear();
                    }
                }
                let has = lines(&read);
                prop_assert_eq!(&has[..], &sent[first..first + has.len()]);
                prop_assert_eq!(window.acked(), Position(10 * acked as u64));
                prop_assert!(acked <= first + given);
                prop_assert_eq!(window.lines(), sent.len() - acked);
            }
            // Whatever happened, a connection that lasts brings the rest.
            window.begin();
            read.clear();
            while !window.unwritten().is_empty() {
                read.extend_from_slice(window.unwritten());
                window.written(window.unwritten().len());
            }
            prop_assert_eq!(&lines(&read)[..], &sent[acked..]);
            prop_assert!(window.answered(&b"ACK\n".repeat(sent.len() - acked)).is_ok());
            prop_assert_eq!((window.size(), window.acked()), (0, Position(10 * sent.len() as u64)));
        }
    }

    #[test]
    fn what_no_collector_answers_is_refused_and_what_it_acked_before_holds() {
        let mut window = Window::new(1000, Some(b"ACK\n"));
        for position in 1..=3 {
            window.push(b"x", Position(position));
        }
        assert_eq!(window.written(5), 2);
        assert_eq!(window.answered(b"ACK\nOK"), Err(Refused::NoAck));
        assert_eq!(window.acked(), Position(1));
        window.begin();
        window.written(2);
        assert_eq!(window.answered(b"ACK\nACK\n"), Err(Refused::TooMany));
        assert_eq!((window.acked(), window.lines()), (Position(2), 1));
    }

    #[test]
    fn without_acks_a_line_is_done_with_once_it_is_written_whole() {
        let mut window = Window::new(1000, None);
        window.push(b"one", Position(1));
        window.push(b"two", Position(2));
        assert_eq!(window.written(6), 1);
        assert_eq!((window.acked(), window.unwritten()), (Position(1), &b"o\n"[..]));
        window.begin();
        assert_eq!(window.unwritten(), b"two\n", "a part of a line is no line");
        assert_eq!(window.answered(b"anything"), Ok(false));
    }

    #[test]
    fn a_place_is_reached_with_the_last_line_before_it() {
        let mut window = Window::new(1000, Some(b"."));
        window.reach(Position(5));
        assert_eq!(window.acked(), Position(5), "nothing is owed");
        window.push(b"", Position(0));
        window.push(b"", Position(7));
        window.reach(Position(9));
        window.written(2);
        assert_eq!(window.answered(b"."), Ok(true));
        assert_eq!(window.acked(), Position(5), "the record has another line");
        assert_eq!(window.answered(b"."), Ok(true));
        assert_eq!(window.acked(), Position(9));
    }

    #[test]
    fn a_record_that_is_too_long_is_let_in_alone() {
        let mut window = Window::new(100, Some(b"."));
        assert!(window.has_room(1, 1000));
        window.push(&[b'x'; 1000], Position(1));
        assert!(!window.has_room(1, 0));
        assert_eq!(window.size(), 1001 + size_of::<Owed>());
        window.written(window.unwritten().len());
        window.written(window.unwritten().len());
        assert_eq!(window.answered(b"."), Ok(true));
        assert!(window.has_room(1, 0));
    }
}
