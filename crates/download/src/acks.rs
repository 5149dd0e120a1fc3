use std::io::{ErrorKind, Read as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use record::clock;
use wire::Answers;

use crate::checkpoint::Checkpoint;
use crate::shared::Shared;

/// What the collector answers to each line.
pub(crate) const ACK: &[u8] = b"ACK\n";

/// How long what was acked may go without being kept.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// Reads ACKs until the collector closes, and keeps how far it has come.
///
/// It is a thread of its own: the other one waits where text is given. What it owns: the other direction of the socket and the
/// checkpoint. What bounds it: 4 KiB of answers. It ends when the collector has closed, which it does after the last ACK. When the
/// checkpoint cannot be written, the download goes on, since lines are safe without it; it is said once.
pub(crate) fn read(mut stream: &UnixStream, shared: &Arc<Shared>, mut checkpoint: Option<Checkpoint>) {
    let (mut answers, mut bytes) = (Answers::new(ACK), [0; 4096]);
    let (mut saved, mut told) = (clock::monotonic(), false);
    // Only so that what was acked is kept also when nothing more is.
    let _ = stream.set_read_timeout(Some(SAVE_EVERY));
    let mut save = |shared: &Shared| {
        let Some(checkpoint) = &mut checkpoint else { return };
        let result = checkpoint.save(&shared.lock());
        if let Err(error) = result
            && !std::mem::replace(&mut told, true)
        {
            let file = checkpoint.path().display();
            tracing::warn!(%file, %error, "how far it is cannot be kept: lines would come again after a restart");
        }
    };
    loop {
        match stream.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => {
                let answered = answers.count(&bytes[..read]);
                if !shared.update(|state| state.flight.ack(answered.acks)) || answered.wrong {
                    tracing::error!("the collector answered what nobody asked for");
                    break;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(_) => break,
        }
        if clock::monotonic().saturating_sub(saved) >= SAVE_EVERY {
            save(shared);
            saved = clock::monotonic();
        }
    }
    save(shared);
    shared.update(|state| state.closed = true);
}
