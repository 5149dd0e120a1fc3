//! The other end of the line protocol: gives the lines of a file, or of standard input, to the collector that
//! dials in, and keeps each line until it is acked.
//!
//! Lines go out ended by `\n`, exactly as they are in the input. For every line, empty ones included, the
//! collector answers one ack (`ACK\n`), in order. When a connection breaks, everything not acked is sent again to
//! the next collector: at least once, never less.
//!
//! ```text
//!           read                admit                write
//!  source ────────► pending ────────────► window ────────────► collector
//!  file or pipe     at most 512 KiB       lengths of the       (one at a time,
//!    ▲    ▲                               unacked lines         others are refused)
//!    │    └──── retire ◄── bytes acked ◄──┘   ▲                     │
//!    │                                        └────── acks ◄────────┘
//!    └── rewind when the connection breaks
//! ```
//!
//! Everything happens in the one thread that calls [`Server::run`]: it waits in `poll` for the listener, the
//! collector and the pipe, and looks at a followed file every 50 ms. Memory is constant for a file: what is not
//! acked stays in the file and is read again. What a pipe gave cannot be read again and is kept, see
//! [`Options::window_bytes`].
//!
//! ## Following a file
//!
//! - **Rotation** (another file at the same path): the old file is read on until it was at its end for one second,
//!   because its writer may not have moved over yet; then the new file is sent from its beginning. If the old file's last
//!   line has no newline, it is sent with one, so that it does not run into the next line.
//! - **Truncation** (shorter than what was read, or a different beginning): the file is sent from its beginning.
//!   What was read from it but not acked is still sent and acked over the present connection, but cannot be sent
//!   again after it breaks; that loss is logged in bytes.
//! - **Not there**, or deleted: waited for.
//! - A last line without newline waits for its newline. Only of a line longer than 256 KiB parts are sent before.
//!
//! With [`Options::once`], and always for a pipe, the end of the input is the end of the run: a last line without
//! newline is sent as it is, and the run ends when all lines are acked and, if there was such a last line, the
//! collector has acked it or closed.

#![forbid(unsafe_code)]

mod acks;
mod checkpoint;
mod cursor;
mod disk;
mod error;
mod followed;
mod follower;
mod listener;
mod locate;
mod options;
mod pending;
mod server;
mod session;
mod source;
mod spool;
mod stats;
mod stop;
mod window;

pub use error::ServeError;
pub use options::{Input, Options};
pub use server::Server;
pub use stats::{Stats, Summary};
pub use stop::StopFlag;
