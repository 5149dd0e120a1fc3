use std::io::{self, Read};

/// More is no answer to a batch, in bytes.
pub(crate) const FRAME_MAX: usize = 64 << 20;
const READ: usize = 64 << 10;
/// More memory is not kept for the next one, in bytes.
const KEPT: usize = 1 << 20;

/// Frames out of a stream of bytes. Owns the bytes of an unfinished one, at most [`FRAME_MAX`] and one read.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    bytes: Vec<u8>,
    from: usize,
}

/// No worker of ours says so much at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl Frames {
    /// Reads once. Zero bytes mean the end.
    pub(crate) fn read(&mut self, source: &mut impl Read) -> io::Result<usize> {
        if self.from > 0 {
            self.bytes.drain(..self.from);
            self.from = 0;
        }
        if self.bytes.is_empty() && self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
        let had = self.bytes.len();
        // What is announced is read at once, but memory is taken only for what comes.
        let more = self.announced().map_or(READ, |all| (all.min(FRAME_MAX) + 4).saturating_sub(had));
        self.bytes.resize(had + more.clamp(READ, had.max(4 * READ)), 0);
        let got = source.read(&mut self.bytes[had..]);
        self.bytes.truncate(had + got.as_ref().copied().unwrap_or(0));
        got
    }

    /// The next whole frame: its letter and its body.
    pub(crate) fn next(&mut self) -> Result<Option<(u8, &[u8])>, TooLong> {
        let Some(length) = self.announced() else { return Ok(None) };
        if length == 0 || length > FRAME_MAX {
            return Err(TooLong);
        }
        let start = self.from + 4;
        if self.bytes.len() < start + length {
            return Ok(None);
        }
        self.from = start + length;
        Ok(Some((self.bytes[start], &self.bytes[start + 1..start + length])))
    }

    fn announced(&self) -> Option<usize> {
        let head = self.bytes.get(self.from..self.from + 4)?;
        Some(u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize)
    }
}
