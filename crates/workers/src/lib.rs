//! Python handlers: the user's function runs in worker processes, a pool of them.
//!
//! ```text
//!                ┌──────── thread `python-NAME` ────────┐
//! Pool::submit ──► jobs ─► schedule ─► worker ◄─socket─►│ process: python3, its own group
//! Pool::collect ◄─ replies ◄───────────┘ ◄─── pipe ─────│ what it prints ─► log
//!                └──────────────────────────────────────┘
//! ```
//!
//! A batch is cut into jobs, which go to whichever worker has room, and comes back whole and in order. The interpreter is given the
//! runtime (`python/catchment`) over its socket: nothing has to be installed, and no file is written.
//!
//! # Promises
//!
//! - A line that a handler raises an exception on stays as it is, and gets the fields `error.stage` (`python`) and
//!   `error.reason` (the last line of the traceback). The others go on.
//! - A worker that ends, gets no line done for [`Spec::timeout`], prints without end or takes too much memory is killed, with what
//!   it has started, and another one is started after a while. Its jobs are tried once more, each alone; then their lines pass
//!   as they are, with the reason.
//! - If no worker can start, lines wait.
//! - No worker outlives this process, however that ends.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | job | 1024 lines or 128 KiB of text, or one line if that is longer; fewer lines so that every worker has some |
//! | in hand | two jobs of each worker; two more are ready for it |
//! | answer | 64 MiB; 10,000 records for one line, 1024 fields of a record, names of 255 bytes, 16 levels |
//! | reason, traceback | 1000 characters; 4 KiB, one a second from each worker, 8 kept |
//! | log | [`Spec::log_rate`] for each worker; lines of 8 KiB |
//! | memory here | for each worker four jobs as they are sent and 256 KiB; the batches that were submitted, with the answers |
//! | threads | one for each pool |
#![forbid(unsafe_code)]

mod apply;
mod backoff;
mod codec;
mod error;
#[cfg(feature = "fuzz")]
pub mod fuzz;
mod hand;
mod handle;
mod in_hand;
mod pool;
mod runtime;
mod schedule;
mod spec;
mod status;
mod supervisor;
mod watch;
mod worker;

pub use codec::Gives;
pub use error::{StartError, Stopped};
pub use hand::by_hand;
pub use handle::Handle;
pub use pool::{Pool, processors};
pub use spec::Spec;
pub use status::{End, Status};
pub use worker::About;
