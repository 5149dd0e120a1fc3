use std::io;

use crate::disk::Disk;

/// Why batches are not durable yet, or never will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no room. Nothing is lost, and another attempt may succeed.
    Stall(String),
    /// What is on disk is uncertain from here on.
    Fail(String),
}

/// A failed write, sync or rename of a file.
pub(crate) fn failed(disk: &dyn Disk, name: &str, what: &str, error: &io::Error) -> Trouble {
    Trouble::Fail(format!("could not {what} in `{}`: {error}", disk.path(name).display()))
}
