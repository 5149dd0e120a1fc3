//! The lines that are sent: 200 bytes of realistic text that say whose they are and which.

use std::ops::Range;

/// Bytes of every line, its newline included.
pub const LINE_BYTES: usize = 200;

/// The last two digits of a sequence number are part of the template, the first eight are written in place.
const BLOCK_LINES: u64 = 100;
/// One call gives at most this many lines, so that a large window leaves in large writes.
const LINES_AT_ONCE: u64 = 400;
const CONNECTION: Range<usize> = 40..48;
const BLOCK: Range<usize> = 53..61;

/// Gives any part of any connection's endless stream of lines. Line `n` of connection `c` is always the same bytes, so
/// a sender remembers only how far it came. A line costs its sender two copies of eight bytes: the load generator
/// shares the machine with what it measures.
#[derive(Debug)]
pub struct Lines {
    /// A block more than is given at once, because a part may begin anywhere in its first block.
    template: Vec<u8>,
}

impl Default for Lines {
    fn default() -> Self {
        let template =
            (0..LINES_AT_ONCE + BLOCK_LINES).flat_map(|line| template_line(line % BLOCK_LINES)).collect();
        Self { template }
    }
}

impl Lines {
    /// The stream of `connection` from byte `from` on: at least one byte, at most `most` (which is not 0) and at
    /// most what is kept ready at once, 80,000 bytes.
    pub fn part(&mut self, connection: u32, from: u64, most: u64) -> &[u8] {
        let line_bytes = LINE_BYTES as u64;
        let until = from + most.min(LINES_AT_ONCE * line_bytes);
        let (first, end) = (from / line_bytes, until.div_ceil(line_bytes));
        let block = first / BLOCK_LINES;
        let start = block * BLOCK_LINES;
        let connection = digits(u64::from(connection));
        let mut number = digits(block);
        for line in first..end {
            if line % BLOCK_LINES == 0 {
                number = digits(line / BLOCK_LINES);
            }
            let at = (line - start) as usize * LINE_BYTES;
            let bytes = &mut self.template[at..at + LINE_BYTES];
            bytes[CONNECTION].copy_from_slice(&connection);
            bytes[BLOCK].copy_from_slice(&number);
        }
        let origin = start * line_bytes;
        &self.template[(from - origin) as usize..(until - origin) as usize]
    }
}

fn template_line(number_in_block: u64) -> Vec<u8> {
    let mut line = format!(
        "2026-03-01T12:00:00.000Z INFO gateway c=00000000 seq=00000000{number_in_block:02} request=\"GET /v1/devices/4711/readings?limit=50\" \
         status=200 bytes=5120 duration_ms=17 user=telemetry agent=\"sensor-gateway/2.4\" ",
    )
    .into_bytes();
    line.resize(LINE_BYTES - 1, b'.');
    line.push(b'\n');
    line
}

/// The last eight decimal digits.
fn digits(mut number: u64) -> [u8; 8] {
    let mut digits = [0; 8];
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same line, made the slow way.
    fn expected(connection: u32, line: u64) -> Vec<u8> {
        let template = String::from_utf8(template_line(0)).expect("the template is text");
        template
            .replace("c=00000000", &format!("c={connection:08}"))
            .replace("seq=0000000000", &format!("seq={line:010}"))
            .into_bytes()
    }

    #[test]
    fn a_line_says_whose_it_is_and_which() {
        let mut lines = Lines::default();
        let line = lines.part(42, 12_345_678 * 200, 200);
        let text = str::from_utf8(line).expect("a line is text");
        assert_eq!(text.len(), LINE_BYTES);
        assert!(text.contains(" c=00000042 seq=0012345678 "), "{text}");
        assert_eq!(text.find('\n'), Some(LINE_BYTES - 1));
    }

    #[test]
    fn parts_of_any_size_join_to_the_stream() {
        let mut lines = Lines::default();
        for (connection, step) in [(0, 1), (7, 199), (99_999_999, 80_000), (3, 12_345)] {
            let total = (LINE_BYTES as u64) * if step == 1 { 205 } else { 2_050 };
            let mut stream = Vec::new();
            while (stream.len() as u64) < total {
                let from = stream.len() as u64;
                // Another connection's part in between must not show.
                lines.part(connection + 1, from + 4_000, 20_000);
                stream.extend_from_slice(lines.part(connection, from, step.min(total - from)));
            }
            for (number, line) in stream.chunks(LINE_BYTES).enumerate() {
                assert_eq!(line, expected(connection, number as u64), "line {number} of {connection}");
            }
        }
    }

    #[test]
    fn a_part_is_bounded() {
        assert_eq!(Lines::default().part(1, 19_999, u64::MAX).len(), 80_000);
    }
}
