//! A path as a source: the files it names, one after the other.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::{info, warn};

use crate::ServeError;
use crate::cursor::{Cursor, FileId};
use crate::followed::Followed;
use crate::locate::{locate, open_regular};
use crate::source::{Got, Source};

/// How often the path and the end of the file are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Rotated files that are kept open until they are acked. With more, the path is not looked at until one is done, and
/// files that came and went meanwhile are missed.
const FILES_MAX: usize = 256;

/// Follows a path through rotation and truncation. It owns the open files from the first unacked byte on, at most
/// 256, and no line data. A file that cannot be opened while running is waited for; one that cannot be read ends
/// the run.
#[derive(Debug)]
pub(crate) struct Follower {
    path: PathBuf,
    once: bool,
    /// Oldest first. The last one is what the path names, or named when it named something.
    files: VecDeque<Followed>,
    /// Index of the file being read; less than the number of files, if there are any.
    reading: usize,
    now: Duration,
    next_look: Duration,
    /// The end was reached: nothing to read before the next look.
    resting: bool,
    /// The trouble that was logged last, so that it is logged once.
    trouble: Option<String>,
}

impl Follower {
    /// Begins at the cursor, or at the path's beginning. With `once` the end of the last file is the end.
    pub(crate) fn new(path: &Path, once: bool, cursor: Option<Cursor>) -> Result<Self, ServeError> {
        let files = VecDeque::from(locate(path, cursor)?);
        if once && files.is_empty() {
            return Err(ServeError::Open { path: path.to_owned(), source: io::ErrorKind::NotFound.into() });
        }
        Ok(Self {
            path: path.to_owned(),
            once,
            files,
            reading: 0,
            now: Duration::ZERO,
            next_look: Duration::ZERO,
            resting: false,
            trouble: None,
        })
    }

    fn look_at_path(&mut self) -> Result<(), ServeError> {
        if self.files.len() >= FILES_MAX {
            self.say(format!("{FILES_MAX} rotated files wait to be sent; newer ones may be missed"));
            return Ok(());
        }
        if let Some(newest) = self.files.back_mut() {
            // A failing look is not the end: reading the file will tell.
            if newest.was_truncated().unwrap_or(false) {
                let again = newest.truncate().map_err(|source| read_error(&self.path, source))?;
                warn!(file = %self.path.display(), "was truncated: begins at its beginning");
                self.files.push_back(again);
            } else if fs::metadata(&self.path).is_ok_and(|metadata| FileId::of(&metadata) == newest.id) {
                self.trouble = None;
                return Ok(());
            }
        }
        match open_regular(&self.path).map(|file| file.map(Followed::new).transpose()) {
            Ok(Ok(None)) => self.say("not there, waiting for it".to_owned()),
            Ok(Ok(Some(file))) => self.found(file),
            Ok(Err(source)) => self.say(source.to_string()),
            Err(error) => self.say(error.to_string()),
        }
        Ok(())
    }

    fn found(&mut self, file: Followed) {
        let newest = self.files.back().map(|newest| newest.id);
        if newest != Some(file.id) {
            let what = if newest.is_some() { "was rotated: a new file follows" } else { "is there" };
            info!(file = %self.path.display(), "{what}");
            self.files.push_back(file);
        }
        self.trouble = None;
    }

    fn say(&mut self, trouble: String) {
        if self.trouble.as_ref() != Some(&trouble) {
            warn!(file = %self.path.display(), "{trouble}");
            self.trouble = Some(trouble);
        }
    }

    /// Drops files that are done.
    fn retire(&mut self) {
        while self.reading > 0 && self.files.front().is_some_and(Followed::is_done) {
            self.files.pop_front();
            self.reading -= 1;
        }
    }
}

impl Source for Follower {
    fn look(&mut self, now: Duration) -> Result<(), ServeError> {
        self.now = now;
        if now < self.next_look {
            return Ok(());
        }
        self.next_look = now + LOOK_EVERY;
        self.resting = false;
        if self.once { Ok(()) } else { self.look_at_path() }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Got, ServeError> {
        while !self.resting {
            let newest = self.reading + 1 == self.files.len();
            let Some(file) = self.files.get_mut(self.reading) else { break };
            let n = file.read(buffer).map_err(|source| read_error(&self.path, source))?;
            if n > 0 {
                return Ok(Got::Bytes(n));
            }
            if newest && self.once {
                return Ok(Got::End);
            }
            if newest || !(self.once || file.is_quiet(self.now)) {
                self.resting = true;
                break;
            }
            let newline = file.finish();
            self.reading += 1;
            self.retire();
            if let Some(newline) = newline {
                buffer[0] = newline;
                return Ok(Got::Bytes(1));
            }
        }
        Ok(Got::Nothing)
    }

    fn acked(&mut self, bytes: u64) {
        let mut bytes = bytes;
        for file in self.files.iter_mut().take(self.reading + 1) {
            bytes = file.acked(bytes);
        }
        debug_assert_eq!(bytes, 0, "more was acked than read");
        self.retire();
    }

    fn rewind(&mut self) -> u64 {
        let lost = self.files.iter_mut().map(Followed::rewind).sum();
        self.reading = 0;
        self.resting = false;
        lost
    }

    fn cursor(&self) -> Option<Cursor> {
        self.files.iter().find_map(Followed::cursor)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

fn read_error(path: &Path, source: io::Error) -> ServeError {
    ServeError::Read { input: path.display().to_string(), source }
}

#[cfg(test)]
mod tests;
