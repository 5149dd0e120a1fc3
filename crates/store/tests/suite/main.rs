//! The store as its users see it.

#[cfg(feature = "faults")]
mod faults;
mod format;
mod rows;
