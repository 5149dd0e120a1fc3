use std::fmt;

use crate::Micros;

/// A line's place in the journal: the address of its last byte. Grows along the journal, never repeats, and
/// stays the line's id wherever it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is to be known about a line beside its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFlags(u8);

impl LineFlags {
    /// The peer closed before it sent the newline. Such a line is kept, and not acked.
    pub const UNTERMINATED: Self = Self(1);
    /// One of several rows of a line longer than `line_bytes_max`; together they are one line with one ACK.
    pub const SPLIT: Self = Self(2);
    /// The line's earlier bytes are no longer in the journal: a retention policy dropped them.
    pub const HEAD_LOST: Self = Self(4);
    /// One of several records of lines that belong together, which were too many for one.
    pub const CUT: Self = Self(8);

    /// True when nothing is marked.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when all of `other` is marked.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The marks of both.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the marks, as they are printed.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, name)| name)
    }

    /// The marks that these names, joined by commas, stand for; a name that is none counts for nothing.
    pub fn from_names(names: &str) -> Self {
        let known = names.split(',').filter_map(|name| Self::NAMES.iter().find(|(_, known)| *known == name));
        known.fold(Self::default(), |flags, (flag, _)| flags.with(*flag))
    }

    const NAMES: [(Self, &'static str); 4] = [
        (Self::UNTERMINATED, "unterminated"),
        (Self::SPLIT, "split"),
        (Self::HEAD_LOST, "head_lost"),
        (Self::CUT, "cut"),
    ];
}

/// One line, as read back from the journal. Its bytes are borrowed from the reader and live until the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its place and id.
    pub position: Position,
    /// When its last piece was read from the socket.
    pub received: Micros,
    /// The name of the source it came through.
    pub source: &'a str,
    /// The target as the configuration writes it, or the remote address of an accepted connection.
    pub peer: &'a str,
    /// The bytes as sent, without the newline and one `\r` before it.
    pub bytes: &'a [u8],
    /// What else is known.
    pub flags: LineFlags,
}
