//! The store as its users see it.

mod faults;
mod format;
mod rows;
