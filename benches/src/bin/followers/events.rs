//! What a follower is told, read from whatever pieces of it come.

use catchment_bench::Histogram;
use memchr::{memchr, memmem};

/// A line says when it was sent, by the monotonic clock of this machine, in nanoseconds: `sent=` and digits.
const SENT: &[u8] = b"sent=";

/// More of a line that has not come whole is not kept: no line that is sent is that long.
const UNFINISHED_MAX: usize = 64 << 10;

/// One follower: what it has been told. Owns the beginning of a line at most.
#[derive(Debug, Default)]
pub(crate) struct Events {
    unfinished: Vec<u8>,
    head: Head,
    /// The event that is being told is one of records that were skipped.
    is_skip: bool,
    /// It has been told where it begins.
    pub(crate) started: bool,
    pub(crate) records: u64,
    pub(crate) skipped: u64,
    pub(crate) ended: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Head {
    #[default]
    Status,
    Headers,
    Over,
}

/// It was refused, or nobody speaks HTTP there.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) String);

impl Events {
    /// Takes what came at `now`; the delay of each record goes to `delays`.
    pub(crate) fn take(&mut self, bytes: &[u8], now: u64, delays: &mut Histogram) -> Result<(), Refused> {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, behind) = (&rest[..end], &rest[end + 1..]);
            if self.unfinished.is_empty() {
                self.line(line, now, delays)?;
            } else {
                let mut whole = std::mem::take(&mut self.unfinished);
                whole.extend_from_slice(line);
                self.line(&whole, now, delays)?;
                whole.clear();
                self.unfinished = whole;
            }
            rest = behind;
        }
        let room = UNFINISHED_MAX.saturating_sub(self.unfinished.len());
        self.unfinished.extend_from_slice(&rest[..rest.len().min(room)]);
        Ok(())
    }

    /// Lines between chunks of the answer, and empty ones, say nothing.
    fn line(&mut self, line: &[u8], now: u64, delays: &mut Histogram) -> Result<(), Refused> {
        match self.head {
            Head::Status if line.starts_with(b"HTTP/1.1 200") => self.head = Head::Headers,
            Head::Status => return Err(Refused(String::from_utf8_lossy(line).trim().to_owned())),
            Head::Headers if line == b"\r" => self.head = Head::Over,
            Head::Headers => {}
            Head::Over => self.told(line, now, delays),
        }
        Ok(())
    }

    fn told(&mut self, line: &[u8], now: u64, delays: &mut Histogram) {
        if let Some(event) = line.strip_prefix(b"event: ") {
            self.is_skip = event == b"skipped";
            self.started |= event == b"start";
            self.ended |= event == b"end";
        } else if let Some(data) = line.strip_prefix(b"data: ") {
            if self.is_skip {
                self.skipped += number(data, b"\"records\":").unwrap_or(0);
            } else if let Some(sent) = number(data, SENT) {
                self.records += 1;
                delays.record(now.saturating_sub(sent));
            }
        }
    }
}

/// The digits behind a key.
fn number(text: &[u8], key: &[u8]) -> Option<u64> {
    let at = memmem::find(text, key)? + key.len();
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2f\r\nretry: 1000\nid: 7\nevent: start\n\
        data: {\"after\":7}\n\n\r\n40\r\nid: 8\nevent: record\ndata: {\"position\":8,\"message\":\"a sent=1000 n=1\"}\n\n\r\n\
        30\r\nevent: skipped\ndata: {\"records\":41}\n\nid: 9\nevent: record\ndata: {\"message\":\"sent=900\"}\n\n\r\n";

    #[test]
    fn whatever_pieces_it_comes_in_it_is_the_same() {
        for piece in [1, 2, 7, 50, ANSWER.len()] {
            let (mut events, mut delays) = (Events::default(), Histogram::default());
            for bytes in ANSWER.chunks(piece) {
                events.take(bytes, 1500, &mut delays).expect("it is answered");
            }
            assert_eq!((events.records, events.skipped, events.started, events.ended), (2, 41, true, false));
            assert_eq!((delays.count(), delays.max()), (2, 600));
        }
    }

    #[test]
    fn a_refusal_is_told() {
        let mut events = Events::default();
        let refused = events.take(b"HTTP/1.1 503 Too many\r\n\r\n", 0, &mut Histogram::default());
        assert_eq!(refused.expect_err("refused").0, "HTTP/1.1 503 Too many");
    }
}
