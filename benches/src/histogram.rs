//! Latencies, counted in buckets.

/// Buckets per doubling: a value is known to 1/64, 1.6 %.
const PER_DOUBLING: u64 = 64;
/// Values of 2^40 ns (18 minutes) and more share the last bucket.
const BUCKETS: usize = 35 * 64;

/// Counts of nanoseconds, exact below 64 ns and to 1.6 % up to 18 minutes. Owns 18 KiB, whatever it has counted.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], max: 0 }
    }
}

impl Histogram {
    /// Counts one value.
    pub fn record(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.max = self.max.max(nanoseconds);
    }

    /// How many values were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The largest value, exact.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// The value that a share of `quantile` (0 to 1) of all values does not exceed, rounded up to its bucket's end;
    /// 0 when nothing was counted.
    pub fn quantile(&self, quantile: f64) -> u64 {
        let rank = (quantile * self.count() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return last_of(index).min(self.max);
            }
        }
        self.max
    }

    /// The buckets that are not empty as `(index, count)`, to be given to [`Histogram::add`] elsewhere.
    pub fn buckets(&self) -> Vec<(usize, u64)> {
        self.counts.iter().copied().enumerate().filter(|(_, count)| *count > 0).collect()
    }

    /// Adds `count` values of another histogram's bucket `index`. An index out of range counts as the last.
    pub fn add(&mut self, index: usize, count: u64) {
        self.counts[index.min(BUCKETS - 1)] += count;
    }

    /// Raises the largest value, for a histogram that is put together with [`Histogram::add`].
    pub fn raise_max(&mut self, nanoseconds: u64) {
        self.max = self.max.max(nanoseconds);
    }
}

fn bucket(value: u64) -> usize {
    if value < PER_DOUBLING {
        return value as usize;
    }
    let shift = u64::from(value.ilog2()) - 6;
    let index = (shift + 1) * PER_DOUBLING + (value >> shift) - PER_DOUBLING;
    usize::try_from(index).map_or(BUCKETS - 1, |index| index.min(BUCKETS - 1))
}

fn last_of(index: usize) -> u64 {
    let index = index as u64;
    if index < PER_DOUBLING {
        return index;
    }
    let shift = index / PER_DOUBLING - 1;
    ((index % PER_DOUBLING + PER_DOUBLING + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_to_one_part_in_64() {
        for value in
            (0..10_000).chain((14..40).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 12_345]))
        {
            let last = last_of(bucket(value));
            assert!(last >= value && last - value <= value / 64, "{value} was put below {last}");
        }
        assert_eq!(bucket((1 << 40) - 1), BUCKETS - 1);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_are_those_of_the_sorted_values() {
        let mut histogram = Histogram::default();
        for value in (1..=1000_u64).rev() {
            histogram.record(value * 1000);
        }
        assert_eq!(histogram.count(), 1000);
        assert_eq!(histogram.max(), 1_000_000);
        for (quantile, exact) in [(0.5, 500_000_u64), (0.99, 990_000), (1.0, 1_000_000)] {
            let value = histogram.quantile(quantile);
            assert!(value >= exact && value <= exact + exact / 64, "{quantile}: {value}");
        }
        assert_eq!(Histogram::default().quantile(0.99), 0);
    }

    #[test]
    fn put_together_from_buckets_it_is_the_same() {
        let mut histogram = Histogram::default();
        for value in [3, 80, 80, 1_000_000] {
            histogram.record(value);
        }
        let mut copy = Histogram::default();
        for (index, count) in histogram.buckets() {
            copy.add(index, count);
        }
        copy.raise_max(histogram.max());
        assert_eq!((copy.counts, copy.max), (histogram.counts, histogram.max));
    }
}
