use std::io::{self, BufReader, Read, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::SOCKET;
use super::frame::{self, Kind};
use super::request::Request;

/// Why a running collector did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// There is none.
    #[error("no collector runs in `{dir}`: {source}")]
    Nobody { dir: String, source: io::Error },
    #[error("the collector in `{dir}` did not answer: {source}")]
    Broken { dir: String, source: io::Error },
}

/// True when a collector runs on this data directory.
pub(crate) fn is_running(data_dir: &Path) -> bool {
    connect(data_dir).is_ok()
}

/// A connection to the collector that runs on this data directory.
pub(crate) fn connect(data_dir: &Path) -> Result<UnixStream, AskError> {
    let nobody = |source| AskError::Nobody { dir: data_dir.display().to_string(), source };
    UnixStream::connect(data_dir.join(SOCKET)).map_err(nobody)
}

/// Asks the collector that runs on this data directory.
pub(crate) fn ask(data_dir: &Path, request: &Request) -> Result<Answer, AskError> {
    let socket = connect(data_dir)?;
    let send = || {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        (&socket).write_all(&line)
    };
    send().map_err(|source| AskError::Broken { dir: data_dir.display().to_string(), source })?;
    Ok(Answer {
        input: BufReader::with_capacity(64 << 10, socket),
        payload: Vec::new(),
        event: Vec::new(),
        taken: 0,
        ended: false,
    })
}

/// What comes back. As a reader it gives the joined data; an answer that ends with a failure ends with that error.
///
/// What it owns: the connection; dropping it tells the collector to stop working on the answer. What bounds it: one frame, and one event.
pub(crate) struct Answer {
    input: BufReader<UnixStream>,
    payload: Vec<u8>,
    /// The event that was asked for last.
    event: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl Answer {
    /// Waits for what comes next for at most so long; then the answer ends with an error.
    pub(crate) fn patience(&self, time: Duration) -> io::Result<()> {
        self.input.get_ref().set_read_timeout(Some(time))
    }

    /// For whoever wants to end the answer while another thread waits for it.
    pub(crate) fn hang_up(&self) -> io::Result<HangUp> {
        self.input.get_ref().try_clone().map(HangUp)
    }

    /// The next event; `None` at the end.
    pub(crate) fn event(&mut self) -> io::Result<Option<&str>> {
        self.event.clear();
        loop {
            let frame = self.frame()?;
            self.taken = self.payload.len();
            match frame {
                None => return Ok(None),
                Some(Kind::Part) => self.event.extend_from_slice(&self.payload),
                Some(Kind::Event) => break,
                Some(_) => {}
            }
        }
        self.event.extend_from_slice(&self.payload);
        std::str::from_utf8(&self.event).map(Some).map_err(io::Error::other)
    }

    fn frame(&mut self) -> io::Result<Option<Kind>> {
        if self.ended {
            return Ok(None);
        }
        self.taken = 0;
        match frame::read(&mut self.input, &mut self.payload) {
            Ok(Kind::End) => {
                self.ended = true;
                Ok(None)
            }
            Ok(Kind::Failed) => {
                self.ended = true;
                Err(io::Error::other(String::from_utf8_lossy(&self.payload).into_owned()))
            }
            Ok(kind) => Ok(Some(kind)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(io::Error::new(error.kind(), "the collector went away before the answer was complete"))
            }
            Err(error) => Err(error),
        }
    }
}

/// Ends an answer when it is dropped, also while somebody waits for it.
pub(crate) struct HangUp(UnixStream);

impl Drop for HangUp {
    fn drop(&mut self) {
        // One that has ended needs no end.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.payload.len() {
            match self.frame()? {
                None => return Ok(0),
                Some(Kind::Data) => {}
                Some(_) => self.taken = self.payload.len(),
            }
        }
        let taken = buffer.len().min(self.payload.len() - self.taken);
        buffer[..taken].copy_from_slice(&self.payload[self.taken..self.taken + taken]);
        self.taken += taken;
        Ok(taken)
    }
}
