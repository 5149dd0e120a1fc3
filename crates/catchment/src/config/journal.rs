use std::time::Duration;

use super::keys;
use super::problem::{Report, Reported};
use super::read::{Read, Table, both};
use super::value::{bytes, choice, memory, period};
use crate::units::Bytes;

/// `[journal]`: the durable queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Journal {
    /// The size of a segment file in bytes: 1 MiB to 1 GiB.
    pub(crate) segment_bytes: u64,
    /// What the segments may take on disk together, in bytes: at least four of them, at most 1024 TiB.
    pub(crate) bytes_max: u64,
    /// What happens when they take it all.
    pub(crate) at_cap: AtCap,
    /// What is read already stays as long as all segments take at most so much, in bytes: at most `bytes_max` less two segments.
    pub(crate) keep_bytes: u64,
    /// How long a commit may wait for more lines: 0 to 100 ms.
    pub(crate) hold_back: Duration,
    /// The memory one batch is gathered in, in bytes: 64 KiB to 4 MiB, at most half a segment.
    pub(crate) batch_bytes: usize,
}

/// What happens when the journal has reached `bytes_max`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtCap {
    /// No peer is read until there is room.
    Block,
    /// The oldest segment goes, read or not, and is counted.
    DropOldest,
}

/// The section as it is written.
pub(super) struct Written {
    segment_bytes: Read<u64>,
    bytes_max: Read<u64>,
    at_cap: Read<AtCap>,
    keep_bytes: Read<u64>,
    hold_back: Read<Duration>,
    pub(super) batch_bytes: Read<usize>,
}

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const SEGMENTS_MIN: u64 = 4;

impl Written {
    pub(super) fn read(table: &Table<'_>) -> Self {
        table.refuse_unknown(&keys::JOURNAL);
        let bytes_max = bytes(SEGMENTS_MIN * MIB..=1024 * 1024 * GIB);
        let at_cap = choice(&[("block", AtCap::Block), ("drop_oldest", AtCap::DropOldest)]);
        let hold_back = period(Duration::ZERO..=Duration::from_millis(100));
        Self {
            segment_bytes: table.get_or("segment_bytes", 64 * MIB, bytes(MIB..=GIB)),
            bytes_max: table.get_or("bytes_max", 16 * GIB, bytes_max),
            at_cap: table.get_or("at_cap", AtCap::Block, at_cap),
            keep_bytes: table.get_or("keep_bytes", 0, bytes(0..=1024 * 1024 * GIB)),
            hold_back: table.get_or("hold_back", Duration::from_millis(1), hold_back),
            batch_bytes: table.get_or("batch_bytes", 4 << 20, memory(64 << 10..=4 << 20)),
        }
    }

    pub(super) fn check(self, report: &Report) -> Result<Journal, Reported> {
        if let Some((segment, cap)) = both(&self.segment_bytes, &self.bytes_max)
            && cap.value / SEGMENTS_MIN < segment.value
        {
            let message = format!(
                "`bytes_max`, {}, has no room for {SEGMENTS_MIN} segments of `segment_bytes`, {}",
                Bytes(cap.value),
                Bytes(segment.value)
            );
            report.add(cap.blame(segment), message, "raise the first or lower the second");
        }
        if let Some((segment, cap)) = both(&self.segment_bytes, &self.bytes_max)
            && let Ok(keep) = &self.keep_bytes
            && keep.value > cap.value.saturating_sub(2 * segment.value)
        {
            let message = format!(
                "`keep_bytes`, {}, leaves no room for two segments below `bytes_max`, {}",
                Bytes(keep.value),
                Bytes(cap.value)
            );
            report.add(keep.blame(cap), message, "lower the first or raise the second");
        }
        if let Some((segment, batch)) = both(&self.segment_bytes, &self.batch_bytes)
            && segment.value / 2 < batch.value as u64
        {
            let message = format!(
                "`batch_bytes`, {}, is more than half of `segment_bytes`, {}",
                Bytes(batch.value as u64),
                Bytes(segment.value)
            );
            report.add(batch.blame(segment), message, "lower the first or raise the second");
        }
        Ok(Journal {
            segment_bytes: self.segment_bytes?.value,
            bytes_max: self.bytes_max?.value,
            at_cap: self.at_cap?.value,
            keep_bytes: self.keep_bytes?.value,
            hold_back: self.hold_back?.value,
            batch_bytes: self.batch_bytes?.value,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AtCap, GIB, Journal, MIB};
    use crate::config::testing::{config, problems};

    fn defaults() -> Journal {
        Journal {
            segment_bytes: 64 * MIB,
            bytes_max: 16 * GIB,
            at_cap: AtCap::Block,
            keep_bytes: 0,
            hold_back: Duration::from_millis(1),
            batch_bytes: 4 << 20,
        }
    }

    #[test]
    fn values() {
        for (text, journal) in [
            ("", defaults()),
            ("[journal]", defaults()),
            ("journal.hold_back = '0ms'", Journal { hold_back: Duration::ZERO, ..defaults() }),
            ("journal = { at_cap = 'drop_oldest' }", Journal { at_cap: AtCap::DropOldest, ..defaults() }),
            (
                "[journal]\nsegment_bytes = 1048576\nbytes_max = '4 MiB'\nbatch_bytes = '64 KiB'",
                Journal { segment_bytes: MIB, bytes_max: 4 * MIB, batch_bytes: 64 << 10, ..defaults() },
            ),
            (
                "[journal]\nsegment_bytes = '1 GiB'\nbytes_max = '1024 TiB'\nbatch_bytes = '4 MiB'\nhold_back = '100ms'",
                Journal {
                    segment_bytes: GIB,
                    bytes_max: 1 << 50,
                    batch_bytes: 4 << 20,
                    hold_back: Duration::from_millis(100),
                    ..defaults()
                },
            ),
        ] {
            assert_eq!(config(text).journal, journal, "{text}");
        }
    }

    #[test]
    fn mistakes() {
        for (text, expected) in [
            ("journal = 3", "a:1: journal: expected a table; write `[journal]`"),
            ("[[journal]]", "a:1: journal: expected a table; write `[journal]`"),
            (
                "[journal]\nsegment_byte = 1",
                "a:2: journal.segment_byte: unknown key; did you mean `segment_bytes`?",
            ),
            (
                "[journal]\nsegment_bytes = 0",
                "a:2: journal.segment_bytes: `0` is out of range; write 1 MiB to 1 GiB",
            ),
            (
                "[journal]\nsegment_bytes = '2 GiB'",
                "a:2: journal.segment_bytes: `2 GiB` is out of range; write 1 MiB to 1 GiB",
            ),
            (
                "[journal]\nbytes_max = '1025 TiB'",
                "a:2: journal.bytes_max: `1025 TiB` is out of range; write 4 MiB to 1024 TiB",
            ),
            (
                "[journal]\nbytes_max = '255 MiB'",
                "a:2: journal.bytes_max: `bytes_max`, 255 MiB, has no room for 4 segments of `segment_bytes`, 64 MiB; \
                 raise the first or lower the second",
            ),
            (
                "[journal]\nsegment_bytes = '1 MiB'",
                "a:2: journal.segment_bytes: `batch_bytes`, 4 MiB, is more than half of `segment_bytes`, 1 MiB; \
                 lower the first or raise the second",
            ),
            (
                "[journal]\nbytes_max = '1 GiB'\nkeep_bytes = '1 GiB'",
                "a:3: journal.keep_bytes: `keep_bytes`, 1 GiB, leaves no room for two segments below `bytes_max`, 1 GiB; \
                 lower the first or raise the second",
            ),
            (
                "[journal]\nat_cap = 'drop'",
                "a:2: journal.at_cap: expected one of `\"block\"`, `\"drop_oldest\"`, found `drop`",
            ),
            (
                "[journal]\nat_cap = false",
                "a:2: journal.at_cap: expected one of `\"block\"`, `\"drop_oldest\"`, found a boolean",
            ),
            (
                "[journal]\nhold_back = '101ms'",
                "a:2: journal.hold_back: `101ms` is out of range; write 0s to 100ms",
            ),
            (
                "[journal]\nhold_back = 1",
                "a:2: journal.hold_back: expected a duration such as `\"10s\"`, found an integer",
            ),
            (
                "[journal]\nbatch_bytes = '1 MB'",
                "a:2: journal.batch_bytes: `1 MB` is not a size: write a whole number and B, KiB, MiB, GiB or TiB, \
                 such as `64 MiB`",
            ),
            (
                "[journal]\nbatch_bytes = 1.5",
                "a:2: journal.batch_bytes: expected a size such as `\"64 MiB\"`, found a float",
            ),
            (
                "[journal]\nbatch_bytes = -1",
                "a:2: journal.batch_bytes: `-1` is out of range; write 64 KiB to 4 MiB",
            ),
        ] {
            assert_eq!(problems(text), expected, "{text}");
        }
    }
}
