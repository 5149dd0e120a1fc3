use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// What a line's time is held against.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// When the line was received, in microseconds since 1970.
    pub(crate) received: i64,
    /// Where times that name no zone are from.
    pub(crate) zone: TimeZone,
}

impl Clock {
    /// True for 1970 to a day after the line was received.
    pub(crate) fn is_sane(&self, time: i64) -> bool {
        (0..=self.received.saturating_add(DAY)).contains(&time)
    }
}

/// A date and a time of day, as a line has them. They need not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Civil {
    /// `None` when the line does not say it.
    pub(crate) year: Option<i16>,
    pub(crate) month: i8,
    pub(crate) day: i8,
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: i8,
    pub(crate) nanos: i32,
    /// Seconds east of Greenwich. `None` when the line does not say it.
    pub(crate) offset: Option<i32>,
}

impl Civil {
    /// Microseconds since 1970. Without a year it is the last one in which the time is not more than a day ahead of the clock.
    pub(crate) fn resolve(self, clock: &Clock) -> Option<i64> {
        if let Some(year) = self.year {
            return self.micros(year, clock);
        }
        let now = Timestamp::from_microsecond(clock.received).ok()?;
        let latest = Offset::UTC.to_datetime(now).year().checked_add(1)?;
        // A leap day may be up to eight years back.
        (0..=9).filter_map(|back| self.micros(latest - back, clock)).find(|time| clock.is_sane(*time))
    }

    fn micros(self, year: i16, clock: &Clock) -> Option<i64> {
        // A leap second is not in the calendar: it is the end of the one before.
        let (second, nanos) = if self.second == 60 { (59, 999_999_999) } else { (self.second, self.nanos) };
        let time = DateTime::new(year, self.month, self.day, self.hour, self.minute, second, nanos).ok()?;
        let timestamp = match self.offset {
            Some(seconds) => {
                let utc = Offset::UTC.to_timestamp(time).ok()?;
                utc.checked_sub(SignedDuration::from_secs(i64::from(seconds))).ok()?
            }
            None if clock.zone == TimeZone::UTC => Offset::UTC.to_timestamp(time).ok()?,
            None => clock.zone.to_timestamp(time).ok()?,
        };
        // Down, also before 1970.
        i64::try_from(timestamp.as_nanosecond().div_euclid(1000)).ok()
    }
}
