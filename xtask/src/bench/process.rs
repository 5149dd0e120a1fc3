//! `cargo xtask bench process`: what processing costs: parsers, scripts next to VRL's own command line, Python handlers of every kind, and
//! all of it end to end, next to the `asyncio` script that people write today.
//!
//! The measuring itself is `benches/process/bench.py`, since the yardstick is a Python script. Here everything is built, and the report
//! finds its place.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use clap::Parser;

use super::script;
use crate::workspace;

/// Measures parsers, scripts and Python handlers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench process")]
struct Options {
    /// Lines of real text
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
    /// Where the report goes; `-` prints it only [default: benches/RESULTS.md]
    #[arg(long)]
    out: Option<PathBuf>,
    /// The interpreter that runs handlers and script
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// VRL's own command line, as `cargo install vrl` makes it; without it, scripts are not measured
    #[arg(long, default_value = "vrl")]
    vrl: PathBuf,
}

/// Runs the benchmark that `options` describe.
pub(crate) fn process(options: &[&str]) -> io::Result<()> {
    let options = match Options::try_parse_from(["bench process"].iter().chain(options)) {
        Ok(options) => options,
        Err(help) => help.exit(),
    };
    let (root, target) = (workspace::root()?, workspace::target()?);
    workspace::build(&["-p", "catchment"])?;
    // Together, so that what is below them is built once.
    workspace::build(&["-p", "catchment", "-p", "parse", "-p", "remap", "-p", "workers", "--examples"])?;
    let mut bench = Command::new(&options.python);
    bench
        .current_dir(&root)
        .arg(root.join("benches/process/bench.py"))
        .arg("--program")
        .arg(target.join("release/catchment"))
        .arg("--lines")
        .arg(target.join("release/examples/lines"))
        .arg("--script")
        .arg(target.join("release/examples/script"))
        .arg("--vrl")
        .arg(options.vrl)
        .arg("--rates")
        .arg(target.join("release/examples/rates"))
        .arg("--dir")
        .arg(target.join("bench-process"))
        .args(["--count", &options.lines.to_string()]);
    script::report(&mut bench, "process", options.out)
}
