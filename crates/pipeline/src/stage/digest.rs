use std::hash::{BuildHasher, Hash, RandomState};

/// Two hashes of a text under keys that nobody knows: two texts of which one could be taken for the other are not found by chance,
/// nor on purpose.
#[derive(Clone, Debug, Default)]
pub(super) struct Digests {
    high: RandomState,
    low: RandomState,
}

impl Digests {
    pub(super) fn of(&self, value: impl Hash + Copy) -> u128 {
        u128::from(self.high.hash_one(value)) << 64 | u128::from(self.low.hash_one(value))
    }
}
