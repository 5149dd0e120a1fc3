use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use record::clock;

use crate::units::Period;

/// A time as people write it, in microseconds since 1970: `2026-11-22T14:00:00Z`, the same without the zone (UTC) or
/// without the time of day, or so long ago, `15m`.
pub(crate) fn parse(option: &str, text: &str) -> Result<i64, String> {
    if let Ok(Period(ago)) = text.parse::<Period>() {
        let now = i64::try_from(clock::wall().0).unwrap_or(i64::MAX);
        return Ok(now - i64::try_from(ago.as_micros()).unwrap_or(now));
    }
    let utc = |time: DateTime| TimeZone::UTC.to_timestamp(time).map(Timestamp::as_microsecond);
    text.parse::<Timestamp>()
        .map(Timestamp::as_microsecond)
        .or_else(|_| text.parse::<DateTime>().and_then(utc))
        .or_else(|_| text.parse::<Date>().and_then(|date| utc(date.to_datetime(jiff::civil::Time::midnight()))))
        .map_err(|_| {
            format!("`{option} {text}`: expected a time like `2026-11-22T14:00:00Z` or `2026-11-22`, or so long ago like `15m`")
        })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times() {
        assert_eq!(parse("--since", "1970-01-01T00:00:01.5Z"), Ok(1_500_000));
        assert_eq!(parse("--since", "1970-01-01T01:00:01+01:00"), Ok(1_000_000));
        assert_eq!(parse("--since", "1970-01-02"), Ok(86_400_000_000));
        assert_eq!(parse("--since", "1970-01-01 00:00:02"), Ok(2_000_000));
        assert!(parse("--since", "1h").unwrap() < parse("--since", "1m").unwrap());
        for wrong in ["", "yesterday", "-1", "2026-13-01"] {
            assert!(parse("--since", wrong).unwrap_err().contains("--since"), "{wrong}");
        }
    }
}
