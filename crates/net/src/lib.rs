//! The peers' event loops.
//!
//! ```text
//!   Net (threads, commands) ──► EventLoop ──► Peer, Target (state machines without I/O)
//!                                   │  └────► Inlet of the journal
//!                                   │  └────► Fanout (one ring of lines for many receivers)
//!                                   ▼
//!                                Driver: `poll` (the operating system's) or `sim` (in memory, seeded)
//! ```
//!
//! A few threads each own a share of the peers. A peer is a state machine without I/O; whatever it has to say goes
//! into the batch of its loop, and its ACKs leave when that batch has come back durable. There is no Tokio and no
//! task for a peer here: an idle peer is a few hundred bytes in a table.

#![forbid(unsafe_code)]

mod command;
pub mod driver;
mod event_loop;
mod fanout;
mod net;
mod peer;
mod resolver;
pub mod simulation;
mod slab;
mod source;
mod status;
mod target;
mod timers;

pub use fanout::{Behind, Fanout, FanoutOptions, FanoutStatus, RECEIVER_BYTES};
pub use net::{Net, NetError, NetHandle, Settings};
pub use source::{DialOptions, Role, Source, SourceCounters};
pub use status::{Counts, LoopStatus, PeerState, PeerStatus};

/// Memory that one peer takes in its loop's tables, without line data; kernel memory not counted.
pub const PEER_BYTES: usize = 512;
