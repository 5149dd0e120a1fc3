use std::time::Duration;

/// How long to wait after so many failed attempts before the next one: a random time up to `min` doubled for each earlier failure,
/// and up to `max`. `random` is any number, a new one for each call.
///
/// Exponential backoff with full jitter: Marc Brooker, "Exponential Backoff And Jitter", AWS, 2015.
pub fn backoff(failures: u32, min: Duration, max: Duration, random: u64) -> Duration {
    let ceiling = min.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(max);
    let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(if nanos == 0 { 0 } else { random % nanos })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::backoff;

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_is_random_below() {
        let (min, max) = (Duration::from_millis(500), Duration::from_secs(60));
        let longest = |failures| backoff(failures, min, max, u64::MAX - 1 - u64::MAX % 7);
        for failures in 0..100 {
            assert!(longest(failures) <= max);
            assert!(backoff(failures, min, max, 12_345) <= Duration::from_nanos(12_345));
        }
        assert!(backoff(0, min, max, u64::MAX) < min);
        assert!((0..1000).map(|n| backoff(3, min, max, n * 7_919_777)).max() > Some(Duration::from_secs(2)));
        assert_eq!(backoff(5, Duration::ZERO, max, 9), Duration::ZERO);
    }
}
