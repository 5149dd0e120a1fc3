//! Every peer: a row for each that is on the screen.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::Span;

use super::{Colors, Rows};
use crate::top::model::{Column, Figures, Model, Row};
use crate::top::text::{age, cut, grouped, left, rate, right, safe, spark};

const GAP: &str = "  ";
const PEER_WIDTH: std::ops::RangeInclusive<usize> = 8..=46;
const ERROR_WIDTH_MIN: usize = 12;
const SPARK_WIDTH: usize = 12;
const TEXT_CHARS_MAX: usize = 512;

/// What a column of the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Of(Column),
    /// The single looks behind the rate.
    Spark,
}

/// Its title, how wide it is, and whether it is a number.
struct Place {
    shown: Shown,
    title: &'static str,
    width: usize,
    number: bool,
}

/// From left to right.
static PLACES: [Place; 10] = [
    Place { shown: Shown::Of(Column::Peer), title: "peer", width: 21, number: false },
    Place { shown: Shown::Of(Column::Source), title: "source", width: 12, number: false },
    Place { shown: Shown::Of(Column::State), title: "state", width: 11, number: false },
    Place { shown: Shown::Of(Column::Rate), title: "lines/s", width: 9, number: true },
    Place { shown: Shown::Spark, title: "", width: SPARK_WIDTH, number: false },
    Place { shown: Shown::Of(Column::Unacked), title: "unacked", width: 8, number: true },
    Place { shown: Shown::Of(Column::Lines), title: "lines", width: 13, number: true },
    Place { shown: Shown::Of(Column::Reconnects), title: "reconnects", width: 11, number: true },
    Place { shown: Shown::Of(Column::LastLine), title: "last line", width: 10, number: true },
    Place { shown: Shown::Of(Column::Error), title: "last error", width: ERROR_WIDTH_MIN, number: false },
];

/// Which columns a screen has first; the peer is always there.
const IMPORTANT: [Shown; 9] = [
    Shown::Of(Column::State),
    Shown::Of(Column::Rate),
    Shown::Of(Column::Error),
    Shown::Of(Column::Unacked),
    Shown::Of(Column::LastLine),
    Shown::Spark,
    Shown::Of(Column::Lines),
    Shown::Of(Column::Reconnects),
    Shown::Of(Column::Source),
];

pub(super) fn draw(rows: &mut Rows<'_>, model: &mut Model, colors: Colors) {
    let layout = layout(rows.width(), model.peers.name_width());
    heading(rows, model, &layout, colors);
    let (page, shown) = (rows.free(), model.peers.len());
    let top = model.cursor.scroll(page, shown);
    for place in top..shown.min(top + page) {
        let Some(row) = model.peers.get(place) else { break };
        let selected = place == model.cursor.place();
        let cells = layout.iter().map(|(at, width)| {
            let (text, style) = cell(at.shown, row, model, *width, colors);
            let text = if at.number { right(&text, *width) } else { left(&text, *width) };
            // Colours on a reversed row would be hard to read.
            Span::styled(text + GAP, if selected { Style::new() } else { style })
        });
        let cells = cells.collect();
        if selected {
            rows.put_all(cells, colors.selected());
        } else {
            rows.put(cells);
        }
    }
    if shown == 0 && model.figures.is_some() {
        let text = if model.peers.total() == 0 { "no peer is here" } else { "no peer is so; Esc shows all" };
        rows.put(vec![Span::styled(text, colors.faint())]);
    }
}

/// The columns that fit, with their widths.
fn layout(width: usize, name_width: usize) -> Vec<(&'static Place, usize)> {
    let peer_width = name_width.clamp(*PEER_WIDTH.start(), *PEER_WIDTH.end());
    let mut used = peer_width.min(PLACES[0].width).min(width.max(1));
    let mut chosen = vec![Shown::Of(Column::Peer)];
    for shown in IMPORTANT {
        let place = PLACES.iter().find(|place| place.shown == shown);
        let needed = place.map_or(0, |place| place.width) + GAP.len();
        if used + needed <= width {
            used += needed;
            chosen.push(shown);
        }
    }
    let mut left = width.saturating_sub(used);
    let mut wide = |place: &Place| match place.shown {
        Shown::Of(Column::Peer) => {
            let least = peer_width.min(place.width).min(width.max(1));
            let more = (peer_width - least).min(left);
            left -= more;
            least + more
        }
        // All that is left is for what went wrong.
        Shown::Of(Column::Error) => place.width + left,
        _ => place.width,
    };
    PLACES
        .iter()
        .filter(|place| chosen.contains(&place.shown))
        .map(|place| {
            let width = wide(place);
            (place, width)
        })
        .collect()
}

fn heading(rows: &mut Rows<'_>, model: &Model, layout: &[(&Place, usize)], colors: Colors) {
    let sort = model.peers.sort();
    let mut line: Vec<Span<'_>> = Vec::new();
    for (place, width) in layout {
        let sorted = place.shown == Shown::Of(sort.column);
        let arrow = if sort.descending { "\u{25be}" } else { "\u{25b4}" };
        let title = if sorted { format!("{}{arrow}", place.title) } else { place.title.to_owned() };
        let title = if place.number { right(&title, *width) } else { left(&title, *width) };
        line.push(Span::styled(title, if sorted { colors.heading() } else { colors.faint() }));
        line.push(Span::raw(GAP));
    }
    rows.put(line);
}

fn cell(shown: Shown, row: &Row, model: &Model, width: usize, colors: Colors) -> (String, Style) {
    let (peer, pace) = (&row.peer, &row.pace);
    let plain = |text: String| (text, Style::new());
    let column = match shown {
        Shown::Spark => return (spark(pace.history.newest(width), width), colors.moving()),
        Shown::Of(column) => column,
    };
    match column {
        Column::Peer => plain(safe(&peer.peer, TEXT_CHARS_MAX)),
        Column::Source => plain(safe(&peer.source, TEXT_CHARS_MAX)),
        Column::State => (safe(&peer.state, 32).replace('_', " "), colors.state(&peer.state)),
        Column::Rate => plain(rate(pace.lines_per_second)),
        Column::Unacked => plain(grouped(peer.unacked)),
        Column::Lines => plain(grouped(peer.lines)),
        Column::Reconnects => plain(grouped(peer.reconnects)),
        Column::LastLine => {
            let ago = pace.last_line.map(|at| age(model.now.saturating_sub(at)));
            (ago.unwrap_or_else(|| "-".to_owned()), Style::new())
        }
        Column::Error => (cut(&error(row, model.figures.as_ref(), model.now), width), colors.odd()),
    }
}

/// Why the peer is not here, and when it is dialled again.
fn error(row: &Row, figures: Option<&Figures>, now: Duration) -> String {
    let error = row.peer.last_error.as_deref().map(|error| safe(error, TEXT_CHARS_MAX)).unwrap_or_default();
    let again = row.peer.backing_off_until.as_deref().zip(figures).and_then(|(until, figures)| {
        let until: jiff::Timestamp = until.parse().ok()?;
        let left = u64::try_from(until.as_microsecond().saturating_sub(figures.wall)).unwrap_or(0);
        Some(Duration::from_micros(left).saturating_sub(now.saturating_sub(figures.at)))
    });
    match again {
        Some(left) if error.is_empty() => format!("again in {}", age(left)),
        Some(left) => format!("again in {}: {error}", age(left)),
        None => error,
    }
}
