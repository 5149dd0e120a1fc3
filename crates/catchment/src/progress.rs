//! How far something is that ends, as one line.

use std::time::Duration;

use download::Progress;
use record::escape_controls;

use crate::units::rounded;

/// Characters of the bar.
const BAR: usize = 24;

/// Characters of a name that are shown; the end tells more than the beginning.
const NAME_MAX: usize = 40;

/// Bytes in a second, now and on the average.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    pub(crate) now: f64,
    pub(crate) mean: f64,
}

/// The sum of all that is not done.
pub(crate) fn sum(all: &[(String, Progress)]) -> (String, Progress) {
    if let [one] = all {
        return one.clone();
    }
    let mut sum = Progress { total: Some(0), ..Progress::default() };
    for (_, one) in all {
        sum.received += one.received;
        sum.total = sum.total.zip(one.total).map(|(sum, one)| sum + one);
        sum.lines += one.lines;
        sum.trouble = sum.trouble.or_else(|| one.trouble.clone());
    }
    (format!("{} inputs", all.len()), sum)
}

/// `a.log [====>   ] 42%  12.0 MiB/s  0:12 left  1234 lines`
pub(crate) fn line(name: &str, progress: &Progress, rates: Rates) -> String {
    let Progress { received, total, lines, trouble } = progress;
    let name = escape_controls(name);
    let cut = name.char_indices().rev().nth(NAME_MAX - 1).map_or(0, |(at, _)| at);
    let name = if cut > 0 { format!("…{}", &name[cut..]) } else { name.into_owned() };
    let rate = rounded(rates.now as u64);
    let mut text = match total.filter(|total| *total > 0) {
        Some(total) => {
            let part = (*received as f64 / total as f64).min(1.0);
            let filled = (part * BAR as f64) as usize;
            let head = if filled < BAR { ">" } else { "" };
            let bar = format!("{}{head}", "=".repeat(filled));
            let left = left(total.saturating_sub(*received), rates.mean);
            format!("{name} [{bar:<BAR$}] {:>3}%  {rate}/s  {left}", (part * 100.0) as u64)
        }
        None => format!("{name}  {}  {rate}/s", rounded(*received)),
    };
    text += &format!("  {lines} lines");
    if let Some(trouble) = trouble {
        text += &format!("  waits: {}", escape_controls(trouble));
    }
    text
}

fn left(bytes: u64, rate: f64) -> String {
    let time = Duration::try_from_secs_f64(bytes as f64 / rate).ok().map(|time| time.as_secs());
    match time {
        Some(seconds @ 0..360_000) => {
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            let hours = if hours > 0 { format!("{hours}:{minutes:02}") } else { format!("{minutes}") };
            format!("{hours}:{seconds:02} left")
        }
        _ => "-:-- left".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use download::Progress;

    use super::{Rates, line, sum};

    fn progress(received: u64, total: Option<u64>) -> Progress {
        Progress { received, total, lines: 7, trouble: None }
    }

    #[test]
    fn one_line_says_how_far_it_is() {
        let rates = Rates { now: 2_097_152.0, mean: 1_048_576.0 };
        assert_eq!(
            line("a.log", &progress(25 << 20, Some(100 << 20)), rates),
            "a.log [======>                 ]  25%  2.0 MiB/s  1:15 left  7 lines"
        );
        assert_eq!(
            line("a.log", &progress(100, Some(100)), rates),
            "a.log [========================] 100%  2.0 MiB/s  0:00 left  7 lines"
        );
        assert_eq!(line("stdin", &progress(1 << 20, None), rates), "stdin  1.0 MiB  2.0 MiB/s  7 lines");
        let waits = Progress { trouble: Some("refused\x1b[2J".to_owned()), ..progress(0, Some(10)) };
        assert_eq!(
            line("a", &waits, Rates::default()),
            "a [>                       ]   0%  0 B/s  -:-- left  7 lines  waits: refused\\u{1b}[2J"
        );
        let long = line(&format!("http://h/{}.log", "x".repeat(100)), &progress(1, None), rates);
        assert!(long.starts_with("…xxx") && long.contains("x.log  1 B"), "{long}");
        assert!(line("a", &progress(0, Some(1 << 60)), rates).contains("-:-- left"));
        let hours = Rates { mean: 1.0, ..rates };
        assert!(line("a", &progress(0, Some(3725)), hours).contains("1:02:05 left"));
    }

    #[test]
    fn several_are_one_sum() {
        let all =
            |second| vec![("a".to_owned(), progress(1, Some(4))), ("b".to_owned(), progress(2, second))];
        let (name, both) = sum(&all(Some(6)));
        assert_eq!((name.as_str(), both.received, both.total, both.lines), ("2 inputs", 3, Some(10), 14));
        assert_eq!(sum(&all(None)).1.total, None);
        assert_eq!(sum(&all(None)[..1]).0, "a");
    }
}
