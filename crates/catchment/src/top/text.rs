//! Text for a terminal: made safe, cut to a width, padded.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Span;
use record::escape_controls;

use crate::units::rounded;

/// The text without anything that a terminal would obey, and at most so many characters of it, a few more where some are escaped.
pub(super) fn safe(text: &str, chars_max: usize) -> String {
    let end = text.char_indices().nth(chars_max).map_or(text.len(), |(end, _)| end);
    let mut shown = escape_controls(&text[..end]).replace('\t', " ");
    if end < text.len() {
        shown.push('\u{2026}');
    }
    shown
}

/// The columns that it takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// The text, cut to so many columns; that it was cut is shown.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let (mut shown, mut used) = (String::with_capacity(columns + 3), 0);
    for symbol in Span::raw(text).styled_graphemes(Style::default()).map(|grapheme| grapheme.symbol) {
        used += width(symbol);
        if used > room {
            break;
        }
        shown.push_str(symbol);
    }
    shown.push('\u{2026}');
    shown
}

/// The text in rows of at most so many columns.
pub(super) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    for symbol in Span::raw(text).styled_graphemes(Style::default()).map(|grapheme| grapheme.symbol) {
        let wide = width(symbol);
        if used + wide > columns && !row.is_empty() {
            rows.push(std::mem::take(&mut row));
            used = 0;
        }
        row.push_str(symbol);
        used += wide;
    }
    rows.push(row);
    rows
}

/// In exactly so many columns, from the left.
pub(super) fn left(text: &str, columns: usize) -> String {
    let mut shown = cut(text, columns);
    let missing = columns.saturating_sub(width(&shown));
    shown.extend(std::iter::repeat_n(' ', missing));
    shown
}

/// In exactly so many columns, from the right.
pub(super) fn right(text: &str, columns: usize) -> String {
    let shown = cut(text, columns);
    let missing = columns.saturating_sub(width(&shown));
    " ".repeat(missing) + &shown
}

/// A whole number with a comma before every three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A rate: with a decimal where there are few.
pub(super) fn rate(per_second: f64) -> String {
    if per_second > 0.0 && per_second < 9.95 {
        format!("{per_second:.1}")
    } else {
        grouped(per_second.round() as u64)
    }
}

/// What is in a queue, in its unit.
pub(super) fn amount(count: u64, unit: &str) -> String {
    if unit == "bytes" { rounded(count) } else { format!("{} {}", grouped(count), safe(unit, 16)) }
}

/// How long ago, or how long, in its largest unit.
pub(super) fn age(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        seconds => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// Rates as a row of bars, the newest at its right end, the largest as high as a row.
pub(super) fn spark(rates: &[f32], columns: usize) -> String {
    const BARS: [char; 8] =
        ['\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}', '\u{2588}'];
    let rates = &rates[rates.len().saturating_sub(columns)..];
    let most = rates.iter().copied().fold(0.0, f32::max);
    let bar = |rate: &f32| match *rate {
        rate if rate > 0.0 => BARS[((rate / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
        _ => ' ',
    };
    right(&rates.iter().map(bar).collect::<String>(), columns)
}

/// How full something is: the columns of its bar that are filled, and the others.
pub(super) fn gauge(depth: u64, limit: u64, columns: usize) -> (String, String) {
    let share = if limit == 0 { 0.0 } else { (depth as f64 / limit as f64).min(1.0) };
    // What is there is seen, and what is full has no gap.
    let least = usize::from(depth > 0 && columns > 0);
    let full = ((share * columns as f64) as usize).clamp(least, columns);
    ("\u{2588}".repeat(full), "\u{2591}".repeat(columns - full))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{age, amount, cut, gauge, grouped, left, rate, right, safe, spark, width, wrapped};

    #[test]
    fn nothing_in_a_text_is_obeyed() {
        assert_eq!(safe("a\u{1b}[2Jb\tc\u{202e}\r\n", 99), "a\\u{1b}[2Jb c\\u{202e}\\u{d}\\u{a}");
        assert_eq!(safe("h\u{e9}llo", 2), "h\u{e9}\u{2026}");
    }

    #[test]
    fn a_text_takes_exactly_its_columns() {
        assert_eq!(
            (cut("abcdef", 6), cut("abcdef", 4), cut("abc", 0)),
            ("abcdef".into(), "abc\u{2026}".into(), String::new())
        );
        // Each of these takes two columns: none is cut in half.
        let wide = "\u{65e5}\u{672c}\u{8a9e}";
        for columns in 0..10 {
            assert_eq!((width(&left(wide, columns)), width(&right(wide, columns))), (columns, columns));
        }
        assert_eq!(wrapped("abcdefg", 3), ["abc", "def", "g"]);
        assert_eq!(wrapped(wide, 1).len(), 3);
        assert_eq!(wrapped("", 3), [""]);
    }

    #[test]
    fn numbers() {
        assert_eq!([grouped(7), grouped(1000), grouped(1_234_567)], ["7", "1,000", "1,234,567"]);
        assert_eq!([rate(0.0), rate(0.25), rate(9.96), rate(1234.5)], ["0", "0.2", "10", "1,235"]);
        assert_eq!([amount(3, "lines"), amount(1536, "bytes")], ["3 lines", "1.5 KiB"]);
        let ages = [59, 60, 3_700, 90_000].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["59s", "1m", "1h 01m", "1d 01h"]);
    }

    #[test]
    fn bars() {
        assert_eq!(spark(&[9.0, 0.0, 1.0, 8.0], 3), " \u{2581}\u{2588}");
        assert_eq!(spark(&[1.0], 3), "  \u{2588}");
        let full = |depth| gauge(depth, 100, 10).0.chars().count();
        assert_eq!([full(0), full(1), full(55), full(99), full(100), full(500)], [0, 1, 5, 9, 10, 10]);
    }
}
