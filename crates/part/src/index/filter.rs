//! What tokens a page's messages hold: a small set that may say yes to what it does not hold, never no to what it does.
//!
//! ```text
//! filter   0 kind   0: no token at all   1: Bloom   2: binary fuse
//! Bloom    1 hash functions   2.. bits, the lowest bit of a byte first
//! fuse     1 seed 8   9 segment length 4   13 its mask 4   17 length of all segments but two 4   21.. fingerprints
//! ```

use xorf::{BinaryFuse8, BinaryFuse8Ref, DmaSerializable, Filter as _, FilterRef};

const NOTHING: u8 = 0;
const BLOOM: u8 = 1;
const FUSE: u8 = 2;

/// A Bloom filter with so many bits for each token errs as rarely as a fuse filter: 4 times in a thousand.
const BLOOM_BITS: usize = 12;
/// With fewer it says yes more often than once in ten times, and is not worth its bytes.
const BLOOM_BITS_MIN: usize = 5;
/// Smaller sets are not worth a fuse filter's segments.
const FUSE_MIN: usize = 64;
const DESCRIPTOR: usize = <BinaryFuse8 as DmaSerializable>::DESCRIPTOR_LEN;

/// A filter for these hashes, all different, in at most `budget` bytes: binary fuse or Bloom, whichever is smaller.
/// `None` when none is worth that budget.
pub(crate) fn build(hashes: &[u64], budget: usize) -> Option<Vec<u8>> {
    if hashes.is_empty() {
        return Some(vec![NOTHING]);
    }
    let bloom_bytes = 2 + (hashes.len() * BLOOM_BITS).div_ceil(8);
    if hashes.len() >= FUSE_MIN
        && let Ok(fuse) = BinaryFuse8::try_from(hashes)
        && 1 + DESCRIPTOR + fuse.len() <= bloom_bytes.min(budget)
    {
        let mut bytes = vec![0; 1 + DESCRIPTOR];
        bytes[0] = FUSE;
        fuse.dma_copy_descriptor_to(&mut bytes[1..]);
        bytes.extend_from_slice(fuse.dma_fingerprints());
        return Some(bytes);
    }
    let bytes = bloom_bytes.min(budget);
    let bits_each = bytes.saturating_sub(2) * 8 / hashes.len();
    (bits_each >= BLOOM_BITS_MIN).then(|| bloom(hashes, bytes - 2, bits_each))
}

fn bloom(hashes: &[u64], bytes: usize, bits_each: usize) -> Vec<u8> {
    // The best number of functions is bits for each token times ln 2.
    let functions = (bits_each * 69 / 100).clamp(1, 8) as u8;
    let mut filter = vec![0; 2 + bytes];
    (filter[0], filter[1]) = (BLOOM, functions);
    for hash in hashes {
        for bit in bits(*hash, functions, bytes * 8) {
            filter[2 + bit / 8] |= 1 << (bit % 8);
        }
    }
    filter
}

/// The bits of a hash: double hashing with its halves.
fn bits(hash: u64, functions: u8, of: usize) -> impl Iterator<Item = usize> {
    let (low, high) = (hash as u32, (hash >> 32) as u32 | 1);
    (0..u32::from(functions)).map(move |nth| {
        let mixed = low.wrapping_add(nth.wrapping_mul(high));
        ((u64::from(mixed) * of as u64) >> 32) as usize
    })
}

/// A filter as stored.
pub(crate) enum Filter<'a> {
    Nothing,
    Bloom(u8, &'a [u8]),
    Fuse(BinaryFuse8Ref<'a>),
}

impl<'a> Filter<'a> {
    /// `None` when the bytes are no filter.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            NOTHING => Some(Self::Nothing),
            BLOOM => {
                let (functions, bits) = rest.split_first()?;
                (!bits.is_empty()).then_some(Self::Bloom(*functions, bits))
            }
            FUSE => {
                let (descriptor, fingerprints) = rest.split_at_checked(DESCRIPTOR)?;
                let number = |at: usize| {
                    let bytes = descriptor.get(at..at + 4)?;
                    Some(u64::from(u32::from_le_bytes(bytes.try_into().ok()?)))
                };
                let (segment, mask, most) = (number(8)?, number(12)?, number(16)?);
                let sound = segment.is_power_of_two()
                    && mask == segment - 1
                    && most > 0
                    && most + 2 * segment <= fingerprints.len() as u64;
                sound.then(|| Self::Fuse(BinaryFuse8Ref::from_dma(descriptor, fingerprints)))
            }
            _ => None,
        }
    }

    /// False only when the page's messages do not hold the token.
    pub(crate) fn may_hold(&self, hash: u64) -> bool {
        match self {
            Self::Nothing => false,
            Self::Bloom(functions, all) => {
                bits(hash, *functions, all.len() * 8).all(|bit| all[bit / 8] & (1 << (bit % 8)) != 0)
            }
            Self::Fuse(fuse) => fuse.contains(&hash),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BLOOM, FUSE, Filter, build};

    fn hashes(seed: u64, count: usize) -> Vec<u64> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut all: Vec<u64> = (0..count).map(|_| random.u64(..)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn never_no_to_what_it_holds(seed: u64, count in 0usize..3000, budget in 0usize..6000) {
            let held = hashes(seed, count);
            if let Some(bytes) = build(&held, budget) {
                prop_assert!(bytes.len() <= budget.max(1));
                let filter = Filter::parse(&bytes).unwrap();
                prop_assert!(held.iter().all(|hash| filter.may_hold(*hash)));
            }
        }

        #[test]
        fn any_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..80), kind in 0u8..4, hash: u64) {
            let bytes: Vec<u8> = [kind].into_iter().chain(bytes).collect();
            if let Some(filter) = Filter::parse(&bytes) {
                filter.may_hold(hash);
            }
        }
    }

    #[test]
    fn rarely_yes_to_what_it_does_not_hold() {
        for (count, budget, kind, per_mille_max) in
            [(20, 1 << 20, 1, 15), (20_000, 1 << 20, 2, 6), (20_000, 15_000, 1, 80)]
        {
            let bytes = build(&hashes(1, count), budget).unwrap();
            assert_eq!(bytes[0], kind, "for {count} in {budget}");
            let filter = Filter::parse(&bytes).unwrap();
            let wrong = hashes(2, 20_000).iter().filter(|hash| filter.may_hold(**hash)).count();
            assert!(wrong <= per_mille_max * 20, "{wrong} of 20000 for {count} in {budget}");
        }
    }

    #[test]
    fn none_that_would_say_yes_to_nearly_all() {
        assert!(build(&hashes(1, 1000), 500).is_none());
        assert!(!Filter::parse(&build(&[], 0).unwrap()).unwrap().may_hold(7));
    }

    /// Filters are in files: what was stored must be read for ever.
    #[test]
    fn stored_filters_are_understood() {
        let held = |count: u64| (1..=count).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let stored: [(u8, u64, &[u8]); 2] =
            [(BLOOM, 64, include_bytes!("testdata/bloom")), (FUSE, 2000, include_bytes!("testdata/fuse"))];
        for (kind, count, bytes) in stored {
            assert_eq!(bytes[0], kind);
            let filter = Filter::parse(bytes).unwrap();
            assert!(held(count).all(|hash| filter.may_hold(hash)));
            assert!(held(10_000).skip(2000).filter(|hash| filter.may_hold(*hash)).count() < 100);
        }
    }
}
