//! Text that ends: behind a URL, in a file, or on stdin. It is handed to the collector as a peer would send it, so it is stored, acked
//! and printed like any other line; and what is acked is what need not be fetched again.
//!
//! ```text
//!            thread `download`                      event loop
//!  URL ──► client ──► unpack ──► sink ══ socket pair ══► peer ──► journal
//!                                  ▲                       │
//!               flight: what is not acked ◄── `ACK\n` ─────┘   (thread `acks`, which keeps the place)
//! ```
//!
//! # Promises
//!
//! - Every line is handed over at least once. After a broken connection a download goes on at the very byte (`Range` with `If-Range`); after
//!   a restart of the program behind the last line that was kept as acked, so lines of about a second come again after a crash.
//! - A text that has changed meanwhile, or that cannot be resumed, is begun anew, and that is said. Lines that came before stay.
//! - gzip and zstd are unpacked as they come, by `Content-Encoding` and by the name (`.gz`, `.zst`). After a restart such a text
//!   is received from its beginning, and what was acked is left out.
//! - A last line without a newline gets one.
//!
//! # Limits
//!
//! | | |
//! |---|---|
//! | memory | [`MEMORY_BYTES`] for each input, however long it is |
//! | lines in flight | 65,536 |
//! | redirects | 10 for each request |
//! | attempts that bring nothing | 10 in a row, with exponential backoff up to 30 s |
//! | window of zstd | 8 MiB |
#![forbid(unsafe_code)]

mod acks;
mod answer;
mod checkpoint;
mod decode;
mod error;
mod fetch;
mod flight;
mod input;
mod local;
mod shared;
mod sink;

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::checkpoint::Checkpoint;
use crate::fetch::Fetch;
use crate::shared::Shared;
use crate::sink::Sink;

pub use error::DownloadError;
pub use input::Input;
pub use shared::Progress;

/// The most memory that one input takes, in bytes: the window of zstd, what the client reads at once, and lines in flight.
pub const MEMORY_BYTES: u64 = 12 << 20;

/// What the collector must answer to each line.
pub const ACK: &[u8] = acks::ACK;

/// An input that is being handed over.
///
/// What it owns: the threads `download` and `acks`. What bounds it: [`MEMORY_BYTES`]. It ends when everything is acked, when it has
/// failed for good, or when the collector closes its end of the socket; [`Download::has_ended`] tells, and [`Download::finish`] how.
#[derive(Debug)]
pub struct Download {
    name: String,
    shared: Arc<Shared>,
    thread: JoinHandle<Result<(), DownloadError>>,
}

impl Download {
    /// Begins. `stream` leads to the collector; how far a URL is, is kept below `data_dir`.
    ///
    /// # Errors
    /// When the place of an earlier run cannot be read, or there is no thread.
    pub fn start(input: Input, data_dir: &Path, stream: UnixStream) -> Result<Self, DownloadError> {
        let name = input.name();
        let failed = |why: std::io::Error| DownloadError::Start { name: name.clone(), why: why.to_string() };
        let (checkpoint, place) = match &input {
            Input::Url(url) => {
                let opened = Checkpoint::open(data_dir, url, &name);
                let opened =
                    opened.map_err(|source| DownloadError::Checkpoint { name: name.clone(), source })?;
                (Some(opened.0), opened.1)
            }
            Input::File(_) | Input::Stdin => (None, None),
        };
        let shared = Shared::new(place.as_ref().map_or(0, |place| place.offset));
        let answers = stream.try_clone().map_err(failed)?;
        let (theirs, own) = (Arc::clone(&shared), name.clone());
        let work = move || {
            let acked = Arc::clone(&theirs);
            let acks = Builder::new()
                .name("acks".to_owned())
                .spawn(move || acks::read(&answers, &acked, checkpoint))
                .map_err(|error| DownloadError::Start { name: own.clone(), why: error.to_string() })?;
            let close = stream.try_clone();
            let sink = Sink::new(stream, Arc::clone(&theirs));
            let given = match input {
                Input::Url(url) => {
                    Fetch::new(url, own.clone(), sink, Arc::clone(&theirs), place).and_then(Fetch::run)
                }
                Input::File(path) => local::file(&path, &own, sink, &theirs),
                Input::Stdin => local::stdin(&own, sink, &theirs),
            };
            if let Ok(close) = close {
                // Nothing more comes: the collector closes after its last ACK.
                let _ = close.shutdown(std::net::Shutdown::Write);
            }
            let _ = acks.join();
            given?;
            if theirs.lock().flight.is_empty() { Ok(()) } else { Err(DownloadError::Stopped { name: own }) }
        };
        let thread = Builder::new().name("download".to_owned()).spawn(work).map_err(failed)?;
        Ok(Self { name, shared, thread })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.shared.progress()
    }

    /// True when it is done or has failed.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits, at most so long, until what was acked is kept, once the collector has closed its end.
    pub fn settle(&self, within: Duration) {
        self.shared.pause(within);
    }

    /// Waits for its end: everything is acked. It comes by itself once the collector has closed its end.
    ///
    /// # Errors
    /// Why not everything is.
    pub fn finish(self) -> Result<(), DownloadError> {
        let panicked =
            || DownloadError::Start { name: self.name.clone(), why: "its thread has panicked".to_owned() };
        self.thread.join().unwrap_or_else(|_| Err(panicked()))
    }
}
