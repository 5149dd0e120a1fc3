use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub(crate) const HOUR_MICROS: i64 = 3_600_000_000;
pub(crate) const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// What readers of hive directories take for null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Where a part lies: in the directory of an hour, of a day, or in the one for rows of many days. Shown as that
/// directory's name below `logs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum Place {
    /// So many hours since 1970-01-01T00:00Z.
    Hour(i64),
    /// So many days since 1970-01-01.
    Day(i64),
    Scattered,
}

impl Place {
    /// The narrowest that holds both times, in microseconds since 1970. Years that have no four digits have no place
    /// of their own.
    pub(crate) fn spanning(from: i64, to: i64) -> Self {
        let (hour, day) = (from.div_euclid(HOUR_MICROS), from.div_euclid(DAY_MICROS));
        if date(day).is_none() || day != to.div_euclid(DAY_MICROS) {
            Self::Scattered
        } else if hour == to.div_euclid(HOUR_MICROS) {
            Self::Hour(hour)
        } else {
            Self::Day(day)
        }
    }

    /// The day it belongs to.
    pub(crate) fn day(self) -> Option<i64> {
        match self {
            Self::Hour(hour) => Some(hour.div_euclid(24)),
            Self::Day(day) => Some(day),
            Self::Scattered => None,
        }
    }

    /// When it is over, in microseconds since 1970.
    pub(crate) fn end(self) -> Option<i64> {
        match self {
            Self::Hour(hour) => Some((hour + 1).saturating_mul(HOUR_MICROS)),
            Self::Day(day) => Some((day + 1).saturating_mul(DAY_MICROS)),
            Self::Scattered => None,
        }
    }

    /// Its directory, below `logs`.
    pub(crate) fn dir(self) -> PathBuf {
        self.to_string().into()
    }
}

fn date(day: i64) -> Option<Date> {
    let time = Timestamp::from_second(day.checked_mul(86_400)?).ok()?;
    let date = TimeZone::UTC.to_datetime(time).date();
    (date.year() >= 0).then_some(date)
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.day().and_then(date), self) {
            (Some(date), Self::Hour(hour)) => write!(f, "date={date}/hour={:02}", hour.rem_euclid(24)),
            (Some(date), _) => write!(f, "date={date}/hour={NULL}"),
            (None, _) => write!(f, "date={NULL}/hour={NULL}"),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl TryFrom<String> for Place {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no place of a part");
        let (date, hour) = text.split_once('/').ok_or_else(wrong)?;
        let date = date.strip_prefix("date=").ok_or_else(wrong)?;
        let hour = hour.strip_prefix("hour=").ok_or_else(wrong)?;
        if date == NULL && hour == NULL {
            return Ok(Self::Scattered);
        }
        let date: Date = date.parse().map_err(|_| wrong())?;
        let midnight = date.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp();
        let day = midnight.as_second().div_euclid(86_400);
        if hour == NULL {
            return Ok(Self::Day(day));
        }
        let hour: i64 = hour.parse().map_err(|_| wrong())?;
        if (0..24).contains(&hour) { Ok(Self::Hour(day * 24 + hour)) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY_MICROS, HOUR_MICROS, Place};

    #[test]
    fn the_narrowest_directory() {
        let name = |from, to| Place::spanning(from, to).to_string();
        assert_eq!(name(0, HOUR_MICROS - 1), "date=1970-01-01/hour=00");
        assert_eq!(name(-1, -1), "date=1969-12-31/hour=23");
        assert_eq!(name(4_102_444_800_000_000, 4_102_444_800_000_000), "date=2100-01-01/hour=00");
        assert_eq!(name(0, HOUR_MICROS), "date=1970-01-01/hour=__HIVE_DEFAULT_PARTITION__");
        let scattered = "date=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__";
        for (from, to) in [(0, DAY_MICROS), (i64::MIN, i64::MIN), (i64::MAX, i64::MAX), (i64::MIN, i64::MAX)]
        {
            assert_eq!(name(from, to), scattered);
        }
    }

    #[test]
    fn a_name_is_read_as_it_was_written() {
        for place in
            [Place::Hour(-1), Place::Hour(490_000), Place::Day(20_000), Place::Day(-7), Place::Scattered]
        {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for wrong in ["", "date=2026-01-01", "date=2026-01-01/hour=24", "date=x/hour=01", "a/b"] {
            assert!(wrong.parse::<Place>().is_err(), "{wrong}");
        }
    }
}
