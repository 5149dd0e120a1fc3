//! The HTTP API and the page that people look at.
//!
//! ```text
//!            patient (time limits)        guard (Host, Origin, token)
//!   client ──► connection ──► hyper ──► routes ─┬─► read/: search, SQL, … ─► query slots ─► engine
//!                                               ├─► tail/: SSE, WebSocket ◄─ taps, one for each search that is followed
//!                                               ├─► watch: peers, queues, status, metrics ◄─ Collector
//!                                               └─► page: embedded files
//! ```
//!
//! `openapi.json` beside the sources says what is answered. Everything only reads.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | connections | [`Options::tails_max`] and [`OTHER_CONNECTIONS`]; one more is closed at once |
//! | memory | [`memory_bytes`] |
//! | requests | 16 KiB of head, 64 KiB and a little of body, each within ten seconds |
//! | queries | eight at once; who waits longer than ten seconds for a turn is told so |
//! | an answer that nobody takes | a few buffers of 64 KiB; after 30 s without a byte taken the connection is closed |
//! | followers | [`Options::tails_max`], of at most eight searches at once; two at once go through the past |
//! | threads | two `web`, one for each query, one for each search that is followed, one for each that goes through the past |

#![forbid(unsafe_code)]

mod answer;
mod collector;
mod guard;
mod json;
mod limits;
mod metrics;
mod page;
mod params;
mod problem;
mod read;
mod routes;
mod serve;
mod state;
mod tail;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod token;
mod watch;

pub use collector::{Collector, FileWriter, Peer, Queue, Report, Tail};
pub use limits::{OTHER_CONNECTIONS, connections_max, memory_bytes};
pub use metrics::{Kind, Metrics};
pub use serve::{Options, StartError, Tls, Web};
pub use token::{Token, TokenError};

/// What is answered, as an `OpenAPI` document.
pub const OPENAPI: &str = include_str!("../openapi.json");
