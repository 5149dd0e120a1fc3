//! What a line is, for every crate: its place, its origin, its bytes and what is known about it.
//!
//! This crate is below all others. It does no I/O; the one impure thing in it is [`clock`], which is the only
//! place of the whole program where time is read.

#![forbid(unsafe_code)]

pub mod clock;
mod line;
mod text;
mod time;

pub use line::{Line, LineFlags, Position};
pub use text::{Decoded, decode, escape_controls};
pub use time::Micros;
