use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use super::inputs::{Event, thread};
use super::model::PEERS_MAX;
use crate::control::client::{AskError, ask};
use crate::control::request::Request;
use crate::control::{Peer, Status};

/// So many peers come at once.
const PEERS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(500).expect("more than none");

/// A collector that says nothing for so long is said not to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the collector how it is, whenever it is told to.
///
/// What it owns: a thread, and a connection while it asks. What bounds it: one question at a time, the peers of [`PEERS_MAX`], and the
/// text of [`PEERS_AT_ONCE`] of them. It ends when it is dropped, at the latest when [`PATIENCE`] is over; that there is no answer is an
/// answer.
pub(super) struct Asker {
    questions: SyncSender<()>,
}

impl Asker {
    pub(super) fn start(dir: PathBuf, events: &SyncSender<Event>) -> io::Result<Self> {
        let (questions, asked) = sync_channel(1);
        thread("asker", events, move |events| {
            while asked.recv().is_ok() {
                let answer = status(&dir).map(Box::new).map_err(|error| error.to_string());
                if events.send(Event::Answer(answer)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { questions })
    }

    /// Its answer comes as an event.
    pub(super) fn ask(&self) {
        // One that waits already is as good.
        let _ = self.questions.try_send(());
    }
}

#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error("{0}")]
    Ask(#[from] AskError),
    #[error("the collector does not answer: {0}")]
    Answer(#[from] io::Error),
    #[error("the answer is not understood: {0}")]
    Json(#[from] serde_json::Error),
}

fn status(dir: &Path) -> Result<Status, LookError> {
    let mut answer = ask(dir, &Request::Status { peers_at_once: Some(PEERS_AT_ONCE) })?;
    answer.patience(PATIENCE)?;
    let mut status: Status = serde_json::from_str(answer.event()?.unwrap_or_default())?;
    while let Some(some) = answer.event()? {
        let some: Vec<Peer> = serde_json::from_str(some)?;
        let room = PEERS_MAX.saturating_sub(status.peers.len());
        status.peers.extend(some.into_iter().take(room));
    }
    Ok(status)
}
