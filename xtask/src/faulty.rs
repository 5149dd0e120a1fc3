//! Building the collector with its fault points.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the collector that obeys `CATCHMENT_FAULTS`, in release mode, and returns a copy of it that no other build replaces. What
/// it depends on is shared with the real one, which is put back into its place.
pub(crate) fn collector() -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let (built, kept) = (target.join("release/catchment"), target.join("faulty/catchment"));
    cargo(&root, &["--features", "journal/faults"])?;
    fs::create_dir_all(target.join("faulty"))?;
    // Unlinked first: the copy of before may be running.
    match fs::remove_file(&kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::copy(built, &kept)?;
    cargo(&root, &[])?;
    Ok(kept)
}

fn cargo(root: &Path, features: &[&str]) -> io::Result<()> {
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(root)
        .args(["build", "--release", "--quiet", "-p", "catchment"])
        .args(features)
        .status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("the collector cannot be built")) }
}
