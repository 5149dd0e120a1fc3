//! `cargo xtask bench store`: the store next to ClickHouse, DuckDB and ripgrep on the same rows.
//!
//! The measuring itself is `benches/store/bench.py`, since the others are Python packages. Here the program is built, the packages
//! are installed into a virtual environment below the target directory, and the report finds its place.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Parser;

use super::script;
use crate::workspace;

/// Measures the store against ClickHouse (chdb), DuckDB and ripgrep.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench store")]
struct Options {
    /// Rows of the generated set
    #[arg(long, default_value_t = 3_000_000)]
    rows: u64,
    /// Lines of real text
    #[arg(long, default_value_t = 1_000_000)]
    lines: u64,
    /// Where the report goes; `-` prints it only [default: benches/RESULTS.md]
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Versions that the figures can be compared by.
const PACKAGES: [&str; 3] = ["chdb==4.4.0", "duckdb==2.0.0", "pytz"];

/// Runs the benchmark that `options` describe.
pub(crate) fn store(options: &[&str]) -> io::Result<()> {
    let options = match Options::try_parse_from(["bench store"].iter().chain(options)) {
        Ok(options) => options,
        Err(help) => help.exit(),
    };
    let (root, target) = (workspace::root()?, workspace::target()?);
    workspace::build(&["-p", "catchment"])?;
    let scratch = target.join("bench-store");
    std::fs::create_dir_all(&scratch)?;
    let python = environment(&scratch)?;
    let (rows, lines) = (options.rows.to_string(), options.lines.to_string());
    let mut bench = Command::new(python);
    bench
        .arg(root.join("benches/store/bench.py"))
        .arg("--program")
        .arg(target.join("release/catchment"))
        .arg("--dir")
        .arg(&scratch)
        .args(["--rows", &rows, "--lines", &lines]);
    script::report(&mut bench, "store", options.out)
}

/// The Python of a virtual environment with the packages.
fn environment(scratch: &Path) -> io::Result<PathBuf> {
    let environment = scratch.join("venv");
    let python = environment.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(PACKAGES))?;
    Ok(python)
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.stdout(Stdio::from(io::stderr())).status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("`{}` ended with {status}", command.get_program().display())))
}
