//! Times as text.

use jiff::Timestamp;

/// RFC 3339, in microseconds since 1970.
pub(crate) fn parse(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
}

/// RFC 3339 in UTC, to the microsecond. A time that no calendar has is shown as the nearest one that it has.
pub(crate) fn shown(micros: i64) -> String {
    let nearest = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    let time = Timestamp::from_microsecond(micros).unwrap_or(nearest);
    format!("{time:.6}")
}

/// What time it is, in microseconds since 1970.
pub(crate) fn now() -> i64 {
    i64::try_from(record::clock::wall().0).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{parse, shown};

    #[test]
    fn times() {
        assert_eq!(parse("1970-01-01T01:00:01.5+01:00"), Some(1_500_000));
        assert_eq!(shown(1_500_000), "1970-01-01T00:00:01.500000Z");
        assert_eq!(parse("15m"), None);
        assert_eq!(parse("1970-01-01"), None);
        assert_eq!(&shown(i64::MAX)[..4], "9999");
    }
}
