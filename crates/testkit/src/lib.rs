//! Starts the real program for tests, plays its peers, and judges what became of their lines.
//!
//! - [`Program`] is the executable under test with a directory of its own; it starts a [`Collector`] or any other
//!   command, with faults if wanted.
//! - [`Peer`] is one scripted end of a connection, dialled by the collector or dialling it.
//! - [`Fleet`] is many peers that send numbered lines and send again what was not acked; its [`Oracle`] knows what
//!   the collector owes, and judges what it gives back.
//! - [`FileServer`] hands out a text over HTTP, and breaks off as it is told.
//! - [`http`] asks the page's API.
//! - [`mmdb`] writes databases of places.
//! - [`torture`] lets a fleet and a collector that is killed again and again go on until the oracle has judged.
//!
//! It knows the line protocol and the program's surface, not its insides. Nothing here sleeps to be safe: [`until()`] waits
//! for a state, and fails with its name when it does not come. A check that fails panics, since only tests call it.

#![forbid(unsafe_code)]

mod collector;
mod config;
mod file_server;
mod fleet;
pub mod http;
pub mod mmdb;
mod numbered;
mod oracle;
mod peer;
mod port;
mod process;
mod program;
mod row;
pub mod torture;
mod until;

pub use collector::Collector;
pub use config::Config;
pub use file_server::{FileServer, Fill, Served};
pub use fleet::Fleet;
pub use oracle::{Judgement, Oracle, Sent, Violation};
pub use peer::Peer;
pub use port::{MuteServer, unused_address};
pub use process::{Ended, Memory, Process};
pub use program::Program;
pub use row::{Row, parse};
pub use rustix::process::Signal;
pub use until::{PATIENCE, until};
