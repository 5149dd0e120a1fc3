use record::Position;

/// A place in the journal and the file's length there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) position: Position,
    pub(super) length: u64,
}

impl Mark {
    pub(super) fn encode(self) -> String {
        let text =
            format!("catchment file output, format 1\nposition {}\nlength {}\n", self.position, self.length);
        let checksum = crc32c::crc32c(text.as_bytes());
        format!("{text}checksum {checksum:08x}\n")
    }

    /// What [`Mark::encode`] wrote; anything else is `None`.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut lines = str::from_utf8(bytes).ok()?.lines();
        let mut number = |name: &str| lines.find_map(|line| line.strip_prefix(name))?.parse().ok();
        let mark = Self { position: Position(number("position ")?), length: number("length ")? };
        (mark.encode().as_bytes() == bytes).then_some(mark)
    }
}
