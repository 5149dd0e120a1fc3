use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use download::Progress;
use net::Counts;
use record::clock;

use crate::progress::{self, Rates};
use crate::units::rounded;

/// The line is drawn again after so long at the earliest.
const REDRAW: Duration = Duration::from_millis(400);

/// One line at the bottom of a terminal that says how it goes. Nothing when stderr is no terminal.
pub(crate) struct Live {
    shown: bool,
    began: Option<(Duration, u64)>,
    before: Option<(Duration, Counts, u64)>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { shown: io::stderr().is_terminal(), began: None, before: None }
    }

    /// Shows the counts as they are now, and the rates since the last time; or, while there are inputs that end, how far those are.
    pub(crate) fn show(&mut self, counts: Counts, peers: u64, inputs: &[(String, Progress)]) {
        let now = clock::monotonic();
        if !self.shown || self.before.is_some_and(|(then, ..)| now - then < REDRAW) {
            return;
        }
        let (name, sum) = progress::sum(inputs);
        let (first, received_first) = *self.began.get_or_insert((now, sum.received));
        if let Some((then, before, received)) = self.before.replace((now, counts, sum.received)) {
            let per_second =
                |count: u64, since: Duration| count as f64 / (now - since).as_secs_f64().max(0.001);
            let text = if inputs.is_empty() {
                let lines = per_second(counts.lines - before.lines, then) as u64;
                line(counts, peers, lines, per_second(counts.bytes - before.bytes, then) as u64)
            } else {
                let rates = Rates {
                    now: per_second(sum.received.saturating_sub(received), then),
                    mean: per_second(sum.received.saturating_sub(received_first), first),
                };
                progress::line(&name, &sum, rates)
            };
            // A terminal that is gone is no reason to stop.
            let _ = write!(io::stderr(), "\r\x1b[K{text}");
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.shown && self.before.is_some() {
            let _ = writeln!(io::stderr());
        }
    }
}

fn line(counts: Counts, peers: u64, lines: u64, bytes: u64) -> String {
    let Counts { connected, unacked, .. } = counts;
    format!(
        "{connected}/{peers} peers  {lines} lines/s  {}/s  {unacked} unacked  {} lines",
        rounded(bytes),
        counts.lines
    )
}

#[cfg(test)]
mod tests {
    use net::Counts;

    #[test]
    fn one_short_line() {
        let counts = Counts { connected: 3, lines: 1_000_000, unacked: 7, ..Counts::default() };
        let shown = super::line(counts, 4, 12_345, 2 << 20);
        assert_eq!(shown, "3/4 peers  12345 lines/s  2.0 MiB/s  7 unacked  1000000 lines");
    }
}
