use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::chunk::{Chunk, turn};
use super::tap::{Place, Tap};
use crate::Tail;

/// How often it is looked whether anybody is left.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// Chunks that wait for the follower.
const AHEAD: usize = 2;

/// What one who goes through the past is told.
pub(super) enum Passed {
    Chunk(Arc<Chunk>),
    /// What comes next is in the ring.
    Joined(Place),
    Ended(String),
}

/// Goes through the past for one follower, until the ring has what comes next.
///
/// What it owns: a thread, and the tail. What bounds it: the tail's own memory, and two chunks. How it stops: when the ring has what
/// comes next, or nobody listens. When the past cannot be read, the follower is told.
pub(super) fn start(
    tap: Arc<Tap>,
    tail: Box<dyn Tail>,
    permit: OwnedSemaphorePermit,
) -> io::Result<mpsc::Receiver<Passed>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    std::thread::Builder::new().name("catch-up".to_owned()).spawn(move || {
        let _permit = permit;
        run(&tap, tail, &sender);
    })?;
    Ok(receiver)
}

fn run(tap: &Arc<Tap>, mut tail: Box<dyn Tail>, sender: &mpsc::Sender<Passed>) {
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    while !sender.is_closed() {
        if let Some(place) = tap.join(tail.position()) {
            // Who has gone needs no place.
            let _ = sender.blocking_send(Passed::Joined(place));
            return;
        }
        let any = turn(&mut *tail, HEARTBEAT, &mut |chunk| {
            sender.blocking_send(Passed::Chunk(Arc::new(chunk))).map_err(|_| gone())
        });
        let ended = match any {
            Ok(Some(_)) => continue,
            Ok(None) => "the collector is stopping".to_owned(),
            Err(error) => error.to_string(),
        };
        let _ = sender.blocking_send(Passed::Ended(ended));
        return;
    }
}
