//! The values that most rows have.

use std::collections::HashMap;
use std::hash::RandomState;

use arrow_array::StringViewArray;

use super::codec::{Decoder, put, put_text};

/// The values of one text column that most rows of a part have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopValues {
    /// At most 100, the most frequent first, each with its rows. When not `exact` there may be somewhat more rows.
    pub values: Vec<(String, u64)>,
    /// How many different values there are; when not `exact`, there are more.
    pub distinct: u64,
    /// True when the column had few enough values to count each of them.
    pub exact: bool,
}

/// The most values that are counted at once, and that a part names.
const COUNTED_MAX: usize = 4096;
const NAMED_MAX: usize = 100;
/// A longer value is not counted: it is text to read, not a value to choose.
const LENGTH_MAX: usize = 128;

/// Counts the values of one column.
///
/// What it owns: a table of at most [`COUNTED_MAX`] values of at most [`LENGTH_MAX`] bytes. When that is full, the
/// rarer half is forgotten; when nothing in it is frequent, the column holds ids, and is not counted any more.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    counts: HashMap<Box<str>, u64, RandomState>,
    rows: u64,
    inexact: bool,
    given_up: bool,
}

impl Counter {
    pub(crate) fn add(&mut self, column: &StringViewArray) {
        if self.given_up {
            return;
        }
        // Equal neighbours are counted together: levels, sources and peers mostly are.
        let mut run: Option<(&str, u64)> = None;
        for value in column.iter().flatten() {
            match &mut run {
                Some((same, count)) if *same == value => *count += 1,
                _ => {
                    if let Some((value, count)) = run.replace((value, 1)) {
                        self.count(value, count);
                    }
                }
            }
        }
        if let Some((value, count)) = run {
            self.count(value, count);
        }
    }

    pub(crate) fn finish(self) -> TopValues {
        let distinct =
            if self.inexact { COUNTED_MAX.max(self.counts.len()) } else { self.counts.len() } as u64;
        let mut values: Vec<(String, u64)> =
            self.counts.into_iter().map(|(value, count)| (value.into(), count)).collect();
        values.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(if self.given_up { 0 } else { NAMED_MAX });
        TopValues { values, distinct, exact: !self.inexact }
    }

    fn count(&mut self, value: &str, rows: u64) {
        self.rows += rows;
        if value.len() > LENGTH_MAX {
            self.inexact = true;
            return;
        }
        if let Some(count) = self.counts.get_mut(value) {
            *count += rows;
            return;
        }
        if self.counts.len() == COUNTED_MAX {
            self.forget();
        }
        self.counts.insert(value.into(), rows);
    }

    fn forget(&mut self) {
        self.inexact = true;
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        counts.sort_unstable_by(|a, b| b.cmp(a));
        let frequent: u64 = counts[..NAMED_MAX].iter().sum();
        if frequent < self.rows / 10 {
            self.given_up = true;
            self.counts = HashMap::default();
            return;
        }
        let least = counts[COUNTED_MAX / 2];
        self.counts.retain(|_, count| *count > least);
    }
}

impl TopValues {
    /// True when no row has this value.
    pub(crate) fn excludes(&self, value: &str) -> bool {
        self.exact
            && self.distinct == self.values.len() as u64
            && !self.values.iter().any(|(other, _)| other == value)
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put(out, self.distinct);
        out.push(u8::from(self.exact));
        put(out, self.values.len() as u64);
        for (value, count) in &self.values {
            put_text(out, value);
            put(out, *count);
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Option<Self> {
        let (distinct, exact) = (from.number()?, from.byte()? == 1);
        let values = (0..from.count()?)
            .map(|_| Some((from.text()?.to_owned(), from.number()?)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { values, distinct, exact })
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::StringViewArray;

    use super::{COUNTED_MAX, Counter, Decoder, TopValues};

    fn count(values: impl IntoIterator<Item = Option<String>>) -> TopValues {
        let mut counter = Counter::default();
        let all: Vec<Option<String>> = values.into_iter().collect();
        all.chunks(1000).for_each(|chunk| counter.add(&StringViewArray::from_iter(chunk.iter().cloned())));
        counter.finish()
    }

    #[test]
    fn few_values_are_counted_exactly() {
        let top = count((0..10_000).map(|n| (n % 7 != 0).then(|| format!("v{}", n % 5))));
        assert_eq!((top.distinct, top.exact, top.values.len()), (5, true, 5));
        assert_eq!(top.values.iter().map(|(_, count)| count).sum::<u64>(), 10_000 - 10_000u64.div_ceil(7));
        assert!(top.excludes("v9") && !top.excludes("v3"));
        let mut bytes = Vec::new();
        top.encode(&mut bytes);
        assert_eq!(TopValues::decode(&mut Decoder(&bytes)).as_ref(), Some(&top));
    }

    #[test]
    fn frequent_values_stand_out_of_many() {
        let rare = |n: u64| format!("rare-{n}");
        let top =
            count((0..100_000).map(|n| Some(if n % 3 == 0 { format!("top-{}", n % 4) } else { rare(n) })));
        assert!(!top.exact && top.distinct >= COUNTED_MAX as u64);
        assert!(top.values[..4].iter().all(|(value, count)| value.starts_with("top-") && *count > 8000));
        assert!(!top.excludes("anything"));
    }

    #[test]
    fn ids_have_no_frequent_values() {
        let top = count((0..20_000).map(|n| Some(format!("id-{n}"))));
        assert_eq!((top.values.len(), top.exact), (0, false));
        assert!(!top.excludes("id-19999"));
    }

    #[test]
    fn long_values_make_the_count_inexact() {
        assert!(!count([Some("x".repeat(1000)), Some("y".into())]).excludes("z"));
    }
}
