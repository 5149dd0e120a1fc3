//! A pipe as a source: what it gave is kept until it is acked.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::ServeError;
use crate::cursor::Cursor;
use crate::pending;
use crate::source::{Got, Source};

/// The longest line of a pipe that is kept, whatever the window: 64 MiB.
const LINE_MAX: usize = 64 << 20;

/// Owns a pipe and the bytes of it that are not acked. They are bounded by the window and the pending buffer, except
/// for one line longer than the window, which is bounded by 64 MiB: beyond that reading fails.
pub(crate) struct Spool {
    pipe: File,
    kept: VecDeque<u8>,
    /// How many of the kept bytes were read since the last rewind.
    read: usize,
    line_max: usize,
    /// The pipe gave its end: a terminal gives it once only.
    ended: bool,
}

impl Spool {
    /// `window_bytes` is what may be in flight.
    pub(crate) fn new(pipe: OwnedFd, window_bytes: usize) -> Self {
        Self::with_line_max(pipe, window_bytes.max(LINE_MAX))
    }

    fn with_line_max(pipe: OwnedFd, line_max: usize) -> Self {
        Self { pipe: File::from(pipe), kept: VecDeque::new(), read: 0, line_max, ended: false }
    }

    fn read_kept(&mut self, buffer: &mut [u8]) -> usize {
        let (front, back) = self.kept.as_slices();
        let (kept, from) = match self.read.checked_sub(front.len()) {
            None => (front, self.read),
            Some(into_back) => (back, into_back),
        };
        let n = (kept.len() - from).min(buffer.len());
        buffer[..n].copy_from_slice(&kept[from..from + n]);
        self.read += n;
        n
    }

    fn read_pipe(&mut self, buffer: &mut [u8]) -> Result<Got, ServeError> {
        if self.ended {
            return Ok(Got::End);
        }
        let failed = |source| ServeError::Read { input: "standard input".to_owned(), source };
        let mut ready = [PollFd::new(&self.pipe, PollFlags::IN)];
        // An interrupted poll says nothing; the next turn asks again.
        if poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap_or(0) == 0 {
            return Ok(Got::Nothing);
        }
        match self.pipe.read(buffer) {
            Ok(0) => {
                self.ended = true;
                Ok(Got::End)
            }
            Ok(n) if self.kept.len() + n > self.line_max + pending::CAPACITY => {
                Err(ServeError::LineTooLong { max: self.line_max })
            }
            Ok(n) => {
                self.kept.extend(&buffer[..n]);
                self.read += n;
                Ok(Got::Bytes(n))
            }
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {
                Ok(Got::Nothing)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

impl Source for Spool {
    fn look(&mut self, _now: Duration) -> Result<(), ServeError> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Got, ServeError> {
        match self.read_kept(buffer) {
            0 => self.read_pipe(buffer),
            n => Ok(Got::Bytes(n)),
        }
    }

    fn acked(&mut self, bytes: u64) {
        // What is acked was read, so it is kept and fits a `usize`.
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(self.read);
        self.kept.drain(..bytes);
        self.read -= bytes;
    }

    fn rewind(&mut self) -> u64 {
        self.read = 0;
        0
    }

    fn cursor(&self) -> Option<Cursor> {
        None
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.pipe.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::Spool;
    use crate::source::{Got, Source};
    use crate::{ServeError, pending};

    #[test]
    fn gives_again_what_is_not_acked() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut spool = Spool::new(reader.into(), 1 << 20);
        let mut buffer = [0; 5];
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::Nothing);

        writer.write_all(b"one\ntwo\n").unwrap();
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::Bytes(5));
        spool.acked(4);
        assert_eq!(spool.rewind(), 0);
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::Bytes(1), "what is kept first");
        assert_eq!(&buffer[..1], b"t");
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::Bytes(3));
        assert_eq!(&buffer[..3], b"wo\n");

        drop(writer);
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::End);
        spool.rewind();
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::Bytes(4));
        assert_eq!(spool.read(&mut buffer).unwrap(), Got::End);
    }

    #[test]
    fn keeps_no_more_than_its_bound() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut spool = Spool::with_line_max(reader.into(), 1_000);
        let mut buffer = [0; 4096];
        for _ in 0..pending::CAPACITY / 4096 {
            writer.write_all(&[b'x'; 4096]).unwrap();
            assert_eq!(spool.read(&mut buffer).unwrap(), Got::Bytes(4096));
        }
        writer.write_all(&[b'x'; 1_001]).unwrap();
        assert!(matches!(spool.read(&mut buffer), Err(ServeError::LineTooLong { max: 1_000 })));
    }
}
