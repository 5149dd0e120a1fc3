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
}
