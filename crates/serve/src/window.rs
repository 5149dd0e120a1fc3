//! What is in flight to one collector: how long each unacked line is, and how much of it was written.

use std::collections::VecDeque;

use memchr::memchr_iter;

/// The lines in flight over one connection. Pure: it sees bytes and counts, no socket.
///
/// It owns 8 bytes per line in flight and no line data. At most `lines_max` lines are in flight, and at most
/// `bytes_max` bytes unless all of them are of one line.
///
/// ```text
///   acked │ wholly written │ written in part │ admitted │ open line
/// ────────┴────────────────┴─────────────────┴──────────┴──────────► bytes of the input
///          └─ `whole` ─────┘└─ `part` bytes ─┘          └─ `open` bytes, its newline not admitted yet
///          └────────────── `lengths` ──────────────────┘
/// ```
pub(crate) struct Window {
    lines_max: usize,
    bytes_max: u64,
    lengths: VecDeque<u64>,
    whole: usize,
    part: u64,
    open: u64,
    /// The sum of `lengths` and `open`.
    bytes: u64,
}

impl Window {
    pub(crate) fn new(lines_max: usize, bytes_max: usize) -> Self {
        let bytes_max = bytes_max as u64;
        Self { lines_max, bytes_max, lengths: VecDeque::new(), whole: 0, part: 0, open: 0, bytes: 0 }
    }

    /// How many of the next bytes may be sent now; they are in flight from here on. Ends at a line's end, unless
    /// `partial` lets the beginning of a line go before its newline is there.
    pub(crate) fn admit(&mut self, next: &[u8], partial: bool) -> usize {
        let mut admitted = 0;
        if self.lengths.len() == self.lines_max {
            return 0;
        }
        for newline in memchr_iter(b'\n', next) {
            let bytes = newline + 1 - admitted;
            if !self.fits(bytes) {
                return admitted;
            }
            self.bytes += bytes as u64;
            self.lengths.push_back(self.open + bytes as u64);
            self.open = 0;
            admitted = newline + 1;
            if self.lengths.len() == self.lines_max {
                return admitted;
            }
        }
        let begun = next.len() - admitted;
        if partial && self.fits(begun) {
            self.bytes += begun as u64;
            self.open += begun as u64;
            admitted += begun;
        }
        admitted
    }

    fn fits(&self, bytes: usize) -> bool {
        self.lengths.is_empty() || self.bytes + bytes as u64 <= self.bytes_max
    }

    /// `bytes` more of what was admitted were written. Gives the number of lines that were completed by it.
    pub(crate) fn written(&mut self, bytes: usize) -> usize {
        let before = self.whole;
        self.part += bytes as u64;
        while let Some(length) = self.lengths.get(self.whole).filter(|length| self.part >= **length) {
            self.part -= length;
            self.whole += 1;
        }
        self.whole - before
    }

    /// The oldest `lines` are acked. Gives their bytes, or `None` if fewer were wholly written.
    pub(crate) fn ack(&mut self, lines: u64) -> Option<u64> {
        let lines = usize::try_from(lines).ok().filter(|lines| *lines <= self.whole)?;
        let bytes = self.lengths.drain(..lines).sum();
        self.whole -= lines;
        self.bytes -= bytes;
        Some(bytes)
    }

    /// The input ends without a newline: its last line, written by now, is as long as it is.
    pub(crate) fn end_open_line(&mut self) {
        if self.open > 0 {
            self.lengths.push_back(self.open);
            self.open = 0;
            self.written(0);
        }
    }

    /// Lines in flight whose end was admitted.
    pub(crate) fn lines(&self) -> usize {
        self.lengths.len()
    }

    /// Lines that are wholly written: the collector owes an ack for each.
    pub(crate) fn owed(&self) -> usize {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use proptest::prelude::*;

    #[test]
    fn admits_whole_lines_up_to_the_bounds() {
        let mut window = Window::new(2, 100);
        assert_eq!(window.admit(b"a\n\nccc\n", false), 3, "two lines, one of them empty");
        assert_eq!(window.admit(b"ccc\n", false), 0);
        assert_eq!(window.written(3), 2);
        assert_eq!(window.ack(1), Some(2));
        assert_eq!(window.admit(b"ccc\nd\n", false), 4);

        let mut window = Window::new(100, 6);
        assert_eq!(window.admit(b"abc\nde\n", false), 4, "7 bytes are more than 6");
        window.written(4);
        assert_eq!(window.ack(1), Some(4));
        assert_eq!(window.admit(b"0123456789\n", false), 11, "a line longer than the bound passes alone");
        assert_eq!(window.admit(b"\n", false), 0);
    }

    #[test]
    fn the_beginning_of_a_line_goes_only_when_asked() {
        let mut window = Window::new(10, 4);
        assert_eq!(window.admit(b"0123", false), 0);
        assert_eq!(window.admit(b"0123", true), 4);
        assert_eq!(window.admit(b"4567", true), 4, "nothing else is in flight");
        assert_eq!(window.written(8), 0);
        assert_eq!(window.ack(1), None, "its end was not even sent");
        assert_eq!(window.admit(b"8\nx\n", true), 2);
        assert_eq!(window.written(2), 1);
        assert_eq!(window.ack(1), Some(10));
    }

    #[test]
    fn only_what_was_wholly_written_can_be_acked() {
        let mut window = Window::new(10, 100);
        window.admit(b"ab\ncd\n", false);
        assert_eq!(window.ack(1), None);
        assert_eq!(window.written(5), 1);
        assert_eq!(window.ack(2), None);
        assert_eq!(window.ack(1), Some(3));
        assert_eq!(window.written(1), 1);
        assert_eq!(window.ack(1), Some(3));
        assert_eq!(window.ack(0), Some(0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        /// Whatever the order of admitting, writing and acking: the bounds hold, acked bytes are whole lines of
        /// the input in order, and in the end all of it passes.
        #[test]
        fn passes_everything_within_its_bounds(
            lines in prop::collection::vec(0usize..12, 0..60),
            lines_max in 1usize..6,
            bytes_max in 1usize..20,
            steps in prop::collection::vec((1usize..30, any::<bool>(), 1usize..30, 0u64..5), 1..20),
        ) {
            let input: Vec<u8> =
                lines.iter().flat_map(|len| [vec![b'x'; *len], b"\n".to_vec()].concat()).collect();
            let mut window = Window::new(lines_max, bytes_max);
            let (mut admitted, mut written, mut acked, mut acks) = (0, 0, 0u64, 0usize);
            for (look, partial, write, ack) in steps.iter().cycle().take(4_000) {
                let next = &input[admitted..(admitted + look).min(input.len())];
                // As the caller does it: a window that shows no newline is given the beginning of the line.
                admitted += window.admit(next, *partial || !next.contains(&b'\n'));
                prop_assert!(window.lines() <= lines_max);
                let in_flight = &input[acked as usize..admitted];
                let begun = in_flight.split_inclusive(|b| *b == b'\n').count();
                prop_assert!(in_flight.len() <= bytes_max || begun <= 1, "{in_flight:?}");

                let now = (*write).min(admitted - written);
                let newlines = input[written..written + now].iter().filter(|b| **b == b'\n').count();
                prop_assert_eq!(window.written(now), newlines);
                written += now;

                match window.ack(*ack) {
                    None => prop_assert!(*ack as usize > window.owed()),
                    Some(bytes) => {
                        acked += bytes;
                        acks += *ack as usize;
                        prop_assert_eq!(acked as usize, lines[..acks].iter().map(|len| len + 1).sum::<usize>());
                        prop_assert!(acked as usize <= written);
                    }
                }
                let owed = window.owed() as u64;
                if *ack == 0 && owed > 0 {
                    acked += window.ack(owed).expect("what is owed can be acked");
                    acks += owed as usize;
                }
            }
            let ever_acked = steps.iter().any(|(.., ack)| *ack < 2);
            prop_assert!(!ever_acked || acked as usize == input.len(), "{acked} of {}", input.len());
        }
    }
}
