//! Cuts time into stretches with about so many rows each, one after the other from one end.

/// Rows that lie somewhere between two times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) rows: u64,
}

/// Time still to be looked through, from the latest on, or from the earliest on if ascending.
///
/// It guesses that rows are spread evenly between the first and the last of their part. A wrong guess makes a window of
/// another size, never a wrong one: windows touch each other and cover all rows.
#[derive(Debug)]
pub(crate) struct Windows {
    /// In times that are looked through from the latest on: negated if ascending.
    spreads: Vec<Spread>,
    /// The latest time not looked at yet; `None` when there is none left.
    upper: Option<i64>,
    lowest: i64,
    ascending: bool,
}

impl Windows {
    /// All of `spreads` that lies between `from` and `to`, both included.
    pub(crate) fn new(
        spreads: impl IntoIterator<Item = Spread>,
        from: i64,
        to: i64,
        ascending: bool,
    ) -> Self {
        let turn = |spread: Spread| {
            if ascending {
                Spread { from: turned(spread.to), to: turned(spread.from), ..spread }
            } else {
                spread
            }
        };
        let (lowest, latest) = if ascending { (turned(to), turned(from)) } else { (from, to) };
        let spreads: Vec<Spread> =
            spreads.into_iter().map(turn).filter(|it| it.to >= lowest && it.from <= latest).collect();
        let upper = spreads.iter().map(|spread| spread.to.min(latest)).max().filter(|_| lowest <= latest);
        let lowest = spreads.iter().map(|spread| spread.from).min().map_or(lowest, |from| from.max(lowest));
        Self { spreads, upper, lowest, ascending }
    }

    /// The next window with about `rows` rows: its first and its last time. The window is taken by [`Windows::took`].
    pub(crate) fn next(&self, rows: u64) -> Option<(i64, i64)> {
        let upper = self.upper?;
        let (mut low, mut high) = (self.lowest, upper);
        // The latest start with enough rows behind it lies between `low` and `high`.
        while low < high {
            let middle = low.midpoint(high).max(low + 1);
            if self.guess(middle, upper) >= rows as f64 { low = middle } else { high = middle - 1 }
        }
        Some(if self.ascending { (turned(upper), turned(low)) } else { (low, upper) })
    }

    /// Goes on behind `window`.
    pub(crate) fn took(&mut self, window: (i64, i64)) {
        let start = if self.ascending { turned(window.1) } else { window.0 };
        self.upper = self
            .spreads
            .iter()
            .filter(|spread| spread.from < start)
            .map(|spread| spread.to.min(start.saturating_sub(1)))
            .max()
            .filter(|upper| *upper >= self.lowest && start > self.lowest);
    }

    /// How many rows there may be from `from` to `to`.
    fn guess(&self, from: i64, to: i64) -> f64 {
        let length = |from: i64, to: i64| to as f64 - from as f64 + 1.0;
        let touching = self.spreads.iter().filter(|spread| spread.to >= from && spread.from <= to);
        touching
            .map(|spread| {
                let part = length(spread.from.max(from), spread.to.min(to)) / length(spread.from, spread.to);
                spread.rows as f64 * part
            })
            .sum()
    }
}

/// A time, with the order of times turned round.
fn turned(time: i64) -> i64 {
    !time
}

#[cfg(test)]
mod tests {
    use super::{Spread, Windows};

    fn all(mut windows: Windows, rows: u64) -> Vec<(i64, i64)> {
        let mut found = Vec::new();
        while let Some(window) = windows.next(rows) {
            windows.took(window);
            found.push(window);
            assert!(found.len() < 10_000, "no end: {found:?}");
        }
        found
    }

    fn spread(from: i64, to: i64, rows: u64) -> Spread {
        Spread { from, to, rows }
    }

    #[test]
    fn goes_from_the_end_in_even_steps() {
        let windows = Windows::new([spread(0, 99, 100), spread(50, 99, 50)], i64::MIN, i64::MAX, false);
        assert_eq!(all(windows, 40), [(80, 99), (60, 79), (30, 59), (0, 29)]);
    }

    #[test]
    fn goes_from_the_start_when_ascending() {
        let windows = Windows::new([spread(0, 99, 100)], 10, 89, true);
        assert_eq!(all(windows, 40), [(10, 49), (50, 89)]);
    }

    #[test]
    fn jumps_over_time_without_rows() {
        let windows =
            Windows::new([spread(0, 9, 10), spread(1_000_000, 1_000_009, 10)], i64::MIN, i64::MAX, false);
        assert_eq!(all(windows, 10), [(1_000_000, 1_000_009), (0, 9)]);
    }

    #[test]
    fn covers_every_instant_with_rows_once() {
        let spreads = [
            spread(i64::MIN, i64::MIN + 3, 7),
            spread(-5, 1000, 3),
            spread(17, 17, 5000),
            spread(18, 40, 900),
            spread(i64::MAX, i64::MAX, 2),
        ];
        for ascending in [false, true] {
            for rows in [1, 10, 100, 1_000_000] {
                let mut windows = all(Windows::new(spreads, i64::MIN, i64::MAX, ascending), rows);
                if ascending {
                    windows.reverse();
                }
                assert!(windows.windows(2).all(|pair| pair[1].1 < pair[0].0), "{windows:?}");
                let covered =
                    |time| windows.iter().filter(|(from, to)| (*from..=*to).contains(&time)).count();
                for spread in spreads {
                    assert_eq!((covered(spread.from), covered(spread.to)), (1, 1), "{spread:?} {windows:?}");
                }
                for time in -5..=1000 {
                    assert_eq!(covered(time), 1, "{time}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_soon_done() {
        assert!(all(Windows::new([], i64::MIN, i64::MAX, false), 10).is_empty());
        assert!(all(Windows::new([spread(0, 9, 10)], 20, 30, false), 10).is_empty());
        assert!(all(Windows::new([spread(0, 9, 10)], 5, 4, true), 10).is_empty());
    }
}
