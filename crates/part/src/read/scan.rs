use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection};

use super::opened::{Chunks, Opened};
use crate::{ReadError, Selection};

/// Rows of a part, batch by batch. After an error it ends.
///
/// What it owns: the open part, and for each column the page that is being read, at most 1 MiB of it encoded and as much
/// decoded, or one value if that is larger.
pub struct Scan {
    chunks: Chunks,
    schema: SchemaRef,
    columns: ProjectionMask,
    row_groups: VecDeque<(usize, Option<RowSelection>)>,
    batch_rows: usize,
    reader: Option<ParquetRecordBatchReader>,
}

impl Scan {
    pub(super) fn new(
        opened: Arc<Opened>,
        schema: &SchemaRef,
        columns: Option<&[&str]>,
        selection: Option<&Selection>,
        batch_rows: usize,
    ) -> Self {
        let wanted = |name: &str| columns.is_none_or(|names| names.contains(&name));
        let places: Vec<usize> =
            (0..schema.fields().len()).filter(|at| wanted(schema.field(*at).name())).collect();
        let fields: Vec<_> = places.iter().map(|at| Arc::clone(&schema.fields()[*at])).collect();
        let row_groups = match selection {
            Some(selection) => {
                selection.row_groups.iter().map(|(group, rows)| (*group, Some(rows.clone()))).collect()
            }
            None => (0..opened.directory.row_groups.len()).map(|group| (group, None)).collect(),
        };
        Self {
            columns: ProjectionMask::roots(opened.metadata.parquet_schema(), places),
            schema: Arc::new(Schema::new(fields)),
            chunks: Chunks { opened, failed: Arc::new(Mutex::new(None)) },
            row_groups,
            batch_rows: batch_rows.max(1),
            reader: None,
        }
    }

    /// The columns of its batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Lets every batch be a page at most, so that a batch has bounded bytes however long its texts are.
    pub(crate) fn page_wise(mut self) -> Self {
        self.batch_rows = 0;
        self
    }

    fn open_row_group(&mut self, group: usize, rows: Option<RowSelection>) -> Result<(), ReadError> {
        let opened = &self.chunks.opened;
        let batch_rows = match self.batch_rows {
            0 => smallest_page(opened, group),
            rows => rows,
        };
        let mut reader =
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.chunks.clone(), opened.metadata.clone())
                .with_projection(self.columns.clone())
                .with_row_groups(vec![group])
                .with_batch_size(batch_rows);
        if let Some(rows) = rows {
            reader = reader.with_row_selection(rows);
        }
        let reader = reader.build().map_err(|error| self.error(error))?;
        self.reader = Some(reader);
        Ok(())
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        loop {
            if let Some(reader) = &mut self.reader {
                if let Some(batch) = reader.next() {
                    let batch = batch.map_err(|error| self.error(error))?;
                    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                    let columns = batch.columns().to_vec();
                    return Ok(Some(RecordBatch::try_new_with_options(
                        Arc::clone(&self.schema),
                        columns,
                        &rows,
                    )?));
                }
                self.reader = None;
            }
            let Some((group, rows)) = self.row_groups.pop_front() else { return Ok(None) };
            self.open_row_group(group, rows)?;
        }
    }

    /// Our own error behind what the reader says, or what the reader says.
    fn error(&self, error: impl Into<Box<dyn std::error::Error>>) -> ReadError {
        let own = self.chunks.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        own.unwrap_or_else(|| ReadError::damaged(&self.chunks.opened.path, error))
    }
}

impl Iterator for Scan {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            self.reader = None;
            self.row_groups.clear();
        }
        step.transpose()
    }
}

/// The rows of the smallest page of a row group, but for the last one, which is what was left. A batch of so many touches
/// three pages at most.
fn smallest_page(opened: &Opened, group: usize) -> usize {
    let pages = opened.directory.row_groups.get(group).map_or(&[][..], Vec::as_slice);
    let whole = if pages.len() > 1 { &pages[..pages.len() - 1] } else { pages };
    whole.iter().map(|page| page.rows as usize).min().unwrap_or(1).clamp(1, crate::BATCH_ROWS)
}
