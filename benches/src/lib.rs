//! What the tools of the benchmark share: the lines they send, the time they read, the latencies they gather.
//!
//! Three programs are built from this package. `yardstick` is a bare epoll loop that does the collector's job with no
//! product around it; `load` sends it, or the collector, lines and counts what is acked: `cargo xtask bench ingest`
//! runs both. `followers` are many clients of the tail, for `cargo xtask bench tails`. Both write `RESULTS.md`.

#![forbid(unsafe_code)]

pub mod clock;
mod epoll;
mod histogram;
mod lines;

pub use epoll::Epoll;
pub use histogram::Histogram;
pub use lines::{LINE_BYTES, Lines};

/// What a collector answers for each durable line.
pub const ACK: &[u8; 4] = b"ACK\n";
