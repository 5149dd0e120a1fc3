/// Counts the ACKs in what the other end answers, however it is cut into reads: the side of whoever sends lines.
#[derive(Clone, Debug)]
pub struct Answers {
    ack: Box<[u8]>,
    /// Bytes of the next ACK that have come; less than a whole one.
    matched: usize,
}

/// What some bytes of answers were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// ACKs that they completed.
    pub acks: u64,
    /// A byte that is no part of an ACK came behind those. What followed it was not looked at.
    pub wrong: bool,
}

impl Answers {
    /// Of a collector that answers `ack` to each line.
    ///
    /// # Panics
    /// When `ack` is empty.
    pub fn new(ack: &[u8]) -> Self {
        assert!(!ack.is_empty(), "an ACK has a byte at least");
        Self { ack: ack.into(), matched: 0 }
    }

    /// A new connection: what came of an ACK over the last one counts for nothing.
    pub fn begin(&mut self) {
        self.matched = 0;
    }

    /// Takes the next bytes. After a wrong one there is nothing to go on with but [`Answers::begin`].
    pub fn count(&mut self, bytes: &[u8]) -> Answered {
        let mut acks = 0;
        for byte in bytes {
            if *byte != self.ack[self.matched] {
                return Answered { acks, wrong: true };
            }
            self.matched += 1;
            if self.matched == self.ack.len() {
                (self.matched, acks) = (0, acks + 1);
            }
        }
        Answered { acks, wrong: false }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answered, Answers};

    #[test]
    fn acks_are_counted_wherever_they_are_cut() {
        let bytes = b"ACK\n".repeat(5);
        for cut in 0..=bytes.len() {
            let mut answers = Answers::new(b"ACK\n");
            let (first, second) = bytes.split_at(cut);
            let (first, second) = (answers.count(first), answers.count(second));
            assert_eq!((first.acks, first.wrong), (cut as u64 / 4, false));
            assert_eq!((second.acks, second.wrong), (5 - cut as u64 / 4, false));
        }
    }

    #[test]
    fn those_before_a_wrong_byte_hold_and_a_new_connection_begins_anew() {
        let mut answers = Answers::new(b"ACK\n");
        assert_eq!(answers.count(b"ACK\nACK\nNAK\n"), Answered { acks: 2, wrong: true });
        answers.begin();
        assert_eq!(answers.count(b"ACK\nAC"), Answered { acks: 1, wrong: false });
        answers.begin();
        assert_eq!(answers.count(b"ACK\n"), Answered { acks: 1, wrong: false });
        assert_eq!(answers.count(b"ACK\r\n"), Answered { acks: 0, wrong: true });
    }
}
