//! What was measured, as Markdown.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use super::{Measured, Options};

/// The largest run is what the goal is set for: nobody skips.
const GOAL: u32 = 1000;

pub(super) fn markdown(options: &Options, all: &[Measured], root: &Path) -> String {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(root).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_else(|_| "unknown".to_owned())
    };
    let cores = thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let mut out = format!(
        "# Followers of the tail over HTTP\n\n\
         Written by `cargo xtask bench tails`. One peer sends {} lines of 200 bytes per second for {} seconds; each is synced, stored, and told\n\
         to every follower as a server-sent event. Collector, sender and followers share the machine: {cores} cores. A delay is from the\n\
         line's sending to its being read by a follower, over all lines and followers.\n\n\
         | condition |  |\n| --- | --- |\n| date | {} |\n| commit | {} |\n| kernel | {} |\n\n",
        options.rate,
        options.seconds,
        said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        said("git", &["rev-parse", "--short", "HEAD"]),
        said("uname", &["-sr"]),
    );
    out += "| followers | lines sent | told to each, at least | skipped, in all | by one, at most | delay ms: p50 | p99 | max | MB/s | \
            CPU, cores: collector | followers | others, % | peak MiB | grown by MiB |\n\
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    for run in all {
        let told = &run.told;
        let millis = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.0} | {:.1} | {:.1} |",
            run.followers,
            run.sent,
            told.records_min,
            told.skipped,
            told.skipped_max,
            millis(told.delays.quantile(0.5)),
            millis(told.delays.quantile(0.99)),
            millis(told.delays.max()),
            told.bytes as f64 / 1e6 / run.seconds,
            run.cpu_seconds / run.seconds,
            told.cpu_seconds / run.seconds,
            100.0 * run.others,
            mib(run.peak),
            mib(run.grown),
        );
    }
    if let Some(run) = all.iter().find(|run| run.followers == GOAL) {
        let all_told = run.told.records == run.sent * u64::from(run.followers);
        let verdict = if all_told { "yes" } else { "**no**" };
        let _ = writeln!(
            out,
            "\nTo reach: {GOAL} followers are told every line at 1,000 lines/s. At {} lines/s: {verdict}.",
            options.rate
        );
    }
    out
}
