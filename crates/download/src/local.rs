//! Text of this machine: a file or stdin, once to its end.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use crate::DownloadError;
use crate::decode::Decoder;
use crate::shared::Shared;
use crate::sink::Sink;

/// So much is read at once, in bytes.
const READ_BYTES: usize = 64 << 10;

/// A file, from its beginning to where its end is then.
#[expect(clippy::disallowed_methods, reason = "a file of the user, which is only read")]
pub(crate) fn file(path: &Path, name: &str, sink: Sink, shared: &Arc<Shared>) -> Result<(), DownloadError> {
    let failed = |source| DownloadError::Read { name: name.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let total = file.metadata().map_err(failed)?.len();
    shared.update(|state| state.total = Some(total));
    give(file, name, sink, shared)
}

/// Standard input, until it ends.
pub(crate) fn stdin(name: &str, sink: Sink, shared: &Arc<Shared>) -> Result<(), DownloadError> {
    give(io::stdin().lock(), name, sink, shared)
}

fn give(mut from: impl Read, name: &str, sink: Sink, shared: &Arc<Shared>) -> Result<(), DownloadError> {
    let mut decoder = Decoder::named(name, sink);
    let mut buffer = vec![0; READ_BYTES];
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::BrokenPipe => DownloadError::Stopped { name: name.to_owned() },
        _ => DownloadError::Damaged { name: name.to_owned(), source },
    };
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                decoder.push(&buffer[..read]).map_err(failed)?;
                shared.update(|state| state.received += read as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => return Err(DownloadError::Read { name: name.to_owned(), source }),
        }
    }
    decoder.finish().and_then(Sink::complete).map_err(failed)
}
