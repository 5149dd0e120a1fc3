use std::io::{self, Write};

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, Schema};
use record::escape_controls;

use super::paint::{Ink, Paint};

/// So many rows decide how wide the columns are; later ones may be wider than theirs.
const MEASURED_ROWS: usize = 500;

/// A column is made no wider than this for the sake of a few long values.
const WIDTH_MAX: usize = 80;

/// Writes rows in aligned columns, with the names above them.
///
/// What it owns: the rows that are measured first, at most [`MEASURED_ROWS`] of them.
pub(crate) struct Table {
    names: Vec<String>,
    right: Vec<bool>,
    widths: Vec<usize>,
    waiting: Vec<Vec<String>>,
    begun: bool,
    paint: Paint,
}

impl Table {
    pub(crate) fn new(schema: &Schema, paint: Paint) -> Self {
        let names: Vec<String> =
            schema.fields().iter().map(|field| escape_controls(field.name()).into_owned()).collect();
        let right = schema.fields().iter().map(|field| field.data_type().is_numeric()).collect();
        let widths = names.iter().map(|name| name.chars().count()).collect();
        Self { names, right, widths, waiting: Vec::new(), begun: false, paint }
    }

    pub(crate) fn rows(&mut self, out: &mut impl Write, batch: &RecordBatch) -> io::Result<()> {
        let options = FormatOptions::default();
        let columns: Result<Vec<_>, ArrowError> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options)).collect();
        let columns = columns.map_err(io::Error::other)?;
        for row in 0..batch.num_rows() {
            let cells = columns.iter().zip(batch.columns()).map(|(column, values)| {
                if values.is_null(row) {
                    String::new()
                } else {
                    escape_controls(&column.value(row).to_string()).into_owned()
                }
            });
            self.row(out, cells.collect())?;
        }
        Ok(())
    }

    /// Writes what is still waiting to be measured.
    pub(crate) fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        if !self.begun {
            self.begin(out)?;
        }
        Ok(())
    }

    fn row(&mut self, out: &mut impl Write, cells: Vec<String>) -> io::Result<()> {
        if self.begun {
            return self.write(out, &cells, Ink::Plain);
        }
        for (width, cell) in self.widths.iter_mut().zip(&cells) {
            *width = (*width).max(cell.chars().count().min(WIDTH_MAX));
        }
        self.waiting.push(cells);
        if self.waiting.len() == MEASURED_ROWS { self.begin(out) } else { Ok(()) }
    }

    fn begin(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.begun = true;
        let names = self.names.clone();
        self.write(out, &names, Ink::Heading)?;
        let rows = std::mem::take(&mut self.waiting);
        rows.iter().try_for_each(|row| self.write(out, row, Ink::Plain))
    }

    fn write(&self, out: &mut impl Write, cells: &[String], ink: Ink) -> io::Result<()> {
        let (mut line, last) = (String::new(), cells.len().saturating_sub(1));
        for (index, cell) in cells.iter().enumerate() {
            let pad = " ".repeat(self.widths[index].saturating_sub(cell.chars().count()));
            if self.right[index] {
                line.push_str(&pad);
            }
            self.paint.put(&mut line, ink, cell);
            if index < last {
                if !self.right[index] {
                    line.push_str(&pad);
                }
                line.push_str("  ");
            }
        }
        line.push('\n');
        out.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

    use super::{Paint, Table};

    #[test]
    fn columns_are_aligned_and_control_characters_shown() {
        let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a\x1b[2J"), None, Some("longer")]));
        let counts: ArrayRef = Arc::new(Int64Array::from(vec![1, 200, 30]));
        let batch =
            RecordBatch::try_from_iter_with_nullable([("name", names, true), ("n", counts, false)]).unwrap();
        let (mut table, mut out) = (Table::new(&batch.schema(), Paint::never()), Vec::new());
        table.rows(&mut out, &batch).unwrap();
        assert!(out.is_empty());
        table.finish(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "name          n\na\\u{1b}[2J    1\n            200\nlonger       30\n");
    }
}
