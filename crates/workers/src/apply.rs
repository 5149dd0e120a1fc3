use std::ops::Range;

use record::{Batch, Level, Value};

use crate::codec::{Column, Outcome};

/// What became of some rows of a batch.
pub(crate) enum Part<'a> {
    /// A worker answered.
    Done(Outcome<'a>),
    /// No worker could: why.
    Unhandled(&'a str),
}

/// Changes the batch as the parts say, which together are all of its rows, in order. Returns how many records are marked with an
/// error.
pub(crate) fn apply(batch: &mut Batch, parts: &[(Range<usize>, Part<'_>)]) -> u64 {
    if parts.iter().any(|(_, part)| matches!(part, Part::Done(outcome) if outcome.rows.is_some())) {
        batch.select(parts.iter().flat_map(|(range, part)| rows(range, part)));
    }
    let (mut first, mut failed) = (0, 0);
    for (range, part) in parts {
        match part {
            Part::Done(outcome) => {
                failed += change(batch, first, &outcome.columns);
                first += outcome.records as usize;
            }
            Part::Unhandled(reason) => {
                (first..first + range.len()).for_each(|index| fail(batch, index, reason));
                first += range.len();
                failed += range.len() as u64;
            }
        }
    }
    failed
}

fn rows<'a>(range: &Range<usize>, part: &'a Part<'a>) -> Box<dyn Iterator<Item = usize> + 'a> {
    let start = range.start;
    match part {
        Part::Done(Outcome { rows: Some(rows), .. }) => {
            Box::new(rows.iter().map(move |row| start + *row as usize))
        }
        _ => Box::new(range.clone()),
    }
}

/// Record by record, since the fields of one lie together.
fn change(batch: &mut Batch, first: usize, columns: &[Column<'_>]) -> u64 {
    let mut changes: Vec<(u32, u32, u32)> = Vec::with_capacity(columns.iter().map(Column::len).sum());
    for (number, column) in (0..).zip(columns) {
        changes.extend((0..column.len() as u32).map(|index| (column.record(index as usize), number, index)));
    }
    if columns.len() > 1 {
        changes.sort_by_key(|change| change.0);
    }
    let mut failed = 0;
    for (record, number, index) in changes {
        let column = &columns[number as usize];
        let (index, value) = (first + record as usize, column.value(index as usize));
        match (column.kind, column.name, value) {
            (b'E', _, Value::Str(reason)) => {
                fail(batch, index, reason);
                failed += 1;
            }
            (_, "message", Value::Str(message)) => batch.set_message(index, message),
            (_, "time", Value::Time(time)) => batch.set_time(index, time),
            (_, "level", Value::Str(word)) => match Level::from_word(word) {
                Some(level) => batch.set_level(index, Some(level)),
                None => {
                    fail(
                        batch,
                        index,
                        "`level` is to be one of trace, debug, info, notice, warn, error, fatal",
                    );
                    failed += 1;
                }
            },
            (_, name, value) => batch.set_field(index, name, value),
        }
    }
    failed
}

fn fail(batch: &mut Batch, index: usize, reason: &str) {
    batch.set_field(index, "error.stage", Value::Str("python"));
    batch.set_field(index, "error.reason", Value::Str(reason));
}
