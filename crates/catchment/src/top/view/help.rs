use ratatui::text::Span;

use super::{Colors, Rows};
use crate::top::model::{FOLLOW_KEYS, TABLE_KEYS};
use crate::top::text::left;

/// Columns for the keys.
const KEY_WIDTH: usize = 16;

/// Every key.
pub(super) fn draw(rows: &mut Rows<'_>, colors: Colors) {
    let tight = rows.free() < TABLE_KEYS.len() + FOLLOW_KEYS.len() + 8;
    let gap = |rows: &mut Rows<'_>| {
        if !tight {
            rows.skip();
        }
    };
    gap(rows);
    section(rows, "All peers", &TABLE_KEYS, colors);
    gap(rows);
    section(rows, "One peer", &FOLLOW_KEYS, colors);
    gap(rows);
    for text in [
        "lines/s of a peer is its mean over five looks; the bars beside it are the single looks.",
        "A queue's bar is its depth against its limit; `oldest` is how long its oldest has waited.",
    ] {
        rows.put(vec![Span::styled(text, colors.faint())]);
    }
}

fn section(rows: &mut Rows<'_>, title: &str, keys: &[(&str, &str)], colors: Colors) {
    rows.put(vec![Span::styled(title, colors.heading())]);
    for (key, does) in keys {
        rows.put(vec![
            Span::raw("  "),
            Span::styled(left(key, KEY_WIDTH), colors.moving()),
            Span::raw(*does),
        ]);
    }
}
