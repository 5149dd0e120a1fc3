//! One of the files that a followed path named, one after the other.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use crate::cursor::{Cursor, FileId, Head};

/// How long a rotated file has to stay at its end before the next one begins: its writer may still have it open.
pub(crate) const ROTATE_WAIT: Duration = Duration::from_secs(1);

/// One file, open: it is read to its end even when its name is gone. It owns the descriptor and no line data, and
/// is dropped when all of it is acked and another file follows.
///
/// Its offsets count what is sent of it: its bytes, and the newline its last line may lack.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) file: File,
    pub(crate) id: FileId,
    head: Head,
    /// All before this is acked. Always a line's beginning.
    acked: u64,
    /// All before this was read since the last rewind.
    read: u64,
    /// The furthest that was ever read.
    seen: u64,
    /// The last byte read was not a newline.
    in_line: bool,
    /// Where it ends, once that was reached and nothing more is expected.
    end: Option<u64>,
    /// Since when it is at its end with another file behind it.
    quiet_since: Option<Duration>,
    /// It was seen quiet for long enough, so it need not be waited for again after a rewind.
    was_quiet: bool,
    /// It was truncated: its bytes are not there any more.
    truncated: bool,
}

impl Followed {
    /// Follows a file from its beginning.
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let id = FileId::of(&file.metadata()?);
        Ok(Self::at(file, Cursor { id, head: Head::default(), offset: 0 }))
    }

    /// Follows a file from where another run stood in it.
    pub(crate) fn at(file: File, cursor: Cursor) -> Self {
        let Cursor { id, head, offset } = cursor;
        Self {
            file,
            id,
            head,
            acked: offset,
            read: offset,
            seen: offset,
            in_line: false,
            end: None,
            quiet_since: None,
            was_quiet: false,
            truncated: false,
        }
    }

    /// Reads on. 0 is the end, for now.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.truncated || self.end.is_some() {
            return Ok(0);
        }
        let n = loop {
            match self.file.read_at(buffer, self.read) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if n > 0 {
            self.read += n as u64;
            self.in_line = buffer[n - 1] != b'\n';
            self.quiet_since = None;
            self.seen = self.seen.max(self.read);
            if self.head.may_grow(self.seen) {
                self.head = Head::of(&self.file, self.seen)?.unwrap_or(self.head);
            }
        }
        Ok(n)
    }

    /// Whether a file that is at its end, and behind which another one waits, can be taken as complete.
    pub(crate) fn is_quiet(&mut self, now: Duration) -> bool {
        let since = *self.quiet_since.get_or_insert(now);
        self.was_quiet |= self.truncated || now.saturating_sub(since) >= ROTATE_WAIT;
        self.was_quiet
    }

    /// Nothing more is read from it. Gives the newline to send when its last line has none.
    pub(crate) fn finish(&mut self) -> Option<u8> {
        let newline = self.in_line.then_some(b'\n');
        self.end = Some(self.read + u64::from(self.in_line));
        self.in_line = false;
        newline
    }

    /// Takes as many of `bytes` acked bytes as are of this file; gives the number of those that are of the next.
    pub(crate) fn acked(&mut self, bytes: u64) -> u64 {
        let here = bytes.min(self.end.unwrap_or(self.read) - self.acked);
        self.acked += here;
        bytes - here
    }

    /// Whether it was read to its end and all of it is acked.
    pub(crate) fn is_done(&self) -> bool {
        self.end == Some(self.acked)
    }

    /// Goes back to the first unacked byte. Gives how many bytes are lost because it was truncated.
    pub(crate) fn rewind(&mut self) -> u64 {
        let unacked = self.end.unwrap_or(self.read) - self.acked;
        (self.read, self.end, self.in_line) = (self.acked, None, false);
        if self.truncated { unacked } else { 0 }
    }

    /// Whether what was read before is not in the file any more; it is then to be followed from its beginning.
    pub(crate) fn was_truncated(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.len() < self.seen || !self.head.is_of(&self.file)?)
    }

    /// Gives what follows a truncation: the same file, from its beginning.
    pub(crate) fn truncate(&mut self) -> io::Result<Self> {
        let again = Self::new(self.file.try_clone()?)?;
        self.truncated = true;
        Ok(again)
    }

    /// The first unacked byte, if it is there.
    pub(crate) fn cursor(&self) -> Option<Cursor> {
        (!self.truncated).then_some(Cursor { id: self.id, head: self.head, offset: self.acked })
    }
}
