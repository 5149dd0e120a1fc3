//! The Prometheus text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the program.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A sum and a count, as `_sum` and `_count`.
    Summary,
    /// The same, and how many were at most so much, as `_bucket`.
    Histogram,
}

/// Everything that is counted, family by family.
///
/// Names have the unit and then `_total` at their end: `catchment_received_bytes_total`. A family has one help text and one kind, whatever is
/// said the second time.
#[derive(Debug, Default)]
pub struct Metrics {
    families: BTreeMap<&'static str, Family>,
}

#[derive(Debug)]
struct Family {
    kind: Kind,
    help: &'static str,
    samples: String,
}

impl Metrics {
    /// Adds a sample to the family `name`. Labels are pairs of name and value.
    pub fn add(
        &mut self,
        kind: Kind,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        self.sample(kind, name, "", help, labels, value);
    }

    /// Adds a counter that is as high as this.
    pub fn counter(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: u64) {
        self.add(Kind::Counter, name, help, labels, value as f64);
    }

    /// Adds a gauge.
    pub fn gauge(&mut self, name: &'static str, help: &'static str, labels: &[(&str, &str)], value: f64) {
        self.add(Kind::Gauge, name, help, labels, value);
    }

    /// Adds a sum of so many things.
    pub fn summary(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        sum: f64,
        count: u64,
    ) {
        self.sample(Kind::Summary, name, "_sum", help, labels, sum);
        self.sample(Kind::Summary, name, "_count", help, labels, count as f64);
    }

    /// Adds how many values were at most each of some bounds, which ascend, their sum, and how many there were in all.
    pub fn histogram(
        &mut self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        buckets: impl IntoIterator<Item = (f64, u64)>,
        (sum, count): (f64, u64),
    ) {
        let infinite = (f64::INFINITY, count);
        for (bound, up_to) in buckets.into_iter().chain([infinite]) {
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            let labels: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.sample(Kind::Histogram, name, "_bucket", help, &labels, up_to as f64);
        }
        self.sample(Kind::Histogram, name, "_sum", help, labels, sum);
        self.sample(Kind::Histogram, name, "_count", help, labels, count as f64);
    }

    fn sample(
        &mut self,
        kind: Kind,
        name: &'static str,
        suffix: &str,
        help: &'static str,
        labels: &[(&str, &str)],
        value: f64,
    ) {
        let family =
            self.families.entry(name).or_insert_with(|| Family { kind, help, samples: String::new() });
        let out = &mut family.samples;
        out.push_str(name);
        out.push_str(suffix);
        for (index, (label, value)) in labels.iter().enumerate() {
            out.push(if index == 0 { '{' } else { ',' });
            out.push_str(label);
            out.push_str("=\"");
            for c in value.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '"' => out.push_str("\\\""),
                    '\n' => out.push_str("\\n"),
                    c => out.push(c),
                }
            }
            out.push('"');
        }
        if !labels.is_empty() {
            out.push('}');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, " {value}");
    }

    /// All of it.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for (name, Family { kind, help, samples }) in &self.families {
            let kind = match kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Summary => "summary",
                Kind::Histogram => "histogram",
            };
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn families_are_together() {
        let mut metrics = Metrics::default();
        metrics.counter("b_total", "Bs.", &[("name", "a\"\\\n")], 1);
        metrics.summary("a_seconds", "As.", &[], 0.25, 3);
        metrics.counter("b_total", "Bs.", &[("name", "c"), ("kind", "d")], 1 << 40);
        assert_eq!(
            metrics.text(),
            "# HELP a_seconds As.\n# TYPE a_seconds summary\na_seconds_sum 0.25\na_seconds_count 3\n\
             # HELP b_total Bs.\n# TYPE b_total counter\nb_total{name=\"a\\\"\\\\\\n\"} 1\nb_total{name=\"c\",kind=\"d\"} 1099511627776\n"
        );
    }

    #[test]
    fn a_histogram_ends_with_all_there_were() {
        let mut metrics = Metrics::default();
        metrics.histogram("a_seconds", "As.", &[("b", "c")], [(0.0001, 1), (2.5, 3)], (7.5, 4));
        assert_eq!(
            metrics.text(),
            "# HELP a_seconds As.\n# TYPE a_seconds histogram\na_seconds_bucket{b=\"c\",le=\"0.0001\"} 1\n\
             a_seconds_bucket{b=\"c\",le=\"2.5\"} 3\na_seconds_bucket{b=\"c\",le=\"+Inf\"} 4\n\
             a_seconds_sum{b=\"c\"} 7.5\na_seconds_count{b=\"c\"} 4\n"
        );
    }
}
