use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use record::clock;

/// An hour of looks, one each second.
const LOOKS_MAX: usize = 3600;

/// How long ago lines became durable, by their positions: how long whoever has not read them is behind.
///
/// What it owns: where the journal ended at the last looks. What bounds it: [`LOOKS_MAX`]; what is older is at least as old as the oldest of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ages(Arc<Mutex<VecDeque<Look>>>);

#[derive(Clone, Copy, Debug)]
struct Look {
    at: Duration,
    durable: u64,
}

impl Ages {
    /// Everything up to `durable` is durable now.
    pub(crate) fn look(&self, durable: u64) {
        self.look_at(clock::monotonic(), durable);
    }

    fn look_at(&self, at: Duration, durable: u64) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the first look at each end tells when it came.
        if looks.back().is_none_or(|last| last.durable < durable) {
            looks.push_back(Look { at, durable });
        }
        if looks.len() > LOOKS_MAX {
            looks.pop_front();
        }
    }

    /// How long ago the first line behind `position` became durable, about; `durable` is where the journal ends now.
    pub(crate) fn of(&self, position: u64, durable: u64) -> Option<f64> {
        self.of_at(clock::monotonic(), position, durable)
    }

    fn of_at(&self, now: Duration, position: u64, durable: u64) -> Option<f64> {
        if durable <= position {
            return None;
        }
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let behind = looks.partition_point(|look| look.durable <= position);
        Some(looks.get(behind).map_or(0.0, |look| now.saturating_sub(look.at).as_secs_f64()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Ages, LOOKS_MAX};

    #[test]
    fn as_old_as_the_first_look_that_saw_it() {
        let (ages, second) = (Ages::default(), Duration::from_secs);
        for (at, durable) in [(1, 0), (2, 100), (3, 100), (4, 200)] {
            ages.look_at(second(at), durable);
        }
        let of = |position, durable| ages.of_at(second(10), position, durable);
        assert_eq!([of(0, 300), of(50, 300), of(100, 300)], [Some(8.0), Some(8.0), Some(6.0)]);
        // It came since the last look.
        assert_eq!((of(200, 300), of(300, 300)), (Some(0.0), None));
    }

    #[test]
    fn it_forgets() {
        let ages = Ages::default();
        (0..2 * LOOKS_MAX as u64).for_each(|at| ages.look_at(Duration::from_secs(at), at));
        assert_eq!(ages.0.lock().unwrap().len(), LOOKS_MAX);
    }
}
