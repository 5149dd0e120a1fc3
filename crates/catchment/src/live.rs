use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use net::Counts;
use record::clock;

use crate::units::rounded;

/// One line at the bottom of a terminal that says how it goes. Nothing when stderr is no terminal.
pub(crate) struct Live {
    shown: bool,
    before: Option<(Duration, Counts)>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { shown: io::stderr().is_terminal(), before: None }
    }

    /// Shows the counts as they are now, and the rates since the last time.
    pub(crate) fn show(&mut self, counts: Counts, peers: u64) {
        if !self.shown {
            return;
        }
        let now = clock::monotonic();
        if let Some((then, before)) = self.before.replace((now, counts)) {
            let seconds = (now - then).as_secs_f64().max(0.001);
            let rate = |now: u64, before: u64| ((now - before) as f64 / seconds) as u64;
            let text =
                line(counts, peers, rate(counts.lines, before.lines), rate(counts.bytes, before.bytes));
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
