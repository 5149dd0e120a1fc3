//! Counts acks in what a collector sends, however it is cut into reads.

/// Where the collector stands in its answers.
pub(crate) struct AckCounter {
    ack: Box<[u8]>,
    /// Bytes of the next ack that are already there; less than a whole ack.
    matched: usize,
}

/// What some bytes of answers were.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Acks that were completed.
    pub(crate) acks: u64,
    /// A byte that is no part of an ack followed them. Nothing after it was looked at.
    pub(crate) wrong: bool,
}

impl AckCounter {
    /// `ack` is not empty.
    pub(crate) fn new(ack: &[u8]) -> Self {
        Self { ack: ack.into(), matched: 0 }
    }

    pub(crate) fn count(&mut self, bytes: &[u8]) -> Counted {
        let missing = if self.matched == 0 { 0 } else { self.ack.len() - self.matched };
        let (rest_of_ack, whole) = bytes.split_at(missing.min(bytes.len()));
        if !self.ack[self.matched..].starts_with(rest_of_ack) {
            return Counted { acks: 0, wrong: true };
        }
        self.matched += rest_of_ack.len();
        if self.matched < self.ack.len() && missing > 0 {
            return Counted { acks: 0, wrong: false };
        }
        let completed = u64::from(missing > 0);
        self.matched = 0;

        let chunks = whole.chunks_exact(self.ack.len());
        let begun = chunks.remainder();
        let total = chunks.len();
        let right = chunks.take_while(|chunk| **chunk == *self.ack).count();
        let wrong = right < total || !self.ack.starts_with(begun);
        self.matched = begun.len();
        Counted { acks: completed + right as u64, wrong }
    }
}

#[cfg(test)]
mod tests {
    use super::{AckCounter, Counted};
    use proptest::prelude::*;

    #[test]
    fn acks_may_be_cut_anywhere() {
        let answers = b"ACK\n".repeat(5);
        for cut in 0..=answers.len() {
            let mut counter = AckCounter::new(b"ACK\n");
            let (first, second) = answers.split_at(cut);
            let acks = counter.count(first).acks + counter.count(second).acks;
            assert_eq!(acks, 5, "cut at {cut}");
        }
    }

    #[test]
    fn acks_before_a_wrong_byte_count() {
        let count = |bytes: &[u8]| AckCounter::new(b"ACK\n").count(bytes);
        assert_eq!(count(b"ACK\nACK\nNAK\n"), Counted { acks: 2, wrong: true });
        assert_eq!(count(b"ACK\nAX"), Counted { acks: 1, wrong: true });
        assert_eq!(count(b"ACK\nACK\r\n"), Counted { acks: 1, wrong: true });
        let mut counter = AckCounter::new(b"ACK\n");
        assert_eq!(counter.count(b"AC"), Counted { acks: 0, wrong: false });
        assert_eq!(counter.count(b"C"), Counted { acks: 0, wrong: true });
    }

    /// The simplest counter: one byte after the other.
    fn model(ack: &[u8], bytes: &[u8]) -> (u64, bool) {
        let mut acks = 0;
        for (i, byte) in bytes.iter().enumerate() {
            if *byte != ack[i % ack.len()] {
                return (acks, true);
            }
            acks += u64::from(i % ack.len() == ack.len() - 1);
        }
        (acks, false)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn agrees_with_byte_by_byte(
            ack in prop::collection::vec(0u8..3, 1..6),
            count in 0usize..20,
            damage in prop::option::of((any::<prop::sample::Index>(), 0u8..4)),
            cuts in prop::collection::vec(1usize..9, 1..40),
        ) {
            let mut bytes = ack.repeat(count);
            if let (Some((at, byte)), false) = (damage, bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let mut counter = AckCounter::new(&ack);
            let (mut acks, mut wrong, mut rest) = (0, false, &bytes[..]);
            for cut in cuts.iter().cycle() {
                if wrong || rest.is_empty() {
                    break;
                }
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                let counted = counter.count(piece);
                acks += counted.acks;
                wrong = counted.wrong;
                rest = after;
            }
            prop_assert_eq!((acks, wrong), model(&ack, &bytes));
        }
    }
}
