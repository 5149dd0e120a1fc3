use std::fmt;

/// How an entry's first and last bytes belong to rows. Bytes between two newlines are always a row of their
/// own.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct EntryFlags(u8);

impl EntryFlags {
    /// The entry ends with a newline and begins with a new line.
    pub const NONE: Self = Self(0);
    /// The first row's earlier bytes are in the entry that the link names. Set by [`crate::Batch::begin`].
    pub const CONTINUES: Self = Self(1);
    /// The bytes behind the last newline are an unfinished piece that goes on in a later entry.
    pub const OPEN: Self = Self(2);
    /// The bytes behind the last newline end a row cut at the longest length of a line. The line goes on.
    pub const SPLIT_END: Self = Self(4);
    /// The first row is a later part of a split line.
    pub const AFTER_SPLIT: Self = Self(8);
    /// The bytes behind the last newline are a row that the connection's end left without one.
    pub const UNTERMINATED: Self = Self(16);

    /// The flags of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when all of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// True when the bytes behind the last newline are a row.
    pub(crate) const fn ends_with_row(self) -> bool {
        self.0 & (Self::SPLIT_END.0 | Self::UNTERMINATED.0) != 0
    }
}

impl fmt::Debug for EntryFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = ["CONTINUES", "OPEN", "SPLIT_END", "AFTER_SPLIT", "UNTERMINATED"];
        let set = names.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1);
        f.debug_set().entries(set.map(|(_, name)| name)).finish()
    }
}
