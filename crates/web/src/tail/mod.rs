//! Records as they come, for any number of followers.
//!
//! ```text
//!   tail of the collector ──► tap (a thread for each search) ──► ring of chunks ──► followers: a place in the ring each
//!                                                                    ▲
//!   from a position on: a thread of its own, through the past ───────┘ until the ring has what comes next
//! ```
//!
//! A chunk is written once for all who follow by SSE. Who falls behind the ring is told how much was skipped, or, if they came with a
//! position, goes through the past again: without a gap.

mod catch_up;
mod chunk;
mod events;
mod follow;
mod socket;
mod tap;

pub(crate) use events::events;
pub(crate) use socket::socket;
pub(crate) use tap::Taps;
