//! What was said, who has heard it, and how long that took.

use catchment_bench::Histogram;
use serde_json::{Value, json};

/// Bytes of a line, with its newline.
pub(crate) const LINE_BYTES: usize = 100;

/// A line that tells its number and when it was said.
pub(crate) fn line(number: u64, now: u64) -> Vec<u8> {
    let mut line = format!("{number:010} {now:020} ").into_bytes();
    line.resize(LINE_BYTES - 1, b'x');
    line.push(b'\n');
    line
}

fn read(line: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(line).ok().filter(|_| line.len() == LINE_BYTES - 1)?;
    let mut words = text.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// What one client heard last.
#[derive(Clone, Copy, Default)]
pub(crate) struct Heard {
    next: Option<u64>,
}

/// The lines of the measured window. It owns a few bytes for each.
pub(crate) struct Tally {
    clients: u64,
    speakers: u64,
    /// The first line of the window, once it has begun, and how the lines from there on are.
    first: Option<u64>,
    lines: Vec<Line>,
    arrivals: Histogram,
    errors: u64,
}

#[derive(Clone, Copy)]
struct Line {
    said: u64,
    heard_by: u64,
    last: u64,
}

impl Tally {
    pub(crate) fn new(clients: u32, speakers: u32) -> Self {
        let (clients, speakers) = (u64::from(clients), u64::from(speakers));
        Self { clients, speakers, first: None, lines: Vec::new(), arrivals: Histogram::default(), errors: 0 }
    }

    /// Who says the line of this number.
    pub(crate) fn speaker(&self, number: u64) -> usize {
        (number % self.speakers) as usize
    }

    /// The window begins with this line.
    pub(crate) fn begin(&mut self, number: u64) {
        self.first = Some(number);
    }

    /// The next line was said.
    pub(crate) fn said(&mut self, now: u64) {
        if self.first.is_some() {
            self.lines.push(Line { said: now, heard_by: 0, last: 0 });
        }
    }

    /// A client read this. Every line but its own comes once, and in order.
    pub(crate) fn heard(&mut self, client: usize, heard: &mut Heard, text: &[u8], now: u64) {
        let Some((number, said)) = read(text) else {
            self.errors += 1;
            return;
        };
        if heard.next.is_some_and(|next| next != number) {
            self.errors += 1;
        }
        let own = |number| self.speaker(number) == client;
        heard.next = Some(if own(number + 1) { number + 2 } else { number + 1 });
        let line = self.first.and_then(|first| self.lines.get_mut(number.checked_sub(first)? as usize));
        if let Some(line) = line {
            line.heard_by += 1;
            line.last = now;
            self.arrivals.record(now.saturating_sub(said));
        }
    }

    /// True when everybody has heard everything.
    pub(crate) fn is_complete(&self) -> bool {
        self.lines.iter().all(|line| line.heard_by == self.clients - 1)
    }

    pub(crate) fn result(&self) -> Value {
        let mut whole = Histogram::default();
        for line in self.lines.iter().filter(|line| line.heard_by == self.clients - 1) {
            whole.record(line.last.saturating_sub(line.said));
        }
        let figures = |histogram: &Histogram| json!({ "p50": histogram.quantile(0.5), "p99": histogram.quantile(0.99), "max": histogram.max() });
        let heard: u64 = self.lines.iter().map(|line| line.heard_by).sum();
        json!({
            "event": "result",
            "lines": self.lines.len(),
            "arrivals": heard,
            "missing": (self.lines.len() as u64 * (self.clients - 1)).saturating_sub(heard),
            "errors": self.errors,
            "arrival_ns": figures(&self.arrivals),
            "last_arrival_ns": figures(&whole),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Heard, Tally, line};

    #[test]
    fn gaps_and_what_is_no_line_are_errors_and_the_last_to_hear_counts() {
        let mut tally = Tally::new(3, 2);
        let (mut second, mut third) = (Heard::default(), Heard::default());
        tally.begin(2);
        tally.said(100);
        let text = line(2, 100);
        let text = &text[..text.len() - 1];
        tally.heard(1, &mut second, text, 150);
        assert!(!tally.is_complete());
        tally.heard(2, &mut third, text, 300);
        assert!(tally.is_complete());
        assert_eq!(tally.result()["errors"], 0);
        assert_eq!(
            (&tally.result()["last_arrival_ns"]["max"], &tally.result()["missing"]),
            (&200.into(), &0.into())
        );
        // The second client says line 3 itself, so line 4 is its next; the third one misses line 3.
        let next = line(4, 200);
        tally.heard(1, &mut second, &next[..next.len() - 1], 250);
        assert_eq!(tally.result()["errors"], 0);
        tally.heard(2, &mut third, &next[..next.len() - 1], 250);
        tally.heard(2, &mut third, b"# 3 lines skipped", 250);
        assert_eq!(tally.result()["errors"], 2);
    }
}
