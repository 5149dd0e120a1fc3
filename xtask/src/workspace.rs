//! Where the repository and its builds lie, and building.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
pub(crate) fn root() -> io::Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()
}

/// Where builds go.
pub(crate) fn target() -> io::Result<PathBuf> {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| Ok(root()?.join("target")), |target| Ok(target.into()))
}

/// Builds what `arguments` choose in release mode.
pub(crate) fn build(arguments: &[&str]) -> io::Result<()> {
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root()?)
        .args(["build", "--release", "--quiet"])
        .args(arguments)
        .status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("`cargo build --release {}` failed", arguments.join(" "))))
}
