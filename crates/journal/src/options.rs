use crate::batch::PENDING_BATCHES_MAX;
use crate::format::{
    FRAME_BYTES_MAX, FRAME_HEADER_BYTES, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN, SEGMENT_HEADER_BYTES,
};

/// How a journal uses its disk and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Length of a segment file, from [`crate::SEGMENT_BYTES_MIN`] to [`crate::SEGMENT_BYTES_MAX`], a
    /// multiple of 512. 64 MiB by default. It may change from run to run.
    pub segment_bytes: u64,
    /// The most bytes that segments and spare files may take on disk, at least two segments. 16 GiB by
    /// default.
    pub bytes_max: u64,
    /// What happens when that is reached.
    pub at_cap: AtCap,
    /// Segments that nobody needs any more stay as long as all together take at most so many bytes, so that another
    /// consumer can start in the past. At most `bytes_max` less two segments. 0 by default.
    pub keep_bytes: u64,
    /// Memory of one batch and so the largest frame, at most [`crate::FRAME_BYTES_MAX`], and small enough for
    /// a segment. 1 MiB by default.
    pub batch_bytes: usize,
    /// Batches of each inlet, from 2 to [`crate::PENDING_BATCHES_MAX`]. 4 by default.
    pub batches: usize,
}

/// What happens when a journal has as many bytes as it may have and no segment is free to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtCap {
    /// Nothing more is taken until a consumer has moved on.
    Block,
    /// The oldest segment goes, counted, even if a consumer has not read it.
    DropOldest,
}

/// An option that no journal can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{option} is {value}: {rule}")]
pub struct OptionsError {
    option: &'static str,
    value: u64,
    rule: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            bytes_max: 16 << 30,
            at_cap: AtCap::Block,
            keep_bytes: 0,
            batch_bytes: 1 << 20,
            batches: 4,
        }
    }
}

impl Options {
    /// Checks every option against its bounds.
    ///
    /// # Errors
    /// The first one that is out of them.
    pub fn check(&self) -> Result<(), OptionsError> {
        let refuse = |option, value, rule| Err(OptionsError { option, value, rule });
        let segments = SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX;
        if !segments.contains(&self.segment_bytes) || !self.segment_bytes.is_multiple_of(512) {
            let rule =
                format!("it must be a multiple of 512 from {SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX} bytes");
            return refuse("segment_bytes", self.segment_bytes, rule);
        }
        let two = 2 * self.segment_bytes;
        if self.bytes_max < two {
            return refuse(
                "bytes_max",
                self.bytes_max,
                format!("it must be at least two segments, {two} bytes"),
            );
        }
        if self.keep_bytes > self.bytes_max - two {
            let rule = format!("two segments, {two} bytes, of `bytes_max` must be left for what comes");
            return refuse("keep_bytes", self.keep_bytes, rule);
        }
        let largest = frame_room(self.segment_bytes).min(FRAME_BYTES_MAX as u64);
        if self.batch_bytes as u64 > largest {
            let rule = format!("a segment has room for frames of at most {largest} bytes");
            return refuse("batch_bytes", self.batch_bytes as u64, rule);
        }
        if self.batch_bytes < 2 * FRAME_HEADER_BYTES {
            return refuse("batch_bytes", self.batch_bytes as u64, "no entry has room in it".to_owned());
        }
        if self.batches as u64 > PENDING_BATCHES_MAX {
            let rule = format!("links reach back over at most {PENDING_BATCHES_MAX} batches");
            return refuse("batches", self.batches as u64, rule);
        }
        if self.batches < 2 {
            let rule = "one batch is filled while another is written, so at least 2 are needed".to_owned();
            return refuse("batches", self.batches as u64, rule);
        }
        Ok(())
    }
}

/// Bytes that one frame may take in a segment: all but its header and the room kept for the seal mark.
fn frame_room(segment_bytes: u64) -> u64 {
    segment_bytes - (SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES) as u64
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn each_bound_is_kept() {
        let good = Options::default();
        assert_eq!(good.check(), Ok(()));
        let bad = [
            Options { segment_bytes: 512, ..good },
            Options { segment_bytes: (1 << 30) + 512, ..good },
            Options { segment_bytes: (1 << 20) + 1, ..good },
            Options { bytes_max: 127 << 20, ..good },
            Options { keep_bytes: (16 << 30) - (127 << 20), ..good },
            Options { batch_bytes: 17 << 20, ..good },
            Options { segment_bytes: 1 << 20, ..good },
            Options { batch_bytes: 100, ..good },
            Options { batches: 1, ..good },
            Options { batches: 1025, ..good },
        ];
        for options in bad {
            assert!(options.check().is_err(), "{options:?}");
        }
    }
}
