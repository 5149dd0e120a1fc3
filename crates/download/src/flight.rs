//! How far the collector has come: a state machine without I/O.

use std::collections::VecDeque;

use memchr::memchr_iter;

/// Lines that were given to the collector and are not acked, as places in the text that they are of.
///
/// ```text
///    acked │ lines in flight │ open: a line whose newline was not given yet
///  ────────┴─────────────────┴──────────────────► bytes of the text
///          ▲                                     ▲
///       `acked`                               `given`
/// ```
///
/// What it owns: 8 bytes for each line in flight, and no text. What bounds it: whoever gives asks [`Flight::is_full`]. It has nothing
/// to stop. More ACKs than lines are refused.
#[derive(Debug)]
pub(crate) struct Flight {
    lengths: VecDeque<u64>,
    open: u64,
    acked: u64,
    given: u64,
    lines_acked: u64,
}

/// So many lines are in flight at most, before one more piece of text is given.
pub(crate) const LINES_MAX: usize = 65_536;

impl Flight {
    /// Of a text of which the collector has everything up to `offset`.
    pub(crate) fn at(offset: u64) -> Self {
        Self { lengths: VecDeque::new(), open: 0, acked: offset, given: offset, lines_acked: 0 }
    }

    /// The next text comes from `offset` on. What was in flight must be acked.
    pub(crate) fn begin(&mut self, offset: u64) {
        *self = Self { lines_acked: self.lines_acked, ..Self::at(offset) };
    }

    /// These bytes are the next ones.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        let mut from = 0;
        for newline in memchr_iter(b'\n', bytes) {
            self.lengths.push_back(self.open + (newline + 1 - from) as u64);
            (self.open, from) = (0, newline + 1);
        }
        self.open += (bytes.len() - from) as u64;
        self.given += bytes.len() as u64;
    }

    /// The open line ends, with a newline that the text does not have. Returns whether there is one.
    pub(crate) fn end_line(&mut self) -> bool {
        let open = std::mem::take(&mut self.open);
        if open > 0 {
            self.lengths.push_back(open);
        }
        open > 0
    }

    /// So many more lines are acked. False when there are not so many.
    pub(crate) fn ack(&mut self, lines: u64) -> bool {
        let Some(lines) = usize::try_from(lines).ok().filter(|lines| *lines <= self.lengths.len()) else {
            return false;
        };
        self.acked += self.lengths.drain(..lines).sum::<u64>();
        self.lines_acked += lines as u64;
        true
    }

    pub(crate) fn is_full(&self) -> bool {
        self.lengths.len() >= LINES_MAX
    }

    /// True when nothing waits for its ACK. An open line does not.
    pub(crate) fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Where the first byte is that is not acked.
    pub(crate) fn acked(&self) -> u64 {
        self.acked
    }

    /// Where the first byte is that was not given.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// How many lines were acked, of this text and of those before.
    pub(crate) fn lines_acked(&self) -> u64 {
        self.lines_acked
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Flight;

    proptest! {
        #[test]
        fn what_is_acked_always_ends_with_a_line_that_was(
            text in prop::collection::vec(prop_oneof![3 => Just(b'x'), 1 => Just(b'\n')], 0..200),
            cuts in prop::collection::vec((1_usize..20, 0_u64..5), 1..40),
            from in 0_u64..1000,
        ) {
            let (mut flight, mut rest, mut acked) = (Flight::at(from), &text[..], 0);
            for (cut, acks) in cuts.into_iter().cycle().take(400) {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                flight.give(now);
                rest = later;
                let given = &text[..text.len() - rest.len()];
                let whole = given.iter().filter(|byte| **byte == b'\n').count() as u64;
                prop_assert_eq!(flight.ack(acks), acked + acks <= whole);
                acked += if acked + acks <= whole { acks } else { 0 };
                let lines: usize = text.split_inclusive(|byte| *byte == b'\n').take(acked as usize).map(<[u8]>::len).sum();
                prop_assert_eq!(flight.acked(), from + lines as u64);
                prop_assert_eq!(flight.given(), from + given.len() as u64);
                prop_assert_eq!((flight.lines_acked(), flight.is_empty()), (acked, acked == whole));
            }
        }
    }

    #[test]
    fn a_newline_that_the_text_does_not_have_is_no_byte_of_it() {
        let mut flight = Flight::at(0);
        flight.give(b"one\ntwo");
        assert!(flight.end_line() && !flight.end_line());
        assert!(flight.ack(2) && !flight.ack(1));
        assert_eq!((flight.acked(), flight.given()), (7, 7));
        flight.begin(0);
        assert_eq!((flight.acked(), flight.lines_acked()), (0, 2));
    }
}
