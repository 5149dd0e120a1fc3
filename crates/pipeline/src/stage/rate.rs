use std::collections::HashMap;

use record::{Batch, Record, Value};

use super::digest::Digests;
use super::{BadStage, RateKey, RateLimit};

/// So many keys are remembered in each of two generations, 48 bytes each: 6 MB.
const KEYS: usize = 65_536;
const RATE_MAX: u32 = 1_000_000_000;
/// What one record takes from a bucket: a microsecond adds one for each record that may go on in a second.
const RECORD: i64 = 1_000_000;

/// [`RateLimit`] at work: a bucket of tokens for each key, filled by the time at which lines were received.
///
/// Owns the buckets of the keys of late. One that was not needed while [`KEYS`] others were is forgotten, and its key begins with a
/// full bucket again: what is forgotten lets more go on, never less.
#[derive(Debug)]
pub(super) struct Limiter {
    told: RateLimit,
    digests: Digests,
    young: HashMap<u128, Bucket>,
    old: HashMap<u128, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: i64,
    at: i64,
}

pub(super) fn check(told: &RateLimit) -> Result<(), BadStage> {
    let is_good = |number: u32| (1..=RATE_MAX).contains(&number);
    (is_good(told.per_second) && is_good(told.burst)).then_some(()).ok_or(BadStage::Rate { max: RATE_MAX })
}

impl Limiter {
    pub(super) fn new(told: &RateLimit) -> Self {
        Self { told: told.clone(), digests: Digests::default(), young: HashMap::new(), old: HashMap::new() }
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        batch.retain(|record| self.goes_on(record));
    }

    /// Forgets what was seen.
    pub(super) fn forget(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    fn goes_on(&mut self, record: Record<'_>) -> bool {
        let key = self.key(record);
        let full = i64::from(self.told.burst) * RECORD;
        let now = record.received();
        let known = self.young.get(&key).copied().or_else(|| self.old.remove(&key));
        let mut bucket = known.unwrap_or(Bucket { tokens: full, at: now });
        // A clock that goes back fills nothing.
        let passed = now.saturating_sub(bucket.at).max(0);
        let filled = passed.saturating_mul(i64::from(self.told.per_second));
        bucket.tokens = bucket.tokens.saturating_add(filled).min(full);
        bucket.at = bucket.at.max(now);
        let goes_on = bucket.tokens >= RECORD;
        bucket.tokens -= if goes_on { RECORD } else { 0 };
        if self.young.len() >= KEYS && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, bucket);
        goes_on
    }

    fn key(&self, record: Record<'_>) -> u128 {
        match &self.told.key {
            RateKey::All => 0,
            RateKey::Source => self.digests.of(record.source()),
            RateKey::Peer => self.digests.of((record.source(), record.peer())),
            RateKey::Field(name) => match record.field(name) {
                None => 0,
                Some(Value::Str(text)) => self.digests.of((1, text)),
                Some(Value::Int(number)) => self.digests.of((2, number)),
                Some(Value::Time(micros)) => self.digests.of((3, micros)),
                Some(Value::Bool(value)) => self.digests.of((4, value)),
                Some(Value::Float(number)) => self.digests.of((5, number.to_bits())),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position, Value};

    use super::{KEYS, Limiter, RateKey, RateLimit, check};

    fn limit(key: RateKey, per_second: u32, burst: u32) -> RateLimit {
        RateLimit { key, per_second, burst }
    }

    fn push(batch: &mut Batch, received: u64, peer: &str) {
        let (position, received, flags) = (Position(received), Micros(received), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer, bytes: b"x", flags });
    }

    #[test]
    fn each_key_has_its_own_bucket() {
        let mut limiter = Limiter::new(&limit(RateKey::Peer, 1, 2));
        let mut batch = Batch::new();
        for (at, peer) in
            [(0, "a"), (0, "a"), (0, "a"), (0, "b"), (999_999, "a"), (1_000_000, "a"), (1_000_001, "a")]
        {
            push(&mut batch, at, peer);
        }
        limiter.apply(&mut batch);
        let kept: Vec<_> = batch.iter().map(|record| (record.received(), record.peer())).collect();
        assert_eq!(kept, [(0, "a"), (0, "a"), (0, "b"), (1_000_000, "a")]);
    }

    #[test]
    fn records_without_the_field_share_a_bucket() {
        let mut limiter = Limiter::new(&limit(RateKey::Field("user".to_owned()), 1, 1));
        let mut batch = Batch::new();
        (0..5).for_each(|_| push(&mut batch, 0, "a"));
        batch.set_field(0, "user", Value::Str("1"));
        batch.set_field(1, "user", Value::Int(1));
        batch.set_field(2, "user", Value::Str("1"));
        limiter.apply(&mut batch);
        assert_eq!(batch.iter().map(|record| record.fields().len()).collect::<Vec<_>>(), [1, 1, 0]);
        assert!(check(&limit(RateKey::All, 0, 1)).is_err() && check(&limit(RateKey::All, 1, 1)).is_ok());
    }

    #[test]
    fn many_keys_take_no_more_memory() {
        let mut limiter = Limiter::new(&limit(RateKey::Peer, 1, 1));
        let mut batch = Batch::new();
        for peer in 0..2 * KEYS + 10 {
            batch.clear();
            push(&mut batch, 0, &peer.to_string());
            limiter.apply(&mut batch);
            assert_eq!(batch.len(), 1);
        }
        assert!(limiter.young.len() <= KEYS && limiter.old.len() <= KEYS);
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_what_came_since(
            gaps in proptest::collection::vec(0..400_000_u64, 1..80), per_second in 1..20_u32, burst in 1..6_u32,
        ) {
            let mut limiter = Limiter::new(&limit(RateKey::All, per_second, burst));
            let (mut batch, mut at) = (Batch::new(), 0);
            for gap in gaps {
                at += gap;
                push(&mut batch, at, "a");
            }
            limiter.apply(&mut batch);
            let kept: Vec<i64> = batch.iter().map(record::Record::received).collect();
            prop_assert!(!kept.is_empty());
            for (first, from) in kept.iter().enumerate() {
                for (last, to) in kept.iter().enumerate().skip(first) {
                    let allowed = i64::from(burst) * 1_000_000 + (to - from) * i64::from(per_second);
                    prop_assert!((last - first + 1) as i64 * 1_000_000 <= allowed);
                }
            }
        }
    }
}
