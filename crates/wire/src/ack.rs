/// The bytes of one ACK, and many of them in a row, so that a whole commit's ACKs go out in one write.
#[derive(Debug)]
pub struct AckText {
    one: usize,
    many: Box<[u8]>,
}

impl AckText {
    /// How many ACKs one write holds at most.
    const MANY: usize = 4096;

    /// The reply that a source sends for each line.
    ///
    /// # Panics
    /// When `text` is empty or longer than 255 bytes: the configuration refuses both.
    pub fn new(text: &[u8]) -> Self {
        assert!((1..=255).contains(&text.len()), "an ACK has 1 to 255 bytes");
        Self { one: text.len(), many: text.repeat(Self::MANY).into_boxed_slice() }
    }
}

/// The ACKs that a peer is owed: a count, and how much of the first of them was already sent.
///
/// A peer that never reads its ACKs makes the count grow and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acks {
    owed: u64,
    sent_of_first: u8,
}

impl Acks {
    /// That many more lines are durable.
    pub fn owe(&mut self, lines: u64) {
        self.owed += lines;
    }

    /// How many ACKs were not yet sent, or not to their last byte.
    pub fn owed(&self) -> u64 {
        self.owed
    }

    /// True when a part of an ACK was sent: nothing else may be sent before the rest.
    pub fn is_amid(&self) -> bool {
        self.sent_of_first > 0
    }

    /// The bytes to send next; empty when nothing is owed. Call again after [`Self::sent`]: one call gives at most
    /// 4096 ACKs.
    pub fn next<'a>(&self, text: &'a AckText) -> &'a [u8] {
        let whole = usize::try_from(self.owed).unwrap_or(usize::MAX).min(AckText::MANY);
        &text.many[usize::from(self.sent_of_first)..(whole * text.one).max(usize::from(self.sent_of_first))]
    }

    /// The socket took the first `bytes` of [`Self::next`]. Returns how many ACKs are complete with them.
    pub fn sent(&mut self, bytes: usize, text: &AckText) -> u64 {
        let total = usize::from(self.sent_of_first) + bytes;
        let complete = (total / text.one) as u64;
        self.owed -= complete;
        // Less than `one`, which is at most 255.
        self.sent_of_first = (total % text.one) as u8;
        complete
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AckText, Acks};

    proptest! {
        #[test]
        fn whatever_the_socket_takes_the_peer_reads_whole_acks_in_order(
            steps in prop::collection::vec((0_u64..10_000, 0_usize..20_000), 1..50),
            text in "[A-Z]{1,5}\n",
        ) {
            let ack = AckText::new(text.as_bytes());
            let (mut acks, mut wire, mut owed, mut complete) = (Acks::default(), Vec::new(), 0, 0);
            for (durable, takes) in steps {
                acks.owe(durable);
                owed += durable;
                let next = acks.next(&ack);
                let taken = &next[..takes.min(next.len())];
                wire.extend_from_slice(taken);
                complete += acks.sent(taken.len(), &ack);
                prop_assert_eq!(acks.owed(), owed - complete);
                prop_assert_eq!(acks.is_amid(), wire.len() % text.len() > 0);
            }
            while acks.owed() > 0 {
                let next = acks.next(&ack);
                prop_assert!(!next.is_empty());
                wire.extend_from_slice(next);
                acks.sent(next.len(), &ack);
            }
            prop_assert!(acks.next(&ack).is_empty());
            prop_assert_eq!(wire, text.repeat(owed as usize).into_bytes());
        }
    }
}
