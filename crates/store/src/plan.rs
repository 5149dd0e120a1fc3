//! Which parts become one.

use std::collections::BTreeMap;

use crate::place::{DAY_MICROS, HOUR_MICROS, Place};

/// So long after its end an hour is over: rows that were received in it are in parts by then.
const HOUR_GRACE: i64 = HOUR_MICROS / 12;
/// So long after its end a day is over.
const DAY_GRACE: i64 = HOUR_MICROS;
/// Parts of like size: up to this factor.
const TIER: u64 = 8;
/// All smaller parts are of like size, in bytes.
const LEAST: u64 = 64 << 10;
/// A part is written again only together with others that have a quarter of its bytes.
const WORTH: u64 = 4;
/// The most parts that are merged at once: each that overlaps the others in time has rows in memory.
pub(crate) const INPUTS_MAX: usize = 16;
/// When more parts than this are smaller than [`TINY`], they are merged across days.
const TINY_MAX: usize = 1000;
const TINY: u64 = 4 << 20;
/// And so many at once: lying in different days, few of them are in memory together.
const TINY_INPUTS: usize = 64;

/// What is to be known of a part to plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: u64,
    pub(crate) place: Place,
    /// Parts of different classes stay apart.
    pub(crate) class: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    /// Its earliest event time, in microseconds since 1970.
    pub(crate) from: i64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) merge_parts: usize,
    pub(crate) bytes_max: u64,
    pub(crate) rows_max: u64,
}

/// Parts that become one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merge {
    pub(crate) ids: Vec<u64>,
    pub(crate) place: Place,
}

/// The next merge, the one that makes the most parts one, or `None` when there is nothing to do.
///
/// Within an hour, parts of like size are merged when there are `merge_parts` of them; those that are left are merged
/// when the hour is over, and the hours of a day when the day is over, up to the largest size for a part. A large
/// part is written again only together with others worth it, so each row is written about once for every factor of 8
/// between a flush and a day, and a few rows that come late do not cause a day to be rewritten.
pub(crate) fn next_merge(all: &[Candidate], now: i64, rules: &Rules) -> Option<Merge> {
    let mut buckets: BTreeMap<(Option<&str>, Place), Vec<&Candidate>> = BTreeMap::new();
    for part in all.iter().filter(|part| rules.may_grow(part)) {
        buckets.entry((part.class.as_deref(), bucket(part, now))).or_default().push(part);
    }
    let merges = buckets.into_iter().filter_map(|((_, place), parts)| {
        let ids = if is_over(place, now) { left_over(parts, rules) } else { of_like_size(&parts, rules) }?;
        Some(Merge { ids, place })
    });
    merges.max_by_key(|merge| merge.ids.len()).or_else(|| too_many_tiny(all))
}

impl Rules {
    fn may_grow(&self, part: &Candidate) -> bool {
        part.bytes <= self.bytes_max / 2 && part.rows <= self.rows_max / 2
    }
}

/// Where a part is merged: in its hour, or in its day when that is over.
fn bucket(part: &Candidate, now: i64) -> Place {
    match part.place.day().map(Place::Day) {
        Some(day) if is_over(day, now) => day,
        _ => part.place,
    }
}

fn is_over(place: Place, now: i64) -> bool {
    let grace = if matches!(place, Place::Day(_)) { DAY_GRACE } else { HOUR_GRACE };
    place.end().is_some_and(|end| end.saturating_add(grace) <= now)
}

fn of_like_size(parts: &[&Candidate], rules: &Rules) -> Option<Vec<u64>> {
    let mut tiers: BTreeMap<u32, Vec<&Candidate>> = BTreeMap::new();
    for part in parts {
        tiers.entry(part.bytes.max(LEAST).ilog(TIER)).or_default().push(part);
    }
    let ready = tiers.into_values().find(|tier| tier.len() >= rules.merge_parts.max(2))?;
    chosen(ready.into_iter().take(INPUTS_MAX.max(rules.merge_parts)), rules)
}

/// Of parts next to each other in time, as many as become a part of the largest size; of those the small ones, as long
/// as each is worth to be written again.
fn left_over(mut parts: Vec<&Candidate>, rules: &Rules) -> Option<Vec<u64>> {
    parts.sort_by_key(|part| (part.from, part.id));
    let mut rest = &parts[..];
    let mut best: Option<Vec<u64>> = None;
    while !rest.is_empty() {
        let run = fitting(rest, rules).max(1);
        let (one, others) = rest.split_at(run);
        let found = worth_it(one.to_vec());
        if found.as_ref().map(Vec::len) > best.as_ref().map(Vec::len) {
            best = found;
        }
        rest = others;
    }
    best
}

fn worth_it(mut run: Vec<&Candidate>) -> Option<Vec<u64>> {
    run.sort_by_key(|part| (part.bytes, part.id));
    run.truncate(INPUTS_MAX);
    let mut smaller = 0;
    let mut count = 0;
    for (nth, part) in run.iter().enumerate() {
        if nth > 0 && part.bytes <= WORTH.saturating_mul(smaller) {
            count = nth + 1;
        }
        smaller += part.bytes;
    }
    (count >= 2).then(|| run[..count].iter().map(|part| part.id).collect())
}

/// Times all over the calendar, a few rows each: bounded at the price of their own directories.
fn too_many_tiny(all: &[Candidate]) -> Option<Merge> {
    let mut classes: BTreeMap<Option<&str>, Vec<&Candidate>> = BTreeMap::new();
    for part in all.iter().filter(|part| part.bytes < TINY) {
        classes.entry(part.class.as_deref()).or_default().push(part);
    }
    let mut tiny = classes.into_values().find(|tiny| tiny.len() > TINY_MAX)?;
    tiny.sort_by_key(|part| (part.bytes, part.id));
    let ids = tiny.iter().take(TINY_INPUTS).map(|part| part.id).collect();
    Some(Merge { ids, place: Place::Scattered })
}

/// As many of the first ones as fit in a part.
fn chosen<'a>(parts: impl Iterator<Item = &'a Candidate>, rules: &Rules) -> Option<Vec<u64>> {
    let parts: Vec<&Candidate> = parts.collect();
    let fitting = fitting(&parts, rules);
    (fitting >= 2).then(|| parts[..fitting].iter().map(|part| part.id).collect())
}

fn fitting(parts: &[&Candidate], rules: &Rules) -> usize {
    let (mut bytes, mut rows) = (0, 0);
    let fits = parts.iter().take_while(|part| {
        (bytes, rows) = (bytes + part.bytes, rows + part.rows);
        bytes <= rules.bytes_max && rows <= rules.rows_max
    });
    fits.count()
}

const _: () = assert!(DAY_GRACE < DAY_MICROS && HOUR_GRACE < HOUR_MICROS);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Candidate, Merge, Rules, TINY_MAX, next_merge};
    use crate::place::{DAY_MICROS, HOUR_MICROS, Place};

    const RULES: Rules = Rules { merge_parts: 8, bytes_max: 1 << 30, rows_max: 8 << 20 };

    /// A table of parts of which only sizes are known.
    #[derive(Default)]
    struct Table {
        parts: BTreeMap<u64, Candidate>,
        next: u64,
        flushed: u64,
        written: u64,
    }

    impl Table {
        fn flush(&mut self, place: Place, bytes: u64) {
            let from = place.end().unwrap_or(0) - 1;
            self.add(place, bytes, bytes / 500, from);
            self.flushed += bytes;
        }

        fn add(&mut self, place: Place, bytes: u64, rows: u64, from: i64) {
            let part = Candidate { id: self.next, place, class: None, bytes, rows, from };
            self.parts.insert(self.next, part);
            self.next += 1;
            self.written += bytes;
        }

        fn merge_all(&mut self, now: i64) {
            let all = |table: &Self| table.parts.values().cloned().collect::<Vec<_>>();
            while let Some(Merge { ids, place }) = next_merge(&all(self), now, &RULES) {
                assert!(ids.len() > 1);
                let inputs: Vec<Candidate> = ids.iter().map(|id| self.parts.remove(id).unwrap()).collect();
                let bytes: u64 = inputs.iter().map(|part| part.bytes).sum();
                assert!(bytes <= RULES.bytes_max);
                let from = inputs.iter().map(|part| part.from).min().unwrap();
                self.add(place, bytes, inputs.iter().map(|part| part.rows).sum(), from);
            }
        }
    }

    #[test]
    fn an_hour_a_day_and_the_next() {
        let mut table = Table::default();
        for hour in 0..48 {
            for minute in 0..60 {
                table.flush(Place::Hour(hour), 1 << 20);
                table.merge_all(hour * HOUR_MICROS + minute * HOUR_MICROS / 60);
                assert!(table.parts.len() < 60, "{}", table.parts.len());
            }
        }
        table.merge_all(2 * DAY_MICROS + HOUR_MICROS);
        let places: Vec<Place> = table.parts.values().map(|part| part.place).collect();
        let mut days = places.clone();
        days.sort_unstable();
        assert!(days.iter().all(|place| matches!(place, Place::Day(_))), "{places:?}");
        // A day has 1440 MiB, a part at most 1024.
        assert!(places.len() <= 6, "{places:?}");
        let amplification = table.written as f64 / table.flushed as f64;
        assert!(amplification < 6.0, "{amplification}");
    }

    #[test]
    fn few_late_rows_do_not_rewrite_a_day() {
        let mut table = Table::default();
        table.add(Place::Day(0), 400 << 20, 1 << 20, 0);
        table.written = 0;
        for minute in 0..2000 {
            table.flush(Place::Hour(5), 20 << 10);
            table.merge_all(3 * DAY_MICROS + minute * HOUR_MICROS / 60);
            assert!(table.parts.len() < 12, "{}", table.parts.len());
        }
        let amplification = table.written as f64 / table.flushed as f64;
        assert!(amplification < 20.0, "{amplification}");
    }

    #[test]
    fn times_all_over_the_calendar_stay_bounded() {
        let mut table = Table::default();
        for flush in 0..300 {
            // Far in the past, and far ahead of the clock.
            for n in 0..8 {
                table.flush(Place::Hour((flush * 7919 + n * 104_729) % 1_100_000), 5000);
            }
            table.merge_all(20_000 * DAY_MICROS);
        }
        assert!(table.parts.len() <= TINY_MAX + 8, "{}", table.parts.len());
        assert!(table.written < 20 * table.flushed);
    }

    #[test]
    fn parts_of_different_classes_stay_apart() {
        let part = |id, class: Option<&str>| Candidate {
            id,
            place: Place::Hour(0),
            class: class.map(str::to_owned),
            bytes: 100,
            rows: 1,
            from: 0,
        };
        let parts = [part(1, None), part(2, Some("a")), part(3, None), part(4, Some("b"))];
        let merge = next_merge(&parts, DAY_MICROS, &RULES).unwrap();
        assert_eq!(merge, Merge { ids: vec![1, 3], place: Place::Hour(0) });
        assert_eq!(
            next_merge(&[parts[0].clone(), parts[1].clone(), parts[3].clone()], i64::MAX, &RULES),
            None
        );
    }

    #[test]
    fn large_parts_are_left_alone() {
        let part = |id, bytes, rows| Candidate {
            id,
            place: Place::Hour(id as i64),
            class: None,
            bytes,
            rows,
            from: 0,
        };
        let parts = [part(1, 600 << 20, 1), part(2, 1, 5 << 20), part(3, 1 << 20, 5)];
        assert_eq!(next_merge(&parts, 5 * DAY_MICROS, &RULES), None);
    }
}
