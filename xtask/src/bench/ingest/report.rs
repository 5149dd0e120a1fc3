//! The report, as Markdown.

use std::fmt::Write;

use super::contestant::Contestant;
use super::plan::{Case, IDLE_CONNECTIONS, IDLE_LINES, Kind, MANY, PACED_RATE, Plan, Role};
use super::results::{Compared, Measured, Results, median};

const MIB: f64 = 1_048_576.0;
const FEW: Case = Case { role: Role::Listen, connections: 100 };
const FULL: Case = Case { role: Role::Listen, connections: MANY };

/// The whole report.
pub(crate) fn markdown(conditions: &[(&str, String)], plan: &Plan, results: &Results) -> String {
    let subject = results.subject;
    let mut text = format!(
        "# {subject} against a bare epoll loop\n\n\
         Written by `cargo xtask bench ingest`. Both do the same job on 200-byte lines, and every line is synced before\n\
         its ACK: what the bare loop leaves out is everything that makes a product. Load generator and contestant share\n\
         the machine. Figures are medians over the rounds; a ratio is {subject} to yardstick, the median of each round's\n\
         ratio, because neighbouring runs share their conditions and distant ones do not.\n\n"
    );
    let others = median(results.loads.iter().map(|load| load.3.others));
    let others = others.map(|share| format!("{:.0} %", share * 100.0));
    let others = others.map(|share| vec!["machine used by others in a window, median".to_owned(), share]);
    let conditions = conditions.iter().map(|(what, value)| vec![(*what).to_owned(), value.clone()]);
    table(&mut text, &["condition", ""], conditions.chain(others));
    section(&mut text, "To reach", &["", "goal", "measured", "reached"], goals(results));
    let title = "Saturated: as many lines as it acks";
    section(
        &mut text,
        title,
        &head(&["lines/s, thousands", "CPU s per M lines", "peak MiB"], subject),
        rows(plan, results, Kind::Saturated, THROUGHPUT),
    );
    let title = format!("Paced: {PACED_RATE} lines/s over all connections, ACK latency in ms");
    let head = head(&["p50", "p99", "CPU s per M lines", "peak MiB"], subject);
    section(&mut text, &title, &head, rows(plan, results, Kind::Paced, LATENCY));
    section(
        &mut text,
        "Idle",
        &["user memory per connection, bytes", "yardstick", &subject.to_string()],
        idle(results),
    );
    section(&mut text, "The product alone", &["", ""], alone(results));
    section(&mut text, "Every run", &EVERY, every(results));
    if !results.failures.is_empty() {
        text.push_str("## Failed runs\n\n");
        results.failures.iter().for_each(|failure| text.push_str(&format!("- {failure}\n")));
    }
    text
}

/// A column group: a figure of a run, and how it is written.
type Figure = (fn(&Measured) -> f64, fn(f64) -> String);

const THROUGHPUT: &[Figure] = &[
    (|measured| measured.lines_per_second / 1e3, whole),
    (|measured| measured.cpu_per_million, two_places),
    (|measured| measured.peak as f64 / MIB, one_place),
];
const LATENCY: &[Figure] = &[
    (|measured| measured.p50_us / 1e3, two_places),
    (|measured| measured.p99_us / 1e3, two_places),
    (|measured| measured.cpu_per_million, one_place),
    (|measured| measured.peak as f64 / MIB, one_place),
];

fn head(figures: &[&str], subject: Contestant) -> Vec<String> {
    let columns = figures
        .iter()
        .flat_map(|figure| [format!("{figure}: yardstick"), subject.to_string(), "ratio".to_owned()]);
    ["connections".to_owned()].into_iter().chain(columns).collect()
}

fn rows(plan: &Plan, results: &Results, kind: Kind, figures: &[Figure]) -> Vec<Vec<String>> {
    let row = |case: &Case| {
        let pairs = results.pairs(kind, *case);
        let columns = figures.iter().flat_map(|(figure, write)| match pairs.compare(figure) {
            Some(Compared { yardstick, subject, ratio }) => {
                [write(yardstick), write(subject), two_places(ratio)]
            }
            None => ["–", "–", "–"].map(str::to_owned),
        });
        [case.to_string()].into_iter().chain(columns).collect()
    };
    plan.cases.iter().map(row).collect()
}

fn idle(results: &Results) -> Vec<Vec<String>> {
    let [from, to] = IDLE_CONNECTIONS;
    let row = |lines| {
        let bytes =
            |second| results.idle_bytes(second, lines, from, to).map_or_else(|| "–".to_owned(), whole);
        vec![
            format!("from {from} to {to} connections, after {lines} lines in all"),
            bytes(false),
            bytes(true),
        ]
    };
    [0, IDLE_LINES].map(row).to_vec()
}

fn alone(results: &Results) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    if let Some(stalled) = results.stalled {
        let what = format!(
            "disk stalled for {:.1} s under full load of {MANY} connections, peak MiB",
            stalled.seconds
        );
        rows.push(vec![what, one_place(stalled.peak as f64 / MIB)]);
    }
    if let Some(rate) = median(results.served.iter().copied()) {
        rows.push(vec!["`serve` into `collect`, thousand lines/s".to_owned(), whole(rate / 1e3)]);
    }
    rows
}

/// What the project sets out to reach. A goal whose run is missing is left out.
fn goals(results: &Results) -> Vec<Vec<String>> {
    let ratio =
        |kind, case, figure: fn(&Measured) -> f64| results.pairs(kind, case).compare(figure).map(|c| c.ratio);
    let subject = |kind, case, figure: fn(&Measured) -> f64| {
        results.pairs(kind, case).compare(figure).map(|c| c.subject)
    };
    let cpu: fn(&Measured) -> f64 = |measured| measured.cpu_per_million;
    let speed: fn(&Measured) -> f64 = |measured| measured.lines_per_second;
    let peak: fn(&Measured) -> f64 = |measured| measured.peak as f64 / MIB;
    let growth = subject(Kind::Saturated, FULL, cpu)
        .zip(subject(Kind::Saturated, FEW, cpu))
        .map(|(many, few)| many / few);
    let [from, to] = IDLE_CONNECTIONS;
    let per_idle = results.idle_bytes(true, IDLE_LINES, from, to);
    let p99 = subject(Kind::Paced, FULL, |measured| measured.p99_us / 1e3);
    let stalled = results.stalled.map(|stalled| stalled.peak as f64 / MIB);
    let served = median(results.served.iter().copied()).map(|rate| rate / 1e6);
    [
        (
            "lines/s to the bare loop's, 100 connections",
            Goal::AtLeast(0.8),
            ratio(Kind::Saturated, FEW, speed),
        ),
        (
            "lines/s to the bare loop's, 10,000 connections",
            Goal::AtLeast(0.8),
            ratio(Kind::Saturated, FULL, speed),
        ),
        (
            "CPU per line to the bare loop's, 100 connections",
            Goal::AtMost(1.25),
            ratio(Kind::Saturated, FEW, cpu),
        ),
        (
            "CPU per line to the bare loop's, 10,000 connections",
            Goal::AtMost(1.25),
            ratio(Kind::Saturated, FULL, cpu),
        ),
        ("CPU per line, 10,000 connections to 100", Goal::AtMost(1.5), growth),
        ("peak MiB, 10,000 connections, full load", Goal::AtMost(64.0), subject(Kind::Saturated, FULL, peak)),
        ("peak MiB, the same with the disk stalled for 10 s", Goal::AtMost(64.0), stalled),
        ("user memory per idle connection, bytes", Goal::AtMost(512.0), per_idle),
        ("ACK p99 in ms, 20,000 lines/s over 10,000 connections", Goal::AtMost(5.0), p99),
        ("`serve` into `collect`, million lines/s", Goal::AtLeast(1.0), served),
    ]
    .into_iter()
    .filter_map(|(what, goal, measured)| Some(goal.row(what, measured?)))
    .collect()
}

#[derive(Clone, Copy)]
enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn row(self, what: &str, measured: f64) -> Vec<String> {
        let (goal, reached) = match self {
            Goal::AtLeast(bound) => (format!("at least {bound}"), measured >= bound),
            Goal::AtMost(bound) => (format!("at most {bound}"), measured <= bound),
        };
        vec![what.to_owned(), goal, two_places(measured), if reached { "yes" } else { "**no**" }.to_owned()]
    }
}

const EVERY: [&str; 10] = [
    "run",
    "contestant",
    "lines/s",
    "CPU s per M lines",
    "the load's",
    "machine used by others",
    "peak MiB",
    "user MiB at the end",
    "p99 ms",
    "max ms",
];

fn every(results: &Results) -> Vec<Vec<String>> {
    let row = |(kind, case, contestant, measured): &(Kind, Case, _, Measured)| {
        vec![
            format!("{kind}, {case}"),
            format!("{contestant}"),
            whole(measured.lines_per_second),
            two_places(measured.cpu_per_million),
            two_places(measured.load_cpu_per_million),
            format!("{:.0} %", measured.others * 100.0),
            one_place(measured.peak as f64 / MIB),
            one_place(measured.anonymous as f64 / MIB),
            two_places(measured.p99_us / 1e3),
            two_places(measured.max_us / 1e3),
        ]
    };
    results.loads.iter().map(row).collect()
}

fn section(text: &mut String, title: &str, head: &[impl AsRef<str>], rows: Vec<Vec<String>>) {
    if !rows.is_empty() {
        text.push_str(&format!("## {title}\n\n"));
        table(text, head, rows.into_iter());
    }
}

fn table(text: &mut String, head: &[impl AsRef<str>], rows: impl Iterator<Item = Vec<String>>) {
    let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
    let rule = vec!["---"; head.len()];
    for row in [head, rule] {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}

fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    format!("{sign}{}", groups.join(","))
}

fn one_place(value: f64) -> String {
    format!("{value:.1}")
}

fn two_places(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::super::contestant::Contestant::{Catchment, Yardstick};
    use super::*;

    fn measured(lines_per_second: f64, p99_us: f64) -> Measured {
        Measured {
            lines_per_second,
            cpu_per_million: 0.25,
            load_cpu_per_million: 0.1,
            others: 0.12,
            peak: 8 << 20,
            anonymous: 4 << 20,
            p50_us: 200.0,
            p99_us,
            max_us: 2_000.0,
        }
    }

    #[test]
    fn a_report_has_a_row_per_case_and_judges_the_goals() {
        let plan = Plan::new(true, &[100], Some(1), None);
        let mut results = Results::new(Catchment);
        results.loads.push((Kind::Saturated, FEW, Yardstick, measured(4_000_000.0, 0.0)));
        results.loads.push((Kind::Saturated, FEW, Catchment, measured(3_000_000.0, 0.0)));
        results.idle = vec![(Catchment, 200_000, 100, 1_000_000), (Catchment, 200_000, 10_000, 4_960_000)];
        results.served = vec![1_200_000.0];
        results.failures.push("round 1: broken".to_owned());
        let report = markdown(&[("kernel", "Linux 6".to_owned())], &plan, &results);
        for row in [
            "| kernel | Linux 6 |",
            "| machine used by others in a window, median | 12 % |",
            "| lines/s to the bare loop's, 100 connections | at least 0.8 | 0.75 | **no** |",
            "| CPU per line to the bare loop's, 100 connections | at most 1.25 | 1.00 | yes |",
            "| user memory per idle connection, bytes | at most 512 | 400.00 | yes |",
            "| listen 100 | 4,000 | 3,000 | 0.75 | 0.25 | 0.25 | 1.00 | 8.0 | 8.0 | 1.00 |",
            "| listen 100 | – | – | – | – | – | – | – | – | – | – | – | – |",
            "| `serve` into `collect`, thousand lines/s | 1,200 |",
            "- round 1: broken",
        ] {
            assert!(report.lines().any(|line| line == row), "`{row}` is not in\n{report}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0.0, 999.6, 12_345.0, 4_000_000.0, -1_234.0].map(whole),
            ["0", "1,000", "12,345", "4,000,000", "-1,234"]
        );
    }
}
