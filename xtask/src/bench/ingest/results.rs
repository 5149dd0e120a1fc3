//! What was measured, and what follows from several rounds of it.

use std::io;

use super::contestant::Contestant;
use super::plan::{Case, Kind};

/// One contestant in one case and round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) lines_per_second: f64,
    /// CPU seconds per million lines, of the contestant and of the load generators.
    pub(crate) cpu_per_million: f64,
    pub(crate) load_cpu_per_million: f64,
    /// Share of the machine, 0 to 1, that neither of the two used though it was busy in their window: other programs,
    /// the hypervisor, and kernel work charged to nobody. The larger, the less the run says.
    pub(crate) others: f64,
    /// Bytes: the most that was resident, and what is the process's own at the end.
    pub(crate) peak: u64,
    pub(crate) anonymous: u64,
    /// From the write of a line to its ACK, microseconds; 0 when saturated, where it says nothing.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) max_us: f64,
}

/// The run with the stalled disk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stalled {
    /// Bytes.
    pub(crate) peak: u64,
    /// The longest time without an ACK.
    pub(crate) seconds: f64,
    /// Lines acked after it.
    pub(crate) lines_after: u64,
}

/// Everything that one invocation measured.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) subject: Contestant,
    pub(crate) loads: Vec<(Kind, Case, Contestant, Measured)>,
    /// Contestant, lines sent before, connections, bytes.
    pub(crate) idle: Vec<(Contestant, u64, u32, u64)>,
    pub(crate) stalled: Option<Stalled>,
    /// Lines per second of each run of `serve` into `collect`.
    pub(crate) served: Vec<f64>,
    pub(crate) failures: Vec<String>,
}

impl Results {
    pub(crate) fn new(subject: Contestant) -> Self {
        Self {
            subject,
            loads: Vec::new(),
            idle: Vec::new(),
            stalled: None,
            served: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// In the order in which they take turns.
    pub(crate) fn contestants(&self) -> [Contestant; 2] {
        [Contestant::Yardstick, self.subject]
    }

    /// Keeps an outcome with `keep`, or the failure.
    pub(crate) fn note<T>(&mut self, what: &str, outcome: io::Result<T>, keep: impl FnOnce(&mut Self, T)) {
        match outcome {
            Ok(value) => keep(self, value),
            Err(error) => {
                eprintln!("{what}: {error}");
                self.failures.push(format!("{what}: {error}"));
            }
        }
    }

    /// The two contestants of a case, round by round; a round in which one of them failed is left out.
    pub(crate) fn pairs(&self, kind: Kind, case: Case) -> Pairs {
        let of_case: Vec<_> = self.loads.iter().filter(|load| load.0 == kind && load.1 == case).collect();
        // Each round appends yardstick then subject. When the yardstick is measured against itself, only the order
        // tells them apart.
        let mut pairs = Vec::new();
        let mut yardstick = None;
        for (_, _, contestant, measured) in of_case {
            match yardstick.take() {
                None if *contestant == Contestant::Yardstick => yardstick = Some(*measured),
                None => {}
                Some(first) if *contestant == self.subject => pairs.push((first, *measured)),
                Some(_) => yardstick = Some(*measured),
            }
        }
        Pairs(pairs)
    }

    /// User memory per idle connection between the two numbers of connections, bytes; `second` tells the subject from
    /// the yardstick.
    pub(crate) fn idle_bytes(&self, second: bool, lines: u64, from: u32, to: u32) -> Option<f64> {
        let contestant = self.contestants()[usize::from(second)];
        let of = |connections| {
            let mut found =
                self.idle.iter().filter(|idle| (idle.0, idle.1, idle.2) == (contestant, lines, connections));
            let found = if second { found.next_back() } else { found.next() };
            found.map(|idle| idle.3 as f64)
        };
        Some((of(to)? - of(from)?) / f64::from(to - from))
    }
}

/// Yardstick and subject of each round of one case.
#[derive(Debug)]
pub(crate) struct Pairs(pub(crate) Vec<(Measured, Measured)>);

/// Medians over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Compared {
    pub(crate) yardstick: f64,
    pub(crate) subject: f64,
    /// The median of the rounds' ratios, subject to yardstick, which is not the ratio of the medians.
    pub(crate) ratio: f64,
}

impl Pairs {
    /// Compares one figure; `None` without a complete round.
    pub(crate) fn compare(&self, figure: impl Fn(&Measured) -> f64) -> Option<Compared> {
        Some(Compared {
            yardstick: median(self.0.iter().map(|(yardstick, _)| figure(yardstick)))?,
            subject: median(self.0.iter().map(|(_, subject)| figure(subject)))?,
            ratio: median(self.0.iter().map(|(yardstick, subject)| figure(subject) / figure(yardstick)))?,
        })
    }
}

/// The middle one, or between the two middle ones; `None` of nothing.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::super::plan::Role;
    use super::*;

    const CASE: Case = Case { role: Role::Listen, connections: 100 };

    fn measured(lines_per_second: f64) -> Measured {
        Measured {
            lines_per_second,
            cpu_per_million: 1.0,
            load_cpu_per_million: 1.0,
            others: 0.0,
            peak: 0,
            anonymous: 0,
            p50_us: 0.0,
            p99_us: 0.0,
            max_us: 0.0,
        }
    }

    fn results(subject: Contestant, runs: &[(Contestant, f64)]) -> Results {
        let mut results = Results::new(subject);
        for (contestant, figure) in runs {
            results.loads.push((Kind::Saturated, CASE, *contestant, measured(*figure)));
        }
        results
    }

    #[test]
    fn the_ratio_is_the_median_of_the_rounds() {
        use Contestant::{Catchment, Yardstick};
        let runs = [
            (Yardstick, 100.0),
            (Catchment, 50.0),
            (Yardstick, 10.0),
            (Catchment, 9.0),
            (Yardstick, 40.0),
            (Catchment, 32.0),
        ];
        let compared = results(Catchment, &runs).pairs(Kind::Saturated, CASE).compare(|m| m.lines_per_second);
        assert_eq!(compared, Some(Compared { yardstick: 40.0, subject: 32.0, ratio: 0.8 }));
    }

    #[test]
    fn a_round_that_half_failed_is_left_out() {
        use Contestant::{Catchment, Yardstick};
        let runs = [(Yardstick, 1.0), (Yardstick, 10.0), (Catchment, 8.0), (Catchment, 7.0)];
        let pairs = results(Catchment, &runs).pairs(Kind::Saturated, CASE);
        assert_eq!(
            pairs.compare(|m| m.lines_per_second),
            Some(Compared { yardstick: 10.0, subject: 8.0, ratio: 0.8 })
        );
        assert_eq!(
            results(Catchment, &[]).pairs(Kind::Saturated, CASE).compare(|m| m.lines_per_second),
            None
        );
    }

    #[test]
    fn the_yardstick_against_itself_is_told_apart_by_order() {
        let runs = [(Contestant::Yardstick, 10.0), (Contestant::Yardstick, 11.0)];
        let mut results = results(Contestant::Yardstick, &runs);
        let compared = results.pairs(Kind::Saturated, CASE).compare(|m| m.lines_per_second);
        assert_eq!(compared, Some(Compared { yardstick: 10.0, subject: 11.0, ratio: 1.1 }));

        for bytes in [[1_000, 2_000], [3_000, 5_000]] {
            for (connections, bytes) in [100, 200].into_iter().zip(bytes) {
                results.idle.push((Contestant::Yardstick, 0, connections, bytes));
            }
        }
        assert_eq!(results.idle_bytes(false, 0, 100, 200), Some(10.0));
        assert_eq!(results.idle_bytes(true, 0, 100, 200), Some(20.0));
        assert_eq!(results.idle_bytes(true, 20, 100, 200), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
