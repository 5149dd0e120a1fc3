//! The model on a screen of any size. What does not fit is left out, the least important first.

mod colors;
mod follow;
mod help;
mod rows;
mod summary;
mod table;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

pub(super) use self::colors::Colors;
use self::rows::Rows;
use super::model::{FILTER_CHARS_MAX, Model};
use super::text::{grouped, safe};

/// Draws everything. The model learns how much of it could be seen.
pub(super) fn draw(frame: &mut Frame<'_>, model: &mut Model, colors: Colors) {
    let area = frame.area();
    let mut rows = Rows::new(area, frame.buffer_mut());
    summary::title(&mut rows, model, colors);
    // The last row is for the keys; a screen of one row has none.
    let keys = rows.take_last();
    if model.helping {
        help::draw(&mut rows, colors);
    } else if let Some(follow) = &mut model.follow {
        let peer = model.peers.find(&follow.target.source, &follow.target.peer);
        follow::draw(&mut rows, follow, peer, model.now, colors);
    } else {
        summary::draw(&mut rows, model, area, colors);
        table::draw(&mut rows, model, colors);
    }
    if let Some(row) = keys {
        self::keys(&mut rows, row, model, colors);
    }
}

/// The keys that one needs most, and what is typed.
fn keys(rows: &mut Rows<'_>, row: Rect, model: &Model, colors: Colors) {
    if model.typing {
        let text = safe(model.peers.filter().text(), FILTER_CHARS_MAX);
        let typed = vec![
            Span::styled("filter: ", colors.heading()),
            Span::raw(text),
            Span::styled(" ", colors.selected()),
            Span::styled("  Enter keeps it, Esc clears it", colors.faint()),
        ];
        return rows.put_at(row, typed);
    }
    let keys: &[(&str, &str)] = if model.helping {
        &[("Esc", "back")]
    } else if model.follow.is_some() {
        &[("Esc", "back"), ("Space", "hold"), ("\u{2191}\u{2193}", "scroll"), ("w", "wrap"), ("?", "help")]
    } else {
        &[
            ("q", "quit"),
            ("?", "help"),
            ("\u{2190}\u{2192}", "sort"),
            ("/", "filter"),
            ("e", "errors"),
            ("Space", "pause"),
            ("Enter", "follow"),
        ]
    };
    let filtered = if model.helping || model.follow.is_some() { None } else { filtered(model) };
    let filtered = filtered.map(|note| Span::styled(note + "   ", colors.moving()));
    let shown = keys.iter().flat_map(|(key, does)| {
        [Span::styled(*key, colors.heading()), Span::styled(format!(" {does}   "), colors.faint())]
    });
    rows.put_at(row, filtered.into_iter().chain(shown).collect());
}

/// That not all are shown.
fn filtered(model: &Model) -> Option<String> {
    let filter = model.peers.filter();
    let words = safe(filter.text(), FILTER_CHARS_MAX);
    let which = match (filter.is_troubled(), words.is_empty()) {
        (false, true) => return None,
        (true, true) => "with errors".to_owned(),
        (false, false) => format!("for {words}"),
        (true, false) => format!("with errors for {words}"),
    };
    let (shown, all) = (grouped(model.peers.len() as u64), grouped(model.peers.total() as u64));
    Some(format!("{shown} of {all} {which}"))
}
