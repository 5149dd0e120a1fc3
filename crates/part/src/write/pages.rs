use std::collections::VecDeque;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;

use super::WriteOptions;
use crate::ReadError;
use crate::shape::fold;
use crate::weigh::row_bytes;

/// The most text of a page, in bytes: the row with which it gets there is its last.
pub(crate) const PAGE_BYTES: usize = 2 << 20;

/// Cuts and joins batches into pages: all with `page_rows` rows, but for the last one and those with much text.
///
/// What bounds it: a batch as it came, and a page.
pub(super) struct Pages<I> {
    sorted: I,
    schema: SchemaRef,
    page_rows: usize,
    /// Pieces of the next page, and what they come to.
    pieces: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    ready: VecDeque<RecordBatch>,
    ended: bool,
}

impl<I: Iterator<Item = Result<RecordBatch, ReadError>>> Pages<I> {
    pub(super) fn new(sorted: I, schema: SchemaRef, options: &WriteOptions) -> Self {
        let page_rows = options.page_rows.max(1);
        let (pieces, ready) = (Vec::new(), VecDeque::new());
        Self { sorted, schema, page_rows, pieces, rows: 0, bytes: 0, ready, ended: false }
    }

    /// Adds a batch to the page in the making, which may make some ready.
    fn add(&mut self, batch: &RecordBatch) -> Result<(), ReadError> {
        let batch = fold(batch, &self.schema)?;
        let bytes = row_bytes(&batch);
        let mut from = 0;
        for (row, bytes) in bytes.into_iter().enumerate() {
            self.rows += 1;
            self.bytes += bytes;
            if self.rows == self.page_rows || self.bytes >= PAGE_BYTES {
                self.pieces.push(batch.slice(from, row + 1 - from));
                from = row + 1;
                self.end_page()?;
            }
        }
        if from < batch.num_rows() {
            self.pieces.push(batch.slice(from, batch.num_rows() - from));
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), ReadError> {
        let page = match self.pieces.as_slice() {
            [] => return Ok(()),
            [only] => only.clone(),
            pieces => concat_batches(&self.schema, pieces)?,
        };
        self.pieces.clear();
        (self.rows, self.bytes) = (0, 0);
        self.ready.push_back(page);
        Ok(())
    }
}

impl<I: Iterator<Item = Result<RecordBatch, ReadError>>> Iterator for Pages<I> {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(page) = self.ready.pop_front() {
                return Some(Ok(page));
            }
            if self.ended {
                return None;
            }
            let added = match self.sorted.next() {
                Some(batch) => batch.and_then(|batch| self.add(&batch)),
                None => {
                    self.ended = true;
                    self.end_page()
                }
            };
            if let Err(error) = added {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}
