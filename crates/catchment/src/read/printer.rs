use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use super::paint::Paint;
use super::records::Records;
use super::table::Table;
use crate::cli::RowFormat;

/// Writes rows in the format asked for, as they come.
///
/// What it owns: the output, and what its format holds back: the first rows of a table. It must be told the end by
/// [`Printer::finish`]. What fails is the output's own error.
pub(crate) struct Printer<W: Write> {
    out: W,
    form: Form<W>,
    rows: u64,
}

enum Form<W: Write> {
    Records(Records),
    Table(Table),
    Json,
    Csv { header: bool },
    Arrow(Option<Box<arrow_ipc::writer::StreamWriter<Buffer<W>>>>),
}

/// What text is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Any columns, aligned.
    Table,
    /// Records, a line for each.
    Records,
}

/// Keeps what a writer that owns its output has written, until it is passed on.
pub(crate) struct Buffer<W> {
    bytes: Vec<u8>,
    of: std::marker::PhantomData<W>,
}

impl<W> Write for Buffer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Printer<W> {
    pub(crate) fn new(
        out: W,
        schema: &Schema,
        format: RowFormat,
        look: Look,
        paint: Paint,
    ) -> io::Result<Self> {
        let form = match (format, look) {
            (RowFormat::Text, Look::Table) => Form::Table(Table::new(schema, paint)),
            (RowFormat::Text, Look::Records) => Form::Records(Records::new(paint)),
            (RowFormat::Json, _) => Form::Json,
            (RowFormat::Csv, _) => Form::Csv { header: true },
            (RowFormat::Arrow, _) => {
                let buffer = Buffer { bytes: Vec::new(), of: std::marker::PhantomData };
                let writer =
                    arrow_ipc::writer::StreamWriter::try_new(buffer, schema).map_err(io::Error::other)?;
                Form::Arrow(Some(Box::new(writer)))
            }
        };
        let mut printer = Self { out, form, rows: 0 };
        if let Form::Csv { .. } = printer.form {
            // An answer without rows has its header all the same.
            let empty = RecordBatch::new_empty(SchemaRef::new(schema.clone()));
            printer.csv(&empty)?;
        }
        Ok(printer)
    }

    pub(crate) fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.rows += batch.num_rows() as u64;
        match &mut self.form {
            Form::Records(records) => records.rows(&mut self.out, batch),
            Form::Table(table) => table.rows(&mut self.out, batch),
            Form::Json => {
                let mut writer = arrow_json::LineDelimitedWriter::new(&mut self.out);
                writer.write(batch).and_then(|()| writer.finish()).map_err(into_io)
            }
            Form::Csv { .. } => self.csv(batch),
            Form::Arrow(writer) => {
                let Some(writer) = writer else { return Ok(()) };
                writer.write(batch).map_err(into_io)?;
                let bytes = std::mem::take(&mut writer.get_mut().bytes);
                self.out.write_all(&bytes)
            }
        }
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes what was held back. Returns the number of rows.
    pub(crate) fn finish(mut self) -> io::Result<u64> {
        match &mut self.form {
            Form::Table(table) => table.finish(&mut self.out)?,
            Form::Arrow(writer) => {
                if let Some(mut writer) = writer.take() {
                    writer.finish().map_err(into_io)?;
                    self.out.write_all(&writer.get_ref().bytes)?;
                }
            }
            Form::Records(_) | Form::Json | Form::Csv { .. } => {}
        }
        self.out.flush()?;
        Ok(self.rows)
    }

    fn csv(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let Form::Csv { header } = &mut self.form else { return Ok(()) };
        let header = std::mem::take(header);
        let mut writer = arrow_csv::WriterBuilder::new().with_header(header).build(&mut self.out);
        writer.write(batch).map_err(into_io)
    }
}

fn into_io(error: arrow_schema::ArrowError) -> io::Error {
    match error {
        arrow_schema::ArrowError::IoError(_, error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};

    use super::{Look, Paint, Printer};
    use crate::cli::RowFormat;

    fn printed(format: RowFormat, batches: &[RecordBatch]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut printer =
            Printer::new(&mut out, &batch(&[]).schema(), format, Look::Table, Paint::never()).unwrap();
        batches.iter().for_each(|batch| printer.rows(batch).unwrap());
        printer.finish().unwrap();
        out
    }

    fn batch(rows: &[(i64, &str)]) -> RecordBatch {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)));
        let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| row.1)));
        RecordBatch::try_from_iter([("n", numbers), ("text", texts)]).unwrap()
    }

    #[test]
    fn each_format_over_several_batches() {
        let batches = [batch(&[(1, "a,b")]), batch(&[(2, "\"")])];
        let text = |format| String::from_utf8(printed(format, &batches)).unwrap();
        assert_eq!(text(RowFormat::Json), "{\"n\":1,\"text\":\"a,b\"}\n{\"n\":2,\"text\":\"\\\"\"}\n");
        assert_eq!(text(RowFormat::Csv), "n,text\n1,\"a,b\"\n2,\"\"\"\"\n");
        assert_eq!(text(RowFormat::Text), "n  text\n1  a,b\n2  \"\n");
        let bytes = printed(RowFormat::Arrow, &batches);
        let read = arrow_ipc::reader::StreamReader::try_new(&bytes[..], None).unwrap();
        assert_eq!(read.map(Result::unwrap).collect::<Vec<_>>(), batches);
    }

    #[test]
    fn an_answer_without_rows() {
        assert_eq!(printed(RowFormat::Csv, &[]), b"n,text\n");
        assert_eq!(printed(RowFormat::Text, &[]), b"n  text\n");
        assert_eq!(printed(RowFormat::Json, &[]), b"");
    }
}
