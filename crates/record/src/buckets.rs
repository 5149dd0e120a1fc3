use std::time::Duration;

/// Bounds for times, in microseconds.
pub const TIME_BOUNDS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    30_000_000,
];

/// Bounds for sizes, in bytes.
pub const SIZE_BOUNDS: [u64; 8] =
    [1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20];

/// How long things took.
pub type Times = Buckets<14>;

/// How large things were.
pub type Sizes = Buckets<8>;

/// How many values there were up to each of some bounds, and their sum: a histogram as Prometheus has it. Of fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets<const N: usize> {
    counts: [u64; N],
    total: u64,
    sum: u64,
}

impl<const N: usize> Default for Buckets<N> {
    fn default() -> Self {
        Self { counts: [0; N], total: 0, sum: 0 }
    }
}

impl<const N: usize> Buckets<N> {
    /// Counts a value. The bounds ascend, and are always the same.
    pub fn count(&mut self, bounds: &[u64; N], value: u64) {
        if let Some(count) = self.counts.get_mut(bounds.partition_point(|bound| *bound < value)) {
            *count += 1;
        }
        self.total += 1;
        self.sum = self.sum.saturating_add(value);
    }

    /// Each bound with the number of values that it is not exceeded by.
    pub fn up_to<'a>(&'a self, bounds: &'a [u64; N]) -> impl Iterator<Item = (u64, u64)> + 'a {
        bounds.iter().zip(&self.counts).scan(0, |sum, (bound, count)| {
            *sum += count;
            Some((*bound, *sum))
        })
    }

    /// How many values there were.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Their sum.
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

impl Times {
    /// Counts something that took so long.
    pub fn took(&mut self, time: Duration) {
        self.count(&TIME_BOUNDS, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }
}

impl Sizes {
    /// Counts something of so many bytes.
    pub fn was(&mut self, bytes: u64) {
        self.count(&SIZE_BOUNDS, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Buckets, TIME_BOUNDS, Times};

    #[test]
    fn each_value_counts_for_all_bounds_that_it_does_not_exceed() {
        let (mut buckets, bounds) = (Buckets::default(), [10, 20, 30]);
        [5, 10, 11, 30, 31, u64::MAX].iter().for_each(|value| buckets.count(&bounds, *value));
        assert_eq!(buckets.up_to(&bounds).collect::<Vec<_>>(), [(10, 2), (20, 3), (30, 4)]);
        assert_eq!((buckets.total(), buckets.sum()), (6, u64::MAX));
    }

    #[test]
    fn times_are_counted_in_microseconds() {
        let mut times = Times::default();
        times.took(Duration::from_millis(3));
        times.took(Duration::MAX);
        let counted: Vec<u64> = times.up_to(&TIME_BOUNDS).map(|(_, count)| count).collect();
        assert_eq!(counted, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    }
}
