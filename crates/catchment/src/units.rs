//! Sizes and durations as people write them: `64 MiB`, `10s`. One spelling for the configuration file, the
//! command line and the messages.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// A number of bytes. Written as a whole number, alone or with one of `B`, `KiB`, `MiB`, `GiB` and `TiB`
/// (powers of 1024), with or without one space between them; shown with the largest unit that leaves a whole
/// number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bytes(pub(crate) u64);

/// A duration. Written as a whole number and one of `us`, `ms`, `s`, `m`, `h` and `d`, with nothing between
/// them; shown with the largest unit that leaves a whole number. Parts of a microsecond are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Period(pub(crate) Duration);

/// Why a text is not a size.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum BytesError {
    /// Not a whole number and a unit.
    #[error("not a size: write a whole number and B, KiB, MiB, GiB or TiB, such as `64 MiB`")]
    Malformed,
    /// More than 2^64 - 1 bytes.
    #[error("too large: at most 16777215 TiB can be written")]
    TooLarge,
}

/// Why a text is not a duration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub(crate) enum PeriodError {
    /// Not a whole number and a unit.
    #[error("not a duration: write a whole number and us, ms, s, m, h or d, such as `10s`")]
    Malformed,
    /// More than 2^64 - 1 microseconds.
    #[error("too large: at most 213503982d can be written")]
    TooLarge,
}

/// The units in bytes, the largest first.
const BYTES_UNITS: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// The units in microseconds, the largest first.
const PERIOD_UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1000),
    ("us", 1),
];

impl FromStr for Bytes {
    type Err = BytesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, unit) = split_unit(text);
        let unit = unit.strip_prefix(' ').filter(|unit| !unit.is_empty()).unwrap_or(unit);
        let unit = if unit.is_empty() { "B" } else { unit };
        let scale = scale_of(digits, unit, &BYTES_UNITS).ok_or(BytesError::Malformed)?;
        scaled(digits, scale).map(Self).ok_or(BytesError::TooLarge)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, count) = largest_whole(&BYTES_UNITS, self.0, "B");
        write!(f, "{count} {unit}")
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (digits, unit) = split_unit(text);
        let scale = scale_of(digits, unit, &PERIOD_UNITS).ok_or(PeriodError::Malformed)?;
        scaled(digits, scale).map(|micros| Self(Duration::from_micros(micros))).ok_or(PeriodError::TooLarge)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = u64::try_from(self.0.as_micros()).unwrap_or(u64::MAX);
        let (unit, count) = largest_whole(&PERIOD_UNITS, micros, "s");
        write!(f, "{count}{unit}")
    }
}

/// A size that is measured and not chosen, with one decimal.
pub(crate) fn rounded(bytes: u64) -> String {
    let (unit, scale) = BYTES_UNITS.iter().find(|(_, scale)| bytes >= *scale).unwrap_or(&("B", 1));
    if *scale == 1 { format!("{bytes} B") } else { format!("{:.1} {unit}", bytes as f64 / *scale as f64) }
}

fn split_unit(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

/// What one of `unit` is worth; nothing when there is no such unit, or no number before it.
fn scale_of(digits: &str, unit: &str, units: &[(&str, u64)]) -> Option<u64> {
    let known = units.iter().find(|(name, _)| !digits.is_empty() && *name == unit);
    known.map(|(_, scale)| *scale)
}

/// The product, or nothing when it does not fit. `digits` holds nothing but digits.
fn scaled(digits: &str, scale: u64) -> Option<u64> {
    digits.parse::<u64>().ok()?.checked_mul(scale)
}

/// The largest unit that divides `amount`, and how many of it there are. Zero is zero of every unit: it is
/// shown in the one named `zero`.
fn largest_whole(units: &[(&'static str, u64)], amount: u64, zero: &'static str) -> (&'static str, u64) {
    let whole = units.iter().find(|(_, scale)| amount != 0 && amount.is_multiple_of(*scale));
    whole.map_or((zero, amount), |(unit, scale)| (unit, amount / scale))
}

#[cfg(test)]
mod tests {
    use super::{Bytes, BytesError, Period, PeriodError};
    use std::time::Duration;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("0", 0),
            ("1024", 1024),
            ("1024 B", 1024),
            ("64 KiB", 64 << 10),
            ("64KiB", 64 << 10),
            ("1 MiB", 1 << 20),
            ("20 GiB", 20 << 30),
            ("16777215 TiB", 16_777_215 << 40),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_size() {
        for text in [
            "",
            " ",
            "MiB",
            " 1",
            "1 ",
            "1  KiB",
            "1 KiB ",
            "1 kib",
            "1 KB",
            "1 M",
            "1.5 GiB",
            "-1",
            "+1",
            "1_000",
            "0x10",
            "1\tKiB",
            "1 MiB 2",
            "\u{661} MiB",
        ] {
            assert_eq!(text.parse::<Bytes>(), Err(BytesError::Malformed), "{text:?}");
        }
        for text in ["18446744073709551616", "16777216 TiB", "99999999999999999999999 KiB"] {
            assert_eq!(text.parse::<Bytes>(), Err(BytesError::TooLarge), "{text:?}");
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_whole_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (1, "1 B"),
            (1024, "1 KiB"),
            (1536, "1536 B"),
            (64 << 20, "64 MiB"),
            (1 << 40, "1 TiB"),
            (5 << 50, "5120 TiB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn durations() {
        for (text, micros) in [
            ("0s", 0),
            ("250us", 250),
            ("500ms", 500_000),
            ("10s", 10_000_000),
            ("2m", 120_000_000),
            ("1h", 3_600_000_000),
            ("30d", 2_592_000_000_000),
        ] {
            assert_eq!(text.parse(), Ok(Period(Duration::from_micros(micros))), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration() {
        for text in
            ["", "10", "s", "10 s", " 10s", "10s ", "10S", "10sec", "1.5s", "-1s", "+1s", "1m30s", "0"]
        {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::Malformed), "{text:?}");
        }
        for text in ["18446744073709551616s", "213503983d"] {
            assert_eq!(text.parse::<Period>(), Err(PeriodError::TooLarge), "{text:?}");
        }
        assert!("213503982d".parse::<Period>().is_ok());
    }

    #[test]
    fn durations_are_shown_in_the_largest_whole_unit() {
        for (duration, text) in [
            (Duration::ZERO, "0s"),
            (Duration::from_micros(1500), "1500us"),
            (Duration::from_millis(1500), "1500ms"),
            (Duration::from_secs(60), "1m"),
            (Duration::from_secs(90), "90s"),
            (Duration::from_secs(86_400), "1d"),
        ] {
            assert_eq!(Period(duration).to_string(), text);
        }
    }

    #[test]
    fn what_is_shown_reads_back() {
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..2000 {
            let amount = random.u64(..) >> random.u32(..64);
            assert_eq!(Bytes(amount).to_string().parse(), Ok(Bytes(amount)));
            let period = Period(Duration::from_micros(amount));
            assert_eq!(period.to_string().parse(), Ok(period));
        }
    }
}
