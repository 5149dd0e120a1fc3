use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use record::clock;

/// An hour of looks, one each second.
const LOOKS_MAX: usize = 3600;

/// How long lines have waited.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ages {
    /// By their positions: since they became durable.
    pub(crate) durable: Looks,
    /// By how many came before them: since they came in.
    pub(crate) received: Looks,
}

/// How long ago a count that only grows passed any value.
///
/// What it owns: the count at the last looks. What bounds it: [`LOOKS_MAX`]; what is older is at least as old as the oldest of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looks(Arc<Mutex<VecDeque<Look>>>);

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Duration,
    count: u64,
}

impl Looks {
    /// It is so many now.
    pub(crate) fn look(&self, count: u64) {
        self.look_at(clock::monotonic(), count);
    }

    fn look_at(&self, at: Duration, count: u64) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the first look at each end tells when it came.
        if looks.back().is_none_or(|last| last.count < count) {
            looks.push_back(Look { at, count });
        }
        if looks.len() > LOOKS_MAX {
            looks.pop_front();
        }
    }

    /// How long ago it passed `value`, about; it is `count` now. None if it has not.
    pub(crate) fn of(&self, value: u64, count: u64) -> Option<f64> {
        self.of_at(clock::monotonic(), value, count)
    }

    fn of_at(&self, now: Duration, value: u64, count: u64) -> Option<f64> {
        if count <= value {
            return None;
        }
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = looks.partition_point(|look| look.count <= value);
        Some(looks.get(behind).map_or(0.0, |look| now.saturating_sub(look.at).as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LOOKS_MAX, Looks};

    #[test]
    fn as_old_as_the_first_look_that_saw_it() {
        let (ages, second) = (Looks::default(), Duration::from_secs);
        for (at, count) in [(1, 0), (2, 100), (3, 100), (4, 200)] {
            ages.look_at(second(at), count);
        }
        let of = |value, count| ages.of_at(second(10), value, count);
        assert_eq!([of(0, 300), of(50, 300), of(100, 300)], [Some(8.0), Some(8.0), Some(6.0)]);
        // It came since the last look.
        assert_eq!((of(200, 300), of(300, 300)), (Some(0.0), None));
    }

    #[test]
    fn it_forgets() {
        let ages = Looks::default();
        (0..2 * LOOKS_MAX as u64).for_each(|at| ages.look_at(Duration::from_secs(at), at));
        assert_eq!(ages.0.lock().unwrap().len(), LOOKS_MAX);
    }
}
