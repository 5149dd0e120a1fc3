//! Line protocols as state machines: bytes and durable counts come in, rows and replies come out.
//!
//! There is no socket, no clock and no buffer in this crate, so the same code runs in the event loop, in the
//! simulation and under the fuzzer. One file for each direction of the protocol:
//!
//! - [`Decoder`]: where the lines end in the bytes of a peer, and where a line that is too long is cut
//! - [`Acks`]: how many `ACK\n` a peer is owed, and which bytes of them come next
//! - [`Answers`]: the same from the other end, how many lines a collector has acked

#![forbid(unsafe_code)]

mod ack;
mod answer;
mod line;

pub use ack::{AckText, Acks};
pub use answer::{Answered, Answers};
pub use line::{Decoder, Fed, tail_bytes};
