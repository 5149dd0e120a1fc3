use std::time::Duration;

/// When a worker that ended may be started again. Without a clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, max: Duration) -> Self {
        Self { first, max, failures: 0 }
    }

    /// It has done something: the next failure is the first one.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How long to wait after one more failure. `chance`, from 0 to 1, moves it down by up to a half, so that many do not start
    /// together.
    pub(crate) fn failed(&mut self, chance: f64) -> Duration {
        let wait = self.first.saturating_mul(1 << self.failures.min(20)).min(self.max);
        self.failures += 1;
        wait.mul_f64(1.0 - chance / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn it_doubles_up_to_the_bound_until_something_works() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        let waits: Vec<u128> = (0..4).map(|_| backoff.failed(0.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 350, 350]);
        backoff.succeeded();
        assert_eq!(backoff.failed(1.0).as_millis(), 50);
    }
}
