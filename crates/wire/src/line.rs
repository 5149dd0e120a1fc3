use memchr::{memchr, memchr_iter, memrchr};

/// Finds the ends of lines in a stream that arrives in chunks cut anywhere.
///
/// A line ends with `\n`. Its bytes since the last line's end are a *row*; a row that reaches `row_bytes_max`
/// bytes without a newline is cut there, and the line goes on in the next row. The decoder keeps two numbers and
/// no bytes: what to do with the bytes is the caller's business.
#[derive(Clone, Debug)]
pub struct Decoder {
    row_bytes: u32,
    row_bytes_max: u32,
}

/// What the decoder found in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// How many bytes of the chunk this speaks of. Feed the rest again; all are used unless a row comes near its bound.
    pub used: usize,
    /// How many lines end in them.
    pub lines: u32,
    /// A row ends after `used` although its line goes on.
    pub cut: bool,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    ///
    /// # Panics
    /// When `row_bytes_max` is 0: no row could ever hold a byte.
    pub fn new(row_bytes_max: u32) -> Self {
        assert!(row_bytes_max > 0, "a row holds at least one byte");
        Self { row_bytes: 0, row_bytes_max }
    }

    /// How many bytes the unfinished row has so far.
    pub fn row_bytes(&self) -> usize {
        self.row_bytes as usize
    }

    /// Takes the next bytes of the stream, at most 1 GiB at once.
    ///
    /// When a row in it might be too long, only the first line is looked at, as if a shorter chunk had come.
    #[inline]
    pub fn feed(&mut self, chunk: &[u8]) -> Fed {
        let max = self.row_bytes_max as usize;
        if self.row_bytes() + chunk.len() <= max {
            return self.take(chunk);
        }
        // The first line of the chunk may be too long. Look at it alone.
        let room = max - self.row_bytes();
        match memchr(b'\n', chunk) {
            Some(newline) if newline <= room => self.take(&chunk[..=newline]),
            _ => {
                self.row_bytes = 0;
                Fed { used: room, lines: 0, cut: true }
            }
        }
    }

    /// Ends the unfinished row where it is. Returns how many bytes it had.
    pub fn cut(&mut self) -> usize {
        std::mem::take(&mut self.row_bytes) as usize
    }

    #[inline]
    fn take(&mut self, chunk: &[u8]) -> Fed {
        let lines = memchr_iter(b'\n', chunk).count();
        let tail = if lines == 0 { self.row_bytes() + chunk.len() } else { tail_bytes(chunk) };
        // Both fit: a chunk is at most 1 GiB, and a row at most `row_bytes_max`.
        self.row_bytes = tail as u32;
        Fed { used: chunk.len(), lines: lines as u32, cut: false }
    }
}

/// How many bytes follow the last newline.
#[inline]
pub fn tail_bytes(bytes: &[u8]) -> usize {
    memrchr(b'\n', bytes).map_or(bytes.len(), |newline| bytes.len() - newline - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Decoder, tail_bytes};

    /// The rows of a whole stream, and whether each ended with a newline (`true`) or was cut or left (`false`).
    fn rows(decoder: &mut Decoder, chunks: &[Vec<u8>]) -> (Vec<(Vec<u8>, bool)>, u32) {
        let (mut rows, mut row, mut lines) = (Vec::new(), Vec::new(), 0);
        for chunk in chunks {
            let mut rest = &chunk[..];
            while !rest.is_empty() {
                let fed = decoder.feed(rest);
                let (now, later) = rest.split_at(fed.used);
                lines += fed.lines;
                for &byte in now {
                    match byte {
                        b'\n' => rows.push((std::mem::take(&mut row), true)),
                        byte => row.push(byte),
                    }
                }
                if fed.cut {
                    rows.push((std::mem::take(&mut row), false));
                }
                assert_eq!(decoder.row_bytes(), row.len());
                rest = later;
            }
        }
        (rows, lines)
    }

    /// The same, told slowly from the whole stream.
    fn model(stream: &[u8], max: usize) -> Vec<(Vec<u8>, bool)> {
        let (mut rows, mut row) = (Vec::new(), Vec::new());
        for &byte in stream {
            if byte == b'\n' {
                rows.push((std::mem::take(&mut row), true));
                continue;
            }
            if row.len() == max {
                rows.push((std::mem::take(&mut row), false));
            }
            row.push(byte);
        }
        rows
    }

    proptest! {
        #[test]
        fn rows_do_not_depend_on_how_the_stream_is_cut(
            chunks in prop::collection::vec(prop::collection::vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\n')], 0..40), 0..20),
            max in 1_u32..50,
        ) {
            let stream = chunks.concat();
            let (found, lines) = rows(&mut Decoder::new(max), &chunks);
            let expected = model(&stream, max as usize);
            prop_assert_eq!(&found[..found.len().min(expected.len())], &expected[..]);
            // A row that is full at the very end of what came may be cut now or with the next byte.
            prop_assert!(found.len() <= expected.len() + 1);
            prop_assert_eq!(lines as usize, stream.iter().filter(|&&byte| byte == b'\n').count());
        }
    }

    #[test]
    fn a_row_is_cut_only_when_more_of_it_comes() {
        let mut decoder = Decoder::new(4);
        let fed = decoder.feed(b"abcd");
        assert_eq!((fed.used, fed.lines, fed.cut), (4, 0, false));
        let fed = decoder.feed(b"\n");
        assert_eq!((fed.used, fed.lines, fed.cut), (1, 1, false));
        decoder.feed(b"abcd");
        let fed = decoder.feed(b"e\n");
        assert_eq!((fed.used, fed.lines, fed.cut), (0, 0, true));
        assert_eq!(decoder.feed(b"e\n").lines, 1);
    }

    #[test]
    fn tails() {
        assert_eq!(
            (tail_bytes(b""), tail_bytes(b"a\n"), tail_bytes(b"a\nbc"), tail_bytes(b"abc")),
            (0, 0, 2, 3)
        );
    }
}
