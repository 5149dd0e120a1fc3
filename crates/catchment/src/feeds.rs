//! What `collect` reads itself, beside the servers that it dials: URLs, files, stdin.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use download::{Download, DownloadError, Input, Progress};
use wire::AckText;

use crate::app::App;

/// Each read takes so much: the other end is in this process, and there are few of them.
const CHUNK_BYTES: usize = 16 << 10;

/// How long the end of the program waits until it is kept what was acked.
const SETTLE: Duration = Duration::from_secs(2);

/// What is being handed over by this process.
///
/// What it owns: an input each, and a socket pair between it and an event loop. What bounds it: the command line names them. They stop when
/// the loops close their ends. One that fails is told in the log, and the others go on.
#[derive(Default)]
pub(crate) struct Feeds {
    active: Vec<Download>,
    any: bool,
    failed: bool,
}

/// Why an input cannot be begun with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FeedError {
    #[error(transparent)]
    Download(#[from] DownloadError),
    #[error("cannot make a socket pair: {0}")]
    Socket(#[from] std::io::Error),
}

impl Feeds {
    /// Begins with all of them, as peers of a source.
    pub(crate) fn start(&mut self, app: &App, source: &str, inputs: Vec<Input>) -> Result<(), FeedError> {
        let source = Arc::new(net::Source {
            name: source.into(),
            chunk_bytes: CHUNK_BYTES,
            line_bytes_max: 1 << 20,
            ack: Some(AckText::new(download::ACK)),
            idle_timeout: None,
            keepalive: None,
            peers_max: inputs.len(),
            dial: net::DialOptions::default(),
            counters: net::SourceCounters::default(),
        });
        for input in inputs {
            let (ours, theirs) = UnixStream::pair()?;
            app.net().adopt(&source, &input.name(), theirs)?;
            self.active.push(Download::start(input, &app.config().data_dir, ours)?);
            self.any = true;
        }
        Ok(())
    }

    /// Looks which have ended, and tells how.
    pub(crate) fn look(&mut self) {
        let (ended, active) = std::mem::take(&mut self.active).into_iter().partition(Download::has_ended);
        self.active = active;
        for download in ended {
            let (input, lines) = (download.name().to_owned(), download.progress().lines);
            match download.finish() {
                Ok(()) => tracing::info!(input, lines, "complete: every line is stored and synced"),
                Err(error) => {
                    self.failed = true;
                    tracing::error!(lines, "{error}");
                }
            }
        }
    }

    /// True when there were some.
    pub(crate) fn any(&self) -> bool {
        self.any
    }

    /// True when none is being handed over any more.
    pub(crate) fn have_ended(&self) -> bool {
        self.active.is_empty()
    }

    /// True when one could not be handed over whole.
    pub(crate) fn have_failed(&self) -> bool {
        self.failed
    }

    /// How far each is, by name.
    pub(crate) fn progress(&self) -> Vec<(String, Progress)> {
        self.active.iter().map(|download| (download.name().to_owned(), download.progress())).collect()
    }

    /// The loops have closed their ends: what was acked is kept for the next run.
    pub(crate) fn settle(&self) {
        self.active.iter().for_each(|download| download.settle(SETTLE));
    }
}
