use std::hash::{BuildHasher, RandomState};

/// Slots, a power of two.
const SLOTS: usize = 4096;

/// What was last seen of each peer.
///
/// What bounds it: it has a fixed number of slots, and a peer whose slot another one needs is forgotten. So an answer may be that of
/// nobody, and can only be a guess.
#[derive(Debug)]
pub(crate) struct Recent<T> {
    hasher: RandomState,
    slots: Vec<Option<(u32, T)>>,
}

impl<T: Copy> Default for Recent<T> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), slots: vec![None; SLOTS] }
    }
}

impl<T: Copy> Recent<T> {
    pub(crate) fn get(&self, peer: &str) -> Option<T> {
        let (slot, tag) = self.place(peer);
        self.slots[slot].filter(|(other, _)| *other == tag).map(|(_, value)| value)
    }

    pub(crate) fn set(&mut self, peer: &str, value: T) {
        let (slot, tag) = self.place(peer);
        self.slots[slot] = Some((tag, value));
    }

    fn place(&self, peer: &str) -> (usize, u32) {
        let hash = self.hasher.hash_one(peer);
        (hash as usize % SLOTS, (hash >> 32) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Recent, SLOTS};

    #[test]
    fn it_tells_what_was_last_and_does_not_grow() {
        let mut recent = Recent::default();
        assert_eq!(recent.get("a"), None);
        recent.set("a", 1);
        recent.set("a", 2);
        assert_eq!(recent.get("a"), Some(2));
        for peer in 0..100_000 {
            recent.set(&peer.to_string(), peer);
            assert_eq!(recent.get(&peer.to_string()), Some(peer));
        }
        assert_eq!(recent.slots.len(), SLOTS);
    }
}
