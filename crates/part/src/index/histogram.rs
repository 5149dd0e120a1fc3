use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use record::Level;

use super::codec::{Decoder, put, put_signed};
use crate::columns::{LEVEL, TIME};

/// Rows of each level, by `Level as usize`; the last are those without any.
pub type LevelCounts = [u64; Level::ALL.len() + 1];

/// The place in [`LevelCounts`] of rows without a level.
pub const NO_LEVEL: usize = Level::ALL.len();

const MINUTE: i64 = 60_000_000;

/// How many rows of each level there are in each minute of event time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// By minutes since 1970, rounded down.
    minutes: BTreeMap<i64, LevelCounts>,
}

impl Histogram {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the rows of a batch by its columns `time` and `level`; nothing when it lacks one.
    pub fn count(&mut self, batch: &RecordBatch) {
        let time =
            batch.column_by_name(TIME).and_then(|all| all.as_primitive_opt::<TimestampMicrosecondType>());
        let level = batch.column_by_name(LEVEL).and_then(|all| all.as_string_view_opt());
        if let (Some(time), Some(level)) = (time, level) {
            self.count_columns(time, level);
        }
    }

    /// Adds all that another one counted.
    pub fn add(&mut self, other: &Self) {
        for (minute, counts) in &other.minutes {
            add_to(self.minutes.entry(*minute).or_default(), counts);
        }
    }

    /// The minutes that have any rows, the earliest first, each with its beginning in microseconds since 1970.
    pub fn minutes(&self) -> impl DoubleEndedIterator<Item = (i64, &LevelCounts)> {
        self.minutes.iter().map(|(minute, counts)| (minute.saturating_mul(MINUTE), counts))
    }

    /// The rows of all minutes together.
    pub fn total(&self) -> LevelCounts {
        let mut total = LevelCounts::default();
        self.minutes.values().for_each(|counts| add_to(&mut total, counts));
        total
    }

    /// How many different minutes have rows.
    pub(crate) fn len(&self) -> usize {
        self.minutes.len()
    }

    fn count_columns(&mut self, time: &TimestampMicrosecondArray, level: &StringViewArray) {
        let (mut minute, mut counts) = (i64::MIN, LevelCounts::default());
        for (row, time) in time.values().iter().enumerate() {
            let at = time.div_euclid(MINUTE);
            if at != minute {
                if counts != LevelCounts::default() {
                    add_to(self.minutes.entry(minute).or_default(), &counts);
                }
                (minute, counts) = (at, LevelCounts::default());
            }
            let level = if level.is_null(row) { NO_LEVEL } else { place(level.value(row)) };
            counts[level] += 1;
        }
        if counts != LevelCounts::default() {
            add_to(self.minutes.entry(minute).or_default(), &counts);
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put(out, self.minutes.len() as u64);
        let mut before = 0i64;
        for (minute, counts) in &self.minutes {
            put_signed(out, minute.wrapping_sub(before));
            before = *minute;
            let there = (0..counts.len()).filter(|level| counts[*level] > 0);
            out.push(there.clone().fold(0, |mask, level| mask | 1 << level));
            there.for_each(|level| put(out, counts[level]));
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Option<Self> {
        let mut all = Self::default();
        let mut minute = 0i64;
        for _ in 0..from.count()? {
            minute = minute.wrapping_add(from.signed()?);
            let mask = from.byte()?;
            let counts = all.minutes.entry(minute).or_default();
            for level in (0..counts.len()).filter(|level| mask & (1 << level) != 0) {
                counts[level] = from.number()?;
            }
        }
        Some(all)
    }
}

/// The place of a level's rows in [`LevelCounts`]; what is no level counts as none.
pub(crate) fn place(level: &str) -> usize {
    match level {
        "trace" => 0,
        "debug" => 1,
        "info" => 2,
        "notice" => 3,
        "warn" => 4,
        "error" => 5,
        "fatal" => 6,
        _ => NO_LEVEL,
    }
}

fn add_to(counts: &mut LevelCounts, more: &LevelCounts) {
    counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
}

#[cfg(test)]
mod tests {
    use record::Level;

    use super::{Decoder, Histogram, LevelCounts, NO_LEVEL, place};

    #[test]
    fn every_level_has_its_place() {
        for level in Level::ALL {
            assert_eq!(place(level.name()), level as usize);
        }
        assert_eq!(place("loud"), NO_LEVEL);
    }

    #[test]
    fn comes_back_from_its_bytes() {
        let mut all = Histogram::new();
        for (minute, count) in [(-153_722_867_281, 1), (-1, 300), (0, 2), (153_722_867_280, u64::MAX)] {
            let mut counts = LevelCounts::default();
            counts[(count % 7) as usize] = count;
            all.minutes.insert(minute, counts);
        }
        let mut bytes = Vec::new();
        all.encode(&mut bytes);
        assert_eq!(Histogram::decode(&mut Decoder(&bytes)), Some(all));
        assert!((0..bytes.len()).all(|len| Histogram::decode(&mut Decoder(&bytes[..len])).is_none()));
    }
}
