//! A file of the simulated disk: what it holds, and what of that a crash leaves.

use std::collections::BTreeSet;

/// What is written to the platter at once, or not at all.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    pub(super) now: Vec<u8>,
    pub(super) durable: Vec<u8>,
    /// Sectors written since the last sync.
    pub(super) dirty: BTreeSet<usize>,
    /// Sectors that a failed sync left neither dirty nor durable.
    pub(super) lost: BTreeSet<usize>,
}

impl Contents {
    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        self.now[offset..end].copy_from_slice(bytes);
        for sector in offset / SECTOR..=(end - 1) / SECTOR {
            self.dirty.insert(sector);
            self.lost.remove(&sector);
        }
    }

    pub(super) fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.keep(sector);
        }
    }

    fn keep(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let to = self.now.len().min(from + SECTOR);
        if self.durable.len() < to {
            self.durable.resize(to, 0);
        }
        self.durable[from..to].copy_from_slice(&self.now[from..to]);
    }

    pub(super) fn after_crash(&self, odds: u64, random: &mut Random) -> Self {
        let mut after = self.clone();
        for sector in std::mem::take(&mut after.dirty) {
            let keep = match odds {
                0 => true,
                1 => false,
                _ => random.below(2) == 0,
            };
            if keep {
                after.keep(sector);
            }
        }
        after.lost.clear();
        after.now.clone_from(&after.durable);
        after
    }
}

/// SplitMix64: small, and the same on every machine.
#[derive(Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
