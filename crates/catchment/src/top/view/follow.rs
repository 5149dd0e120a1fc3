//! One peer and its lines, the newest at the bottom.

use std::time::Duration;

use ratatui::text::Span;

use super::{Colors, Rows};
use crate::top::model::{Follow, Line, Row};
use crate::top::text::{age, cut, grouped, rate, safe, spark, width, wrapped};

const SPARK_WIDTH: usize = 16;
const TEXT_CHARS_MAX: usize = 512;

/// So long is the time of a record from its day to its milliseconds.
const TIME_CHARS: std::ops::Range<usize> = 11..23;

pub(super) fn draw(
    rows: &mut Rows<'_>,
    follow: &mut Follow,
    peer: Option<&Row>,
    now: Duration,
    colors: Colors,
) {
    about(rows, follow, peer, now, colors);
    note(rows, follow, colors);
    let (columns, height) = (rows.width(), rows.free());
    // From the bottom upwards, until no more fits.
    let (mut shown, mut lines): (Vec<Vec<Span<'_>>>, usize) = (Vec::new(), 0);
    for line in follow.upwards() {
        if shown.len() >= height {
            break;
        }
        lines += 1;
        shown.extend(self::line(line, columns, follow.wrap, colors).into_iter().rev());
    }
    shown.truncate(height);
    // A few lines stand at the top, not at the bottom.
    shown.into_iter().rev().for_each(|line| rows.put(line));
    follow.showed(lines);
}

fn about(rows: &mut Rows<'_>, follow: &Follow, row: Option<&Row>, now: Duration, colors: Colors) {
    let name = safe(&follow.target.peer, TEXT_CHARS_MAX);
    let source = safe(&follow.target.source, TEXT_CHARS_MAX);
    let mut line =
        vec![Span::styled(name, colors.heading()), Span::styled("  of ", colors.faint()), Span::raw(source)];
    let Some(Row { peer, pace }) = row else {
        line.push(Span::styled("  is not here any more", colors.odd()));
        return rows.put(line);
    };
    let state = safe(&peer.state, 32).replace('_', " ");
    line.push(Span::styled(format!("  {state}"), colors.state(&peer.state)));
    line.push(Span::raw(format!("  {} lines/s ", rate(pace.lines_per_second))));
    line.push(Span::styled(spark(pace.history.newest(SPARK_WIDTH), SPARK_WIDTH), colors.moving()));
    line.push(Span::raw(format!("  {} unacked", grouped(peer.unacked))));
    if let Some(at) = pace.last_line {
        line.push(Span::raw(format!("  last line {} ago", age(now.saturating_sub(at)))));
    }
    rows.put(line);
    if let Some(error) = &peer.last_error {
        let error = cut(&safe(error, TEXT_CHARS_MAX), rows.width());
        rows.put(vec![Span::styled(error, colors.odd())]);
    }
}

/// How the following goes, over a rule.
fn note(rows: &mut Rows<'_>, follow: &Follow, colors: Colors) {
    let mut text = match follow.below() {
        Some(0) => "held".to_owned(),
        Some(1) => "held, 1 new line below".to_owned(),
        Some(below) => format!("held, {} new lines below", grouped(below)),
        None => safe(&follow.note, TEXT_CHARS_MAX),
    };
    if follow.unseen > 0 {
        text += &format!("; {} lines were too many to see", grouped(follow.unseen));
    }
    let text = cut(&format!("\u{2500}\u{2500} {text} "), rows.width());
    let rule = "\u{2500}".repeat(rows.width().saturating_sub(width(&text)));
    let style = if follow.below().is_some() { colors.odd() } else { colors.faint() };
    rows.put(vec![Span::styled(text + &rule, style)]);
}

/// The rows of a line: time, level, text.
fn line(line: &Line, columns: usize, wrap: bool, colors: Colors) -> Vec<Vec<Span<'static>>> {
    // Day and microseconds are no use to somebody who watches.
    let time = line.time.get(TIME_CHARS).unwrap_or(&line.time).to_owned();
    let mut head = vec![Span::styled(time, colors.faint()), Span::raw(" ")];
    if !line.level.is_empty() {
        let level = format!("{:<5} ", line.level);
        head.push(Span::styled(level, colors.level(line.level())));
    }
    let used: usize = head.iter().map(Span::width).sum();
    let room = columns.saturating_sub(used);
    if !wrap || room < 8 {
        head.push(Span::raw(cut(&line.text, room)));
        return vec![head];
    }
    let mut rows = Vec::new();
    for text in wrapped(&line.text, room) {
        let begin =
            if rows.is_empty() { std::mem::take(&mut head) } else { vec![Span::raw(" ".repeat(used))] };
        rows.push([begin, vec![Span::raw(text)]].concat());
    }
    rows
}
