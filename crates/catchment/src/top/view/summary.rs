//! What stands above the table: how the collector is, its rates, its queues, what is wrong.

use std::time::Duration;

use ratatui::layout::Rect;
use ratatui::text::Span;
use web::Queue;

use super::{Colors, Rows};
use crate::control::PipelineStatus;
use crate::top::model::{Figures, Model};
use crate::top::text::{age, amount, cut, gauge, grouped, left, rate, safe, spark, width};
use crate::units::rounded;

/// So many troubles are named; the others are counted.
const TROUBLES_MAX: usize = 3;

/// From so many columns on, queues stand in two.
const TWO_COLUMNS: usize = 160;

const NAME_WIDTH: usize = 14;
const BAR_WIDTH: usize = 16;
const TEXT_CHARS_MAX: usize = 512;

/// The first row: which collector, and whether what is shown is true now.
pub(super) fn title(rows: &mut Rows<'_>, model: &Model, colors: Colors) {
    let mut about = format!(" catchment  {}", safe(&model.place, TEXT_CHARS_MAX));
    if let Some(Figures { status, .. }) = &model.figures {
        about = format!(
            " catchment {}  {}  up {}",
            safe(&status.version, 32),
            safe(&model.place, TEXT_CHARS_MAX),
            age(Duration::from_secs(status.uptime_seconds))
        );
    }
    let state = match (&model.paused, &model.lost) {
        (Some(since), _) => format!("PAUSED {} ago ", age(model.now.saturating_sub(*since))),
        (None, Some((since, _))) => format!("NO ANSWER for {} ", age(model.now.saturating_sub(*since))),
        (None, None) => String::new(),
    };
    let room = rows.width().saturating_sub(width(&state) + 1);
    let text = left(&about, room) + " " + &state;
    rows.put_all(vec![Span::styled(text, colors.heading())], colors.selected());
}

pub(super) fn draw(rows: &mut Rows<'_>, model: &Model, area: Rect, colors: Colors) {
    if let Some((_, reason)) = &model.lost {
        let reason = safe(reason, TEXT_CHARS_MAX);
        let text = format!("{reason}; it is asked again and again");
        rows.put(vec![Span::styled(cut(&text, rows.width()), colors.bad())]);
    }
    let Some(figures) = &model.figures else {
        if model.lost.is_none() {
            rows.put(vec![Span::styled("the collector is asked \u{2026}", colors.faint())]);
        }
        return;
    };
    let height = usize::from(area.height);
    if height >= 5 {
        troubles(rows, figures, colors);
    }
    if height >= 7 {
        totals(rows, model, figures, colors);
    }
    // The table has at least half of the screen.
    queues(rows, figures, (height / 2).saturating_sub(4), colors);
    if height >= 18 {
        rows.skip();
    }
}

fn troubles(rows: &mut Rows<'_>, figures: &Figures, colors: Colors) {
    let troubles = &figures.status.troubles;
    let named = if rows.free() < 12 { 1 } else { TROUBLES_MAX };
    for trouble in troubles.iter().take(named) {
        let (of, reason) = (safe(&trouble.of, TEXT_CHARS_MAX), safe(&trouble.reason, TEXT_CHARS_MAX));
        rows.put(vec![Span::styled(cut(&format!("{of}: {reason}"), rows.width()), colors.bad())]);
    }
    if troubles.len() > named {
        let more = format!("and {} more: `catchment status` names them", troubles.len() - named);
        rows.put(vec![Span::styled(more, colors.bad())]);
    }
}

/// The rates of the whole collector, and where its peers stand.
fn totals(rows: &mut Rows<'_>, model: &Model, figures: &Figures, colors: Colors) {
    let totals = &figures.status.totals;
    let graph = rows.width().saturating_sub(62).min(40);
    let mut line = vec![
        Span::styled("lines ", colors.faint()),
        Span::styled(format!("{}/s ", rate(figures.lines_per_second)), colors.heading()),
        Span::styled(spark(figures.history.newest(graph), graph), colors.moving()),
    ];
    let parts = [
        format!("{}/s", rounded(figures.bytes_per_second as u64)),
        format!("{} acked/s", rate(figures.acked_per_second)),
        format!("{} unacked", grouped(totals.unacked)),
    ];
    line.extend(parts.into_iter().map(|part| Span::raw(format!("  {part}"))));
    rows.put(line);
    let mut line = vec![
        Span::styled("peers ", colors.faint()),
        Span::styled(grouped(model.peers.total() as u64), colors.heading()),
    ];
    for (state, count) in model.peers.states() {
        let (style, state) = (colors.state(state), safe(state, 32).replace('_', " "));
        line.push(Span::styled(format!("  {} {state}", grouped(*count as u64)), style));
    }
    line.push(Span::styled(format!("  {} lines in all", grouped(totals.lines)), colors.faint()));
    rows.put(line);
}

/// A row for each queue, or for two.
fn queues(rows: &mut Rows<'_>, figures: &Figures, rows_max: usize, colors: Colors) {
    let columns = if rows.width() >= TWO_COLUMNS { 2 } else { 1 };
    let each = rows.width() / columns;
    for some in figures.status.queues.chunks(columns).take(rows_max) {
        let mut line = Vec::new();
        for queue in some {
            line.extend(self::queue(queue, figures, each, colors));
        }
        rows.put(line);
    }
}

fn queue(queue: &Queue, figures: &Figures, columns: usize, colors: Colors) -> Vec<Span<'static>> {
    let bar = if columns < 50 { 0 } else { BAR_WIDTH };
    let depth = amount(queue.depth, &queue.unit);
    let (full, free, text) = match queue.limit {
        Some(limit) => {
            let (full, free) = gauge(queue.depth, limit, bar);
            (full, free, format!("{depth} of {}", amount(limit, &queue.unit)))
        }
        None => (String::new(), " ".repeat(bar), depth),
    };
    let nearly_full = queue.limit.is_some_and(|limit| queue.depth >= limit / 10 * 9);
    let style = if nearly_full { colors.odd() } else { colors.good() };
    let mut text = format!(" {text}");
    if let Some(seconds) = queue.oldest_seconds {
        text += &format!("  oldest {}", oldest(seconds));
    }
    let name = safe(&queue.name, 64).replace('_', " ");
    let name = match queue.name.strip_prefix("pipeline:") {
        Some(pipeline) => {
            text += &of_pipeline(pipeline, figures);
            safe(pipeline, 64)
        }
        None => {
            text += &beside(&queue.name, figures);
            name
        }
    };
    let room = columns.saturating_sub(NAME_WIDTH + bar);
    vec![
        Span::styled(left(&name, NAME_WIDTH), colors.faint()),
        Span::styled(full, style),
        Span::styled(free, colors.faint()),
        Span::raw(left(&text, room.saturating_sub(1)) + " "),
    ]
}

fn oldest(seconds: f64) -> String {
    if seconds < 10.0 { format!("{seconds:.1}s") } else { age(Duration::from_secs(seconds as u64)) }
}

fn of_pipeline(name: &str, figures: &Figures) -> String {
    let with_rates = figures.status.pipelines.iter().zip(&figures.records_per_second);
    let mut same = with_rates.filter(|(pipeline, _)| pipeline.name == name);
    let Some((PipelineStatus { state, .. }, records)) = same.next() else { return String::new() };
    let state = if state == "running" { String::new() } else { format!("  {}", safe(state, 32)) };
    format!("{state}  {} records/s", rate(*records))
}

/// What else there is to say of a queue.
fn beside(name: &str, figures: &Figures) -> String {
    let status = &figures.status;
    match name {
        "journal" => {
            let mean = Duration::from_micros(status.journal.sync_mean_micros).as_secs_f64() * 1000.0;
            format!("  {} commits/s, {mean:.1} ms each", rate(figures.commits_per_second))
        }
        "store_memory" => format!("  {} parts, {}", status.store.parts, rounded(status.store.part_bytes)),
        "tail" => format!("  {} follow", status.tail.subscribers),
        _ => String::new(),
    }
}
