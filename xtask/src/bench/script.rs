//! Benchmarks that are scripts: what they print is a section of the results.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::sections;
use crate::workspace;

/// Runs `script`, prints its report, and writes that as the section `section` to `out`: nowhere for `-`, to the results without any.
pub(super) fn report(script: &mut Command, section: &str, out: Option<PathBuf>) -> io::Result<()> {
    let output = script.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(io::Error::other(format!("the benchmark ended with {}", output.status)));
    }
    let report = String::from_utf8_lossy(&output.stdout);
    println!("{report}");
    match out {
        Some(path) if path == Path::new("-") => Ok(()),
        Some(path) => sections::write(&path, section, &report),
        None => sections::write(&workspace::root()?.join("benches/RESULTS.md"), section, &report),
    }
}
