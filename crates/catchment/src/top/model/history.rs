/// The last rates, the oldest first: what a sparkline shows.
///
/// What bounds it: `N` of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<const N: usize> {
    rates: [f32; N],
    len: usize,
}

impl<const N: usize> Default for History<N> {
    fn default() -> Self {
        Self { rates: [0.0; N], len: 0 }
    }
}

impl<const N: usize> History<N> {
    pub(crate) fn push(&mut self, rate: f64) {
        if self.len == N {
            self.rates.copy_within(1.., 0);
        } else {
            self.len += 1;
        }
        self.rates[self.len - 1] = rate as f32;
    }

    /// The newest of them, at most `most`.
    pub(crate) fn newest(&self, most: usize) -> &[f32] {
        &self.rates[self.len.saturating_sub(most)..self.len]
    }

    /// The mean of the newest, at most `most` of them.
    pub(crate) fn mean(&self, most: usize) -> f64 {
        let newest = self.newest(most);
        newest.iter().copied().map(f64::from).sum::<f64>() / newest.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::History;

    #[test]
    fn it_forgets_the_oldest() {
        let mut history = History::<3>::default();
        assert_eq!((history.newest(9), history.mean(9)), (&[][..], 0.0));
        (1..=4).for_each(|rate| history.push(f64::from(rate)));
        assert_eq!((history.newest(9), history.newest(2)), (&[2.0, 3.0, 4.0][..], &[3.0, 4.0][..]));
        assert_eq!(history.mean(2), 3.5);
    }
}
