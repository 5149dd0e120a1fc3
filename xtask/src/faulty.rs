//! Building the collector with its fault points.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::workspace::{build, target};

/// Builds the collector that obeys `CATCHMENT_FAULTS`, in release mode, and returns a copy of it that no other build replaces. What
/// it depends on is shared with the real one, which is put back into its place.
pub(crate) fn collector() -> io::Result<PathBuf> {
    let target = target()?;
    let (built, kept) = (target.join("release/catchment"), target.join("faulty/catchment"));
    build(&["-p", "catchment", "--features", "journal/faults"])?;
    fs::create_dir_all(target.join("faulty"))?;
    // Unlinked first: the copy of before may be running.
    match fs::remove_file(&kept) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::copy(built, &kept)?;
    build(&["-p", "catchment"])?;
    Ok(kept)
}
