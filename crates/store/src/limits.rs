//! What may be dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use part::Summary;

use crate::{Options, Retention};

/// What is kept, of which source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) retention: Retention,
    pub(crate) sources: BTreeMap<String, Retention>,
    pub(crate) disk_free_min: u64,
}

/// Why a part was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    Age,
    Bytes,
    FreeDisk,
}

impl Limits {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            retention: options.retention.clone(),
            sources: options.source_retention.clone(),
            disk_free_min: options.disk_free_min,
        }
    }

    /// The source that a part has to itself because it has limits of its own.
    pub(crate) fn class<'a>(&self, summary: &'a Summary) -> Option<&'a str> {
        let mut sources = summary.sources.keys();
        match (sources.next(), sources.next()) {
            (Some(source), None) if self.sources.contains_key(source) => Some(source),
            _ => None,
        }
    }

    /// The least of all limits in bytes.
    pub(crate) fn bytes_min(&self) -> Option<u64> {
        self.sources.values().chain([&self.retention]).filter_map(|retention| retention.bytes).min()
    }

    /// How long rows of this source are kept.
    fn age(&self, source: &str) -> Option<Duration> {
        self.sources.get(source).and_then(|own| own.age).or(self.retention.age)
    }

    /// The number of bytes that bounds this source, and the source when it is its own.
    fn bytes<'a>(&self, source: &'a str) -> (Option<&'a str>, Option<u64>) {
        match self.sources.get(source).and_then(|own| own.bytes) {
            Some(bytes) => (Some(source), Some(bytes)),
            None => (None, self.retention.bytes),
        }
    }

    /// True when the age of all its rows is over.
    pub(crate) fn too_old(&self, summary: &Summary, now: i64) -> bool {
        summary.sources.keys().all(|source| {
            let age = self.age(source).map(|age| i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
            age.is_some_and(|age| summary.received.1 < now.saturating_sub(age))
        })
    }

    /// The parts that go, in the order in which they go: by age, then by bytes, then, the oldest first, until
    /// `missing` bytes are free. A part goes when the limits of all its sources allow it. `now` is in microseconds
    /// since 1970. Parts for which `uploaded` is true free nothing on this disk.
    pub(crate) fn choose(
        &self,
        parts: &[(u64, &Summary)],
        now: i64,
        missing: u64,
        uploaded: impl Fn(u64) -> bool,
    ) -> Vec<(u64, Reason)> {
        let mut left = parts.to_vec();
        left.sort_by_key(|(id, summary)| (summary.received.1, *id));
        let mut gone = Vec::new();
        left.retain(|(id, summary)| {
            let goes = self.too_old(summary, now);
            gone.extend(goes.then_some((*id, Reason::Age)));
            !goes
        });
        let mut taken = self.taken(&left);
        left.retain(|(id, summary)| {
            let over = |source: &String| {
                let (pool, limit) = self.bytes(source);
                limit.is_some_and(|limit| taken.get(&pool).is_some_and(|taken| *taken > u128::from(limit)))
            };
            let goes = summary.sources.keys().all(over);
            if goes {
                gone.push((*id, Reason::Bytes));
                for (pool, bytes) in self.shares(summary) {
                    taken.entry(pool).and_modify(|taken| *taken = taken.saturating_sub(bytes));
                }
            }
            !goes
        });
        let mut freed: u64 =
            gone.iter().filter(|(id, _)| !uploaded(*id)).filter_map(|(id, _)| bytes_of(parts, *id)).sum();
        for (id, summary) in left.into_iter().filter(|(id, _)| !uploaded(*id)) {
            if freed >= missing {
                break;
            }
            freed += summary.bytes;
            gone.push((id, Reason::FreeDisk));
        }
        gone
    }

    /// The bytes that count for each limit.
    fn taken<'a>(&self, parts: &[(u64, &'a Summary)]) -> BTreeMap<Option<&'a str>, u128> {
        let mut taken = BTreeMap::new();
        for (pool, bytes) in parts.iter().flat_map(|(_, summary)| self.shares(summary)) {
            *taken.entry(pool).or_default() += bytes;
        }
        taken
    }

    /// A part's bytes, by the rows of its sources.
    fn shares<'a>(&self, summary: &'a Summary) -> impl Iterator<Item = (Option<&'a str>, u128)> {
        summary.sources.iter().map(|(source, rows)| {
            let share = u128::from(summary.bytes) * u128::from(*rows) / u128::from(summary.rows.max(1));
            (self.bytes(source).0, share)
        })
    }
}

fn bytes_of(parts: &[(u64, &Summary)], id: u64) -> Option<u64> {
    parts.iter().find(|(other, _)| *other == id).map(|(_, summary)| summary.bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use part::Summary;

    use super::{Limits, Reason};
    use crate::Retention;
    use crate::tests::rows::summary;

    /// A part that was received at this second, of so many bytes, with one row of each source.
    fn part(received: i64, bytes: u64, sources: &[&str]) -> Summary {
        let sources = sources.iter().map(|source| ((*source).to_owned(), 1)).collect();
        Summary { bytes, received: (0, received * 1_000_000), ..summary(sources) }
    }

    fn chosen(limits: &Limits, parts: &[Summary], now: i64, missing: u64) -> Vec<(u64, Reason)> {
        let parts: Vec<(u64, &Summary)> = (1..).zip(parts).collect();
        limits.choose(&parts, now * 1_000_000, missing, |_| false)
    }

    fn kept(age: Option<u64>, bytes: Option<u64>) -> Retention {
        Retention { age: age.map(Duration::from_secs), bytes }
    }

    #[test]
    fn without_limits_all_stays() {
        let parts = [part(0, 1 << 40, &["a"]), part(1, 1 << 40, &["b"])];
        assert_eq!(chosen(&Limits::default(), &parts, 1 << 30, 0), []);
    }

    #[test]
    fn age_then_bytes_then_free_disk() {
        let limits = Limits { retention: kept(Some(100), Some(25)), ..Limits::default() };
        let parts = [
            part(50, 10, &["a"]),
            part(200, 10, &["a"]),
            part(210, 10, &["a"]),
            part(220, 10, &["a"]),
            part(230, 10, &["a"]),
        ];
        use Reason::{Age, Bytes, FreeDisk};
        assert_eq!(chosen(&limits, &parts, 151, 0), [(1, Age), (2, Bytes), (3, Bytes)]);
        // What goes anyway counts for the free disk.
        assert_eq!(chosen(&limits, &parts, 151, 30), [(1, Age), (2, Bytes), (3, Bytes)]);
        assert_eq!(chosen(&limits, &parts, 151, 31), [(1, Age), (2, Bytes), (3, Bytes), (4, FreeDisk)]);
    }

    #[test]
    fn what_is_on_object_storage_does_not_go_for_the_free_disk() {
        let parts = [part(10, 10, &["a"]), part(20, 10, &["a"]), part(30, 10, &["a"])];
        let parts: Vec<(u64, &Summary)> = (1..).zip(&parts).collect();
        let go = |limits: &Limits, missing| limits.choose(&parts, 0, missing, |id| id < 3);
        assert_eq!(go(&Limits::default(), 15), [(3, Reason::FreeDisk)]);
        // What goes anyway frees nothing here.
        let limits = Limits { retention: kept(None, Some(25)), ..Limits::default() };
        assert_eq!(go(&limits, 5), [(1, Reason::Bytes), (3, Reason::FreeDisk)]);
    }

    #[test]
    fn a_part_goes_when_all_its_sources_may() {
        let mut limits = Limits { retention: kept(Some(100), None), ..Limits::default() };
        limits.sources.insert("long".to_owned(), kept(Some(1000), None));
        limits.sources.insert("small".to_owned(), kept(None, Some(15)));
        let parts = [
            part(0, 10, &["short", "long"]),
            part(0, 10, &["short"]),
            part(160, 10, &["small"]),
            part(170, 10, &["small"]),
            part(165, 10, &["small", "short"]),
        ];
        assert_eq!(chosen(&limits, &parts, 200, 0), [(2, Reason::Age), (3, Reason::Bytes)]);
        assert_eq!(
            chosen(&limits, &parts, 1001, 0).len(),
            5,
            "the short age is over for all, the long one too"
        );
    }

    #[test]
    fn a_time_of_receipt_before_all_or_behind_all_is_no_trouble() {
        let limits = Limits { retention: kept(Some(u64::MAX), None), ..Limits::default() };
        assert_eq!(chosen(&limits, &[part(0, 1, &["a"])], i64::MAX / 1_000_000, 0), []);
        assert_eq!(chosen(&limits, &[part(0, 1, &["a"])], i64::MIN / 1_000_000, 0), []);
    }
}
