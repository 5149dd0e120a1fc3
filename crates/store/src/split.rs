//! Rows in memory become the rows of parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use arrow_select::filter::filter_record_batch;
use part::columns::{SOURCE, TIME};

use crate::place::{HOUR_MICROS, Place};

/// The most hours that get a part of their own.
const HOURS_MAX: usize = 16;
/// And only those that have at least one row of so many.
const SHARE: usize = 64;
/// Apart from the first ones, only those with so many rows.
const MANY: usize = 1024;
const FIRST: usize = 4;

/// The rows of one part, not sorted yet.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) place: Place,
    pub(crate) batches: Vec<RecordBatch>,
}

/// A source with limits of its own, by its place in the list of them, or all others; and the hour of the event time.
type Key = (Option<usize>, i64);

/// The same, without an hour for the rest.
type Home = (Option<usize>, Option<i64>);

/// Splits rows into those of parts: one for each hour that has many of them, at most 16, of which those beyond the
/// fourth have 1024 rows or more; and one for the rest. Rows of the sources in `apart` are split off first, so there
/// may be one rest more for each of these.
pub(crate) fn split(batches: &[RecordBatch], apart: &BTreeSet<String>) -> Result<Vec<Group>, ArrowError> {
    let keys = batches.iter().map(|batch| keys_of(batch, apart)).collect::<Result<Vec<_>, _>>()?;
    let homes = homes(&keys);
    let mut groups: BTreeMap<Home, (Vec<RecordBatch>, (i64, i64))> = BTreeMap::new();
    for (batch, keys) in batches.iter().zip(&keys) {
        let home = |key: &Key| -> Home { (key.0, homes.contains(key).then_some(key.1)) };
        let here: BTreeSet<_> = runs(keys).map(|key| home(&key)).collect();
        for group in &here {
            let mine = |key: &&Key| home(key) == *group;
            let rows = if here.len() == 1 {
                batch.clone()
            } else {
                let keep: BooleanArray = keys.iter().map(|key| Some(mine(&key))).collect();
                filter_record_batch(batch, &keep)?
            };
            let (all, hours) = groups.entry(*group).or_insert_with(|| (Vec::new(), (i64::MAX, i64::MIN)));
            all.push(rows);
            for key in keys.iter().filter(mine) {
                *hours = (hours.0.min(key.1), hours.1.max(key.1));
            }
        }
    }
    let place = |hours: (i64, i64)| {
        Place::spanning(hours.0.saturating_mul(HOUR_MICROS), hours.1.saturating_mul(HOUR_MICROS))
    };
    Ok(groups.into_values().map(|(batches, hours)| Group { place: place(hours), batches }).collect())
}

fn keys_of(batch: &RecordBatch, apart: &BTreeSet<String>) -> Result<Vec<Key>, ArrowError> {
    let wrong = || ArrowError::SchemaError(format!("columns `{TIME}` and `{SOURCE}` are needed"));
    let time = batch.column_by_name(TIME).and_then(|all| all.as_primitive_opt::<TimestampMicrosecondType>());
    let source = batch.column_by_name(SOURCE).and_then(|all| all.as_string_view_opt());
    let (time, source) = (time.ok_or_else(wrong)?, source.ok_or_else(wrong)?);
    let numbers: HashMap<&str, usize> = apart.iter().map(String::as_str).zip(0..).collect();
    let class = |row: usize| if numbers.is_empty() { None } else { numbers.get(source.value(row)).copied() };
    let hours = time.values().iter().map(|time| time.div_euclid(HOUR_MICROS));
    Ok(hours.enumerate().map(|(row, hour)| (class(row), hour)).collect())
}

/// The hours that get a part: those with the most rows; of equal ones the latest.
fn homes(keys: &[Vec<Key>]) -> BTreeSet<Key> {
    let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
    let mut total = 0;
    for keys in keys {
        for run in keys.chunk_by(|one, other| one == other) {
            *counts.entry(run[0]).or_default() += run.len();
        }
        total += keys.len();
    }
    let mut counts: Vec<(usize, Key)> = counts.into_iter().map(|(key, count)| (count, key)).collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let many = counts.into_iter().take(HOURS_MAX).enumerate().take_while(|(nth, (count, _))| {
        count.saturating_mul(SHARE) >= total && (*nth < FIRST || *count >= MANY)
    });
    many.map(|(_, (_, key))| key).collect()
}

/// The keys, without repetitions of neighbours.
fn runs(keys: &[Key]) -> impl Iterator<Item = Key> {
    keys.chunk_by(|one, other| one == other).map(|run| run[0])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::split;
    use crate::place::{HOUR_MICROS, Place};
    use crate::tests::rows::{batch_of, positions};

    const YEAR_2100: i64 = 4_102_444_800_000_000;

    /// The places of the groups with how many rows each has. Each row is in exactly one.
    fn places(rows: &[(u64, i64, &str)], apart: &[&str]) -> Vec<(Place, usize)> {
        let batches: Vec<_> = rows.chunks(100).map(batch_of).collect();
        let apart: BTreeSet<String> = apart.iter().map(|source| (*source).to_owned()).collect();
        let groups = split(&batches, &apart).unwrap();
        let mut all: Vec<u64> = groups.iter().flat_map(|group| &group.batches).flat_map(positions).collect();
        all.sort_unstable();
        assert_eq!(all, rows.iter().map(|(position, ..)| *position).collect::<Vec<_>>());
        let rows = |batches: &[arrow_array::RecordBatch]| {
            batches.iter().map(arrow_array::RecordBatch::num_rows).sum()
        };
        groups.iter().map(|group| (group.place, rows(&group.batches))).collect()
    }

    #[test]
    fn hours_with_many_rows_get_a_part() {
        let rows: Vec<_> = (0..400).map(|n| (n as u64 + 1, n / 200 * HOUR_MICROS, "a")).collect();
        assert_eq!(places(&rows, &[]), [(Place::Hour(0), 200), (Place::Hour(1), 200)]);
    }

    #[test]
    fn far_times_and_scattered_ones_give_few_parts() {
        let mut rows: Vec<_> = (0..10_000).map(|n| (n as u64 + 1, n * 7 * HOUR_MICROS, "a")).collect();
        assert_eq!(places(&rows, &[]), [(Place::Scattered, 10_000)]);
        rows.extend((0..10_000).map(|n| (n as u64 + 10_001, [0, YEAR_2100][n as usize % 2], "b")));
        let places = places(&rows, &[]);
        assert_eq!(places.len(), 3, "{places:?}");
        assert!(places.contains(&(Place::Hour(YEAR_2100 / HOUR_MICROS), 5000)));
        assert!(places.contains(&(Place::Hour(0), 5001)));
    }

    #[test]
    fn a_few_scattered_rows_give_few_parts() {
        let rows: Vec<_> = (0..16).map(|n| (n as u64 + 1, n * 50 * HOUR_MICROS, "a")).collect();
        let places = places(&rows, &[]);
        assert_eq!((places.len(), places[0]), (5, (Place::Scattered, 12)));
    }

    #[test]
    fn the_rest_of_one_day_lies_in_that_day() {
        let hours = (0..1000).map(|n| if n < 990 { 30 } else { 24 + n % 5 });
        let rows: Vec<_> =
            hours.enumerate().map(|(n, hour)| (n as u64 + 1, hour * HOUR_MICROS, "a")).collect();
        assert_eq!(places(&rows, &[]), [(Place::Day(1), 10), (Place::Hour(30), 990)]);
    }

    #[test]
    fn sources_with_limits_of_their_own_lie_apart() {
        let rows: Vec<_> = (0..300).map(|n| (n + 1, 5, ["a", "b", "c"][n as usize % 3])).collect();
        assert_eq!(places(&rows, &["b", "z"]), [(Place::Hour(0), 200), (Place::Hour(0), 100)]);
    }
}
