use std::time::Duration;

/// A longer line is cut, in bytes.
const LINE_MAX: usize = 8 << 10;

/// A line that a worker printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Printed<'a> {
    /// `o` stdout, `e` stderr, `E` `W` `I` `D` a level of `logging`; `x` for how much a worker left out; `o` for what went past `sys.stdout`, too.
    pub(crate) letter: u8,
    /// The position of the line it was printed for; or how many bytes were left out.
    pub(crate) position: Option<u64>,
    pub(crate) text: &'a [u8],
}

/// Makes lines of what a worker prints, at a bounded rate. Without I/O and without a clock. A worker bounds what its handler prints
/// by itself; this is for what goes past that.
///
/// Owns the beginning of a line, up to [`LINE_MAX`]. What is over the rate is counted, and so is the rest of a line that is too long.
#[derive(Debug)]
pub(crate) struct Output {
    partial: Vec<u8>,
    /// In bytes per second; a second's worth may come at once.
    rate: u64,
    allowance: u64,
    refilled: Duration,
    left_out: u64,
}

impl Output {
    pub(crate) fn new(rate: u64, now: Duration) -> Self {
        Self { partial: Vec::new(), rate, allowance: rate, refilled: now, left_out: 0 }
    }

    /// Takes what was read, and shows whole lines.
    pub(crate) fn feed(&mut self, bytes: &[u8], now: Duration, mut show: impl FnMut(Printed<'_>)) {
        self.refill(now);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_MAX - self.partial.len();
            self.partial.extend_from_slice(&piece[..piece.len().min(room)]);
            self.left_out += piece.len().saturating_sub(room) as u64;
            if piece.ends_with(b"\n") {
                self.line(&mut show);
            }
        }
    }

    /// Shows what has no newline yet.
    pub(crate) fn end(&mut self, mut show: impl FnMut(Printed<'_>)) {
        if !self.partial.is_empty() {
            self.line(&mut show);
        }
    }

    /// How many bytes were not shown since the last call.
    pub(crate) fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    fn line(&mut self, show: &mut impl FnMut(Printed<'_>)) {
        let bytes = self.partial.len() as u64;
        let line = printed(self.partial.trim_ascii_end());
        if line.letter == b'x' {
            self.left_out = self.left_out.saturating_add(line.position.unwrap_or(0));
        } else if bytes <= self.allowance {
            self.allowance -= bytes;
            show(line);
        } else {
            self.left_out += bytes;
        }
        self.partial.clear();
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.refilled);
        let more = (elapsed.as_micros() * u128::from(self.rate) / 1_000_000) as u64;
        if more > 0 {
            self.allowance = (self.allowance + more).min(self.rate);
            self.refilled = now;
        }
    }
}

/// What `0x1e`, a letter, digits, `0x1f` before the text say.
fn printed(line: &[u8]) -> Printed<'_> {
    let marked = || {
        let (letter, rest) = line.strip_prefix(b"\x1e")?.split_first()?;
        let end = rest.iter().position(|byte| *byte == 0x1f)?;
        let digits = str::from_utf8(&rest[..end]).ok()?;
        Some(Printed { letter: *letter, position: digits.parse().ok(), text: &rest[end + 1..] })
    };
    marked().unwrap_or(Printed { letter: b'o', position: None, text: line })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LINE_MAX, Output};

    fn shown(output: &mut Output, bytes: &[u8], now: u64) -> Vec<(char, Option<u64>, String)> {
        let mut lines = Vec::new();
        output.feed(bytes, Duration::from_secs(now), |line| {
            lines.push((line.letter.into(), line.position, String::from_utf8_lossy(line.text).into_owned()));
        });
        lines
    }

    #[test]
    fn marked_and_unmarked_lines_in_any_pieces() {
        let mut output = Output::new(1000, Duration::ZERO);
        assert_eq!(shown(&mut output, b"\x1ee12\x1fone\nr", 0), [('e', Some(12), "one".to_owned())]);
        assert_eq!(
            shown(&mut output, b"aw\r\n\x1eI\x1f\n\x1ebroken\n", 0),
            [('o', None, "raw".to_owned()), ('I', None, String::new()), ('o', None, "\x1ebroken".to_owned())]
        );
        assert!(shown(&mut output, b"no newline", 0).is_empty());
        let mut last = Vec::new();
        output.end(|line| last.extend_from_slice(line.text));
        assert_eq!((last, output.take_left_out()), (b"no newline".to_vec(), 0));
    }

    #[test]
    fn what_is_over_the_rate_is_counted() {
        let mut output = Output::new(10, Duration::ZERO);
        assert_eq!(shown(&mut output, b"1234\n1234\n1234\n", 0).len(), 2);
        assert_eq!(output.take_left_out(), 5);
        assert_eq!(shown(&mut output, b"1234\n\x1ex77\x1f\n", 1).len(), 1);
        assert_eq!(output.take_left_out(), 77);
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut output = Output::new(1 << 20, Duration::ZERO);
        (0..100).for_each(|_| assert!(shown(&mut output, &[b'x'; LINE_MAX], 0).is_empty()));
        let lines = shown(&mut output, b"\n", 0);
        assert_eq!((lines.len(), lines[0].2.len()), (1, LINE_MAX));
        assert_eq!(output.take_left_out(), 99 * LINE_MAX as u64 + 1);
    }
}
