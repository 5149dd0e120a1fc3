//! Times as numbers.

/// 1973-03-03 in seconds, and the least number that is taken for a time: smaller ones mostly count something.
const LEAST: i64 = 100_000_000;
/// Seconds are below, milliseconds at or above: the year 5138, and 1973-03-03.
const MILLIS_FROM: i64 = 100_000_000_000;
const MICROS_FROM: i64 = 100_000_000_000_000;
const NANOS_FROM: i64 = 100_000_000_000_000_000;

/// A number of seconds, milli-, micro- or nanoseconds.
pub(crate) fn from_int(number: i64) -> Option<i64> {
    match number.checked_abs()? {
        ..LEAST => None,
        LEAST..MILLIS_FROM => Some(number * 1_000_000),
        MILLIS_FROM..MICROS_FROM => Some(number * 1000),
        MICROS_FROM..NANOS_FROM => Some(number),
        NANOS_FROM.. => Some(number.div_euclid(1000)),
    }
}

/// As [`from_int`], with a fraction.
pub(crate) fn from_float(number: f64) -> Option<i64> {
    let magnitude = number.abs();
    let micros = if magnitude < LEAST as f64 {
        return None;
    } else if magnitude < MILLIS_FROM as f64 {
        number * 1e6
    } else if magnitude < MICROS_FROM as f64 {
        number * 1e3
    } else if magnitude < NANOS_FROM as f64 {
        number
    } else if magnitude < i64::MAX as f64 {
        number / 1e3
    } else {
        return None;
    };
    Some(micros.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::{from_float, from_int};

    #[test]
    fn each_magnitude_is_the_same_moment() {
        let micros = 1_700_000_000_123_456;
        assert_eq!(from_int(1_700_000_000), Some(1_700_000_000_000_000));
        assert_eq!(from_int(1_700_000_000_123), Some(1_700_000_000_123_000));
        assert_eq!(from_int(micros), Some(micros));
        assert_eq!(from_int(1_700_000_000_123_456_789), Some(micros));
        assert_eq!(from_float(1_700_000_000.123456), Some(micros));
        assert_eq!(from_float(1_700_000_000_123.456), Some(micros));
        assert_eq!(from_float(1_700_000_000_123_456.0), Some(micros));
        assert_eq!(from_float(1.7000000001234567e18), Some(micros + 1));
        assert_eq!(from_int(-1_700_000_000), Some(-1_700_000_000_000_000));
    }

    #[test]
    fn numbers_that_count_something_else_are_no_times() {
        assert_eq!(from_int(0), None);
        assert_eq!(from_int(99_999_999), None);
        assert_eq!(from_int(i64::MIN), None);
        assert_eq!(from_int(i64::MAX), Some(i64::MAX / 1000));
        assert_eq!(from_float(0.25), None);
        assert_eq!(from_float(1e300), None);
    }
}
