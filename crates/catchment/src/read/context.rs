use std::collections::HashSet;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array as _, RecordBatch};

use super::ReadError;
use super::access::{Access, Answered};
use super::pager::Screen;
use super::paint::Paint;
use super::printer::{Look, Printer};
use crate::cli::RowFormat;

/// Shows what the same peer sent before and behind each record that was found.
///
/// What bounds it: the records that were shown already, sixteen bytes each; a record in the neighbourhood of two is shown once.
pub(super) struct Context<'a> {
    access: &'a Access<'a>,
    records: usize,
    shown: HashSet<(u64, i64)>,
}

impl<'a> Context<'a> {
    pub(super) fn new(access: &'a Access<'a>, records: usize) -> Self {
        Self { access, records, shown: HashSet::new() }
    }

    pub(super) fn print(
        mut self,
        mut found: Answered,
        mut screen: Screen,
        format: RowFormat,
    ) -> Result<(), ReadError> {
        let mut printer =
            Printer::new(&mut screen, &found.schema(), format, Look::Records, Paint::for_stdout())?;
        for batch in found.by_ref() {
            let batch = batch?;
            for row in 0..batch.num_rows() {
                for near in self.around(&batch, row)? {
                    printer.rows(&near)?;
                }
                printer.flush()?;
            }
        }
        printer.finish()?;
        screen.close()?;
        super::complete(found)
    }

    /// The record and its neighbours, in the order they were sent, without those that were shown.
    fn around(&mut self, batch: &RecordBatch, row: usize) -> Result<Vec<RecordBatch>, ReadError> {
        let text = |name: &str| batch.column_by_name(name).map(|column| column.as_string_view().value(row));
        let (Some(position), Some(source), Some(peer)) = (position(batch, row), text("source"), text("peer"))
        else {
            return Ok(Vec::new());
        };
        let peer = format!("source = {} AND peer = {}", quoted(source), quoted(peer));
        let n = self.records;
        let before = format!(
            "SELECT * FROM (SELECT * FROM logs WHERE {peer} AND position <= {position} ORDER BY position DESC LIMIT {}) ORDER BY position",
            n + 1
        );
        let behind =
            format!("SELECT * FROM logs WHERE {peer} AND position > {position} ORDER BY position LIMIT {n}");
        let mut near = Vec::new();
        for sql in [before, behind] {
            for batch in self.access.sql(&sql)? {
                self.keep_new(&batch?, &mut near);
            }
        }
        Ok(near)
    }

    fn keep_new(&mut self, batch: &RecordBatch, to: &mut Vec<RecordBatch>) {
        for row in 0..batch.num_rows() {
            if position(batch, row).is_some_and(|position| self.shown.insert((position, nth(batch, row)))) {
                to.push(batch.slice(row, 1));
            }
        }
    }
}

fn position(batch: &RecordBatch, row: usize) -> Option<u64> {
    Some(batch.column_by_name("position")?.as_primitive_opt::<UInt64Type>()?.value(row))
}

/// Which of its line's records it is.
fn nth(batch: &RecordBatch, row: usize) -> i64 {
    let column = batch.column_by_name("nth").and_then(|column| column.as_primitive_opt::<Int64Type>());
    column.filter(|column| column.is_valid(row)).map_or(0, |column| column.value(row))
}

/// A text as SQL writes it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
