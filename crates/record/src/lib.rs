//! What a line and a record are, for every crate: their place, their origin, their text and what is known about them.
//!
//! This crate is below all others. It does no I/O; the one impure thing in it is [`clock`], which is the only
//! place of the whole program where time is read.

#![forbid(unsafe_code)]

mod backoff;
mod batch;
mod buckets;
pub mod clock;
pub mod fault;
pub mod json;
mod level;
mod line;
mod text;
mod time;
mod value;

pub use backoff::backoff;
pub use batch::{Batch, Record, Value};
pub use buckets::{Buckets, SIZE_BOUNDS, Sizes, TIME_BOUNDS, Times};
pub use level::Level;
pub use line::{Line, LineFlags, Position};
pub use text::{Decoded, decode, escape_controls};
pub use time::Micros;
pub use value::OwnedValue;
