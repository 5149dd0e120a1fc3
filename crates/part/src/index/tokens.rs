//! The different tokens of a page.

use std::hash::{BuildHasher, RandomState};

use search::for_each_token_hash;

/// A set of token hashes that is filled and emptied page by page.
///
/// What it owns: a table of hashes, at most half full, and their list. What bounds it: the text of a page, which has at
/// most half as many tokens as bytes. It keeps its memory.
pub(crate) struct Tokens {
    table: Vec<u64>,
    all: Vec<u64>,
    text_bytes: usize,
    /// Unknown outside, so that no peer can send tokens that all meet in one slot.
    spread: u64,
}

/// In the table it marks a free slot, so it cannot be in there itself.
const FREE: u64 = 0;

impl Tokens {
    pub(crate) fn new() -> Self {
        let spread = RandomState::new().hash_one(0u8) | 1;
        Self { table: vec![FREE; 1 << 12], all: Vec::new(), text_bytes: 0, spread }
    }

    /// Adds those of a text.
    pub(crate) fn add(&mut self, text: &str) {
        self.text_bytes += text.len();
        for_each_token_hash(text, |hash| self.insert(hash));
    }

    /// The hashes, each once, in the order in which they first came.
    pub(crate) fn hashes(&self) -> &[u64] {
        &self.all
    }

    /// The length of all texts.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    pub(crate) fn clear(&mut self) {
        self.table.fill(FREE);
        self.all.clear();
        self.text_bytes = 0;
    }

    #[inline]
    fn insert(&mut self, hash: u64) {
        // The free mark's own hash counts as its neighbour's; whoever asks for it does the same.
        let hash = stored(hash);
        let mask = self.table.len() - 1;
        let mut slot = (hash.wrapping_mul(self.spread) >> 32) as usize & mask;
        loop {
            match self.table[slot] {
                FREE => break,
                there if there == hash => return,
                _ => slot = (slot + 1) & mask,
            }
        }
        self.table[slot] = hash;
        self.all.push(hash);
        if self.all.len() * 2 > self.table.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        self.table = vec![FREE; self.table.len() * 4];
        let mask = self.table.len() - 1;
        for hash in &self.all {
            let mut slot = (hash.wrapping_mul(self.spread) >> 32) as usize & mask;
            while self.table[slot] != FREE {
                slot = (slot + 1) & mask;
            }
            self.table[slot] = *hash;
        }
    }
}

/// A token's hash as filters hold it.
pub(crate) fn stored(hash: u64) -> u64 {
    if hash == FREE { 1 } else { hash }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use search::{token_hash, tokens};

    use super::{Tokens, stored};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn each_token_once(pages in prop::collection::vec(prop::collection::vec("[a-fA-F0-9 ]{0,80}", 0..60), 1..4)) {
            let mut set = Tokens::new();
            for page in pages {
                set.clear();
                page.iter().for_each(|text| set.add(text));
                let expected: BTreeSet<u64> =
                    page.iter().flat_map(|text| tokens(text)).map(|token| stored(token_hash(&token))).collect();
                prop_assert_eq!(set.hashes().len(), expected.len());
                prop_assert_eq!(set.hashes().iter().copied().collect::<BTreeSet<_>>(), expected);
                prop_assert_eq!(set.text_bytes(), page.iter().map(String::len).sum::<usize>());
            }
        }
    }

    #[test]
    fn grows_with_its_page() {
        let mut set = Tokens::new();
        (0..50_000).for_each(|number| set.add(&format!("t{number} t{}", number / 2)));
        assert_eq!(set.hashes().len(), 50_000);
    }
}
