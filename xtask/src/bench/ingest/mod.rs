//! `cargo xtask bench ingest`: the collector against the yardstick, in the same run, by turns.
//!
//! Absolute figures of a shared machine say little; the ratio of two neighbouring runs says more. So within a round
//! every case is run by one contestant right after the other, and what is reported is the median of the rounds' ratios.

mod build;
mod conditions;
mod contestant;
mod fleet;
mod plan;
pub(super) mod process;
mod report;
mod results;
mod runs;

use std::io;
use std::path::PathBuf;

use clap::Parser;

use build::Tools;
use contestant::Contestant;
use plan::{Kind, Plan};
use results::Results;

use super::sections;

/// Measures the collector against a bare epoll loop that does the same job.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench ingest")]
struct Options {
    /// One short round of few cases, in under two minutes; the report is printed only, unless `--out` is given
    #[arg(long)]
    quick: bool,
    /// Numbers of connections for the `listen` cases; those of 100 and 10,000 are run with `connect` too
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=19_000))]
    connections: Vec<u32>,
    /// How often each case is run by each contestant
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: Option<u32>,
    /// Bytes of one commit of the yardstick at most [default: 4 MiB]; smaller ones make it slower
    #[arg(long, value_parser = clap::value_parser!(u32).range(65_536..=16_777_216))]
    yardstick_batch_bytes: Option<u32>,
    /// Where the report goes [default: benches/RESULTS.md]
    #[arg(long)]
    out: Option<PathBuf>,
    /// Who is measured against the yardstick; the yardstick against itself shows the noise
    #[arg(long, value_enum, default_value_t = Contestant::Catchment)]
    subject: Contestant,
}

/// Runs the benchmark that `options` describe.
pub(crate) fn ingest(options: &[&str]) -> io::Result<()> {
    let options = match Options::try_parse_from(["bench ingest"].iter().chain(options)) {
        Ok(options) => options,
        Err(help) => help.exit(),
    };
    let plan = Plan::new(options.quick, &options.connections, options.rounds, options.yardstick_batch_bytes);
    let tools = Tools::build(options.subject, &plan)?;
    let mut results = Results::new(options.subject);
    measure(&tools, &plan, &mut results);

    let report = report::markdown(&conditions::read(&tools, &plan), &plan, &results);
    println!("{report}");
    let out = options.out.or_else(|| (!options.quick).then(|| tools.root.join("benches/RESULTS.md")));
    if let Some(path) = out {
        sections::write(&path, "ingest", &report)?;
        eprintln!("written to `{}`", path.display());
    }
    match results.failures.len() {
        0 => Ok(()),
        failed => Err(io::Error::other(format!("{failed} runs failed, see the end of the report"))),
    }
}

/// Runs everything of the plan. A run that fails is noted, and the others go on.
fn measure(tools: &Tools, plan: &Plan, results: &mut Results) {
    for round in 1..=plan.rounds {
        for kind in [Kind::Saturated, Kind::Paced] {
            for case in &plan.cases {
                for contestant in results.contestants() {
                    let what = format!("round {round}: {kind}, {case}, {contestant}");
                    eprintln!("{what}");
                    let outcome = runs::load(tools, contestant, *case, kind, plan.time(kind));
                    results.note(&what, outcome, |results, measured| {
                        results.loads.push((kind, *case, contestant, measured));
                    });
                }
            }
        }
    }
    for contestant in results.contestants() {
        for lines in [0, plan::IDLE_LINES] {
            for connections in plan::IDLE_CONNECTIONS {
                let what =
                    format!("idle memory: {connections} connections after {lines} lines, {contestant}");
                eprintln!("{what}");
                results.note(&what, runs::idle(tools, contestant, connections, lines), |results, bytes| {
                    results.idle.push((contestant, lines, connections, bytes));
                });
            }
        }
    }
    if results.subject == Contestant::Catchment {
        measure_product(tools, plan, results);
    }
}

/// What has no counterpart in the yardstick.
fn measure_product(tools: &Tools, plan: &Plan, results: &mut Results) {
    if plan.stall {
        eprintln!("disk stalled");
        results
            .note("disk stalled", runs::stalled(tools), |results, stalled| results.stalled = Some(stalled));
    }
    for round in 1..=plan.rounds {
        let what = format!("round {round}: serve into collect");
        eprintln!("{what}");
        results.note(&what, runs::serve_into_collect(tools), |results, rate| results.served.push(rate));
    }
}
