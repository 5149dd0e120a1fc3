//! Several parts as one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::file::statistics::Statistics;

use crate::columns::{CORE, FIELDS_MAX, fields_of};
use crate::shape::{fold, limit_columns, unify};
use crate::sort::{BATCH_ROWS, Key, Keys, take};
use crate::weigh::row_bytes;
use crate::{Part, ReadError, Scan};

/// The most bytes of text of finished inputs that an output batch waits for.
const HELD_BYTES: usize = 8 << 20;

/// The rows of all parts in the order of time, then position, with the columns of all, at most 200 of fields: the rest
/// goes to `extra`. Of rows that are equal in both, all come.
///
/// # Errors
/// When a part cannot be opened.
pub fn merge(parts: &[Arc<Part>]) -> Result<Merge, ReadError> {
    let schemas: Vec<SchemaRef> = parts.iter().map(|part| part.schema()).collect();
    let unified = unify(schemas.iter().map(AsRef::as_ref));
    let schema = if fields_of(&unified).count() > FIELDS_MAX {
        limit_columns(&unified, &count_fields(parts)?)
    } else {
        unified
    };
    let inputs: Vec<Input> = parts.iter().map(|part| Input::Closed(Arc::clone(part))).collect();
    let heads =
        parts.iter().enumerate().map(|(nth, part)| Reverse(((part.summary().time.0, 0), nth))).collect();
    Ok(Merge {
        schema,
        inputs,
        heads,
        held: Vec::new(),
        places: Vec::new(),
        finished_bytes: 0,
        failed: false,
    })
}

/// A merge under way. After an error it ends.
///
/// What it owns: of each part whose time has come, one batch of at most three pages, each with 2 MiB of text and one row
/// at most; the batches that the next output takes rows from, of which at most 8 MiB of text and one are used up.
/// It does not grow with the length of the parts.
pub struct Merge {
    schema: SchemaRef,
    inputs: Vec<Input>,
    /// For each part that has rows left the key of the next, or one before it.
    heads: BinaryHeap<Reverse<(Key, usize)>>,
    /// The batches that `places` points into.
    held: Vec<RecordBatch>,
    places: Vec<(usize, usize)>,
    /// Bytes of those held batches that no input is in any more.
    finished_bytes: usize,
    failed: bool,
}

enum Input {
    /// Not read yet.
    Closed(Arc<Part>),
    /// At a row of a held batch.
    Open { scan: Scan, held: usize, row: usize },
    /// All read.
    Ended,
}

impl Merge {
    /// The columns of its batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, ReadError> {
        while let Some(Reverse((_, nth))) = self.heads.pop() {
            if let Input::Closed(part) = &self.inputs[nth] {
                let scan = part.scan(None, None, BATCH_ROWS)?.page_wise();
                self.advance(nth, scan)?;
            } else {
                self.take_run(nth)?;
            }
            if self.places.len() == BATCH_ROWS || self.finished_bytes > HELD_BYTES {
                return self.emit().map(Some);
            }
        }
        if self.places.is_empty() { Ok(None) } else { self.emit().map(Some) }
    }

    /// Takes the rows of an input that come before those of all others.
    fn take_run(&mut self, nth: usize) -> Result<(), ReadError> {
        let Input::Open { held, row, .. } = &mut self.inputs[nth] else { return Ok(()) };
        let batch = &self.held[*held];
        let keys = Keys::of(batch)?;
        let other = self.heads.peek().map(|Reverse((key, _))| *key);
        let room = BATCH_ROWS - self.places.len();
        let end = batch.num_rows().min(*row + room);
        // The first row is the least of all; those after it are as long as no other input's comes before them.
        loop {
            self.places.push((*held, *row));
            *row += 1;
            if *row == end || other.is_some_and(|other| keys.get(*row) > other) {
                break;
            }
        }
        if *row < batch.num_rows() {
            self.heads.push(Reverse((keys.get(*row), nth)));
            return Ok(());
        }
        self.finished_bytes += row_bytes(batch).iter().sum::<usize>();
        match std::mem::replace(&mut self.inputs[nth], Input::Ended) {
            Input::Open { scan, .. } => self.advance(nth, scan),
            _ => Ok(()),
        }
    }

    /// Reads the next batch of an input.
    fn advance(&mut self, nth: usize, mut scan: Scan) -> Result<(), ReadError> {
        self.inputs[nth] = match scan.next().transpose()? {
            Some(batch) => {
                let batch = fold(&batch, &self.schema)?;
                self.heads.push(Reverse((Keys::of(&batch)?.get(0), nth)));
                self.held.push(batch);
                Input::Open { scan, held: self.held.len() - 1, row: 0 }
            }
            None => Input::Ended,
        };
        Ok(())
    }

    /// The rows taken so far. Only batches that inputs are in stay held.
    fn emit(&mut self) -> Result<RecordBatch, ReadError> {
        let rows = take(&self.held, &self.places)?;
        self.places.clear();
        self.finished_bytes = 0;
        let before = std::mem::take(&mut self.held);
        for input in &mut self.inputs {
            if let Input::Open { held, .. } = input {
                self.held.push(before[*held].clone());
                *held = self.held.len() - 1;
            }
        }
        Ok(rows)
    }
}

impl Iterator for Merge {
    type Item = Result<RecordBatch, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        step.transpose()
    }
}

/// How many rows have each field, by the statistics of its column.
fn count_fields(parts: &[Arc<Part>]) -> Result<BTreeMap<String, u64>, ReadError> {
    let mut counts = BTreeMap::new();
    for part in parts {
        let schema = part.schema();
        for group in part.metadata()?.row_groups() {
            for (column, field) in group.columns().iter().zip(schema.fields()).skip(CORE) {
                let nulls = column.statistics().and_then(Statistics::null_count_opt).unwrap_or(0);
                *counts.entry(field.name().clone()).or_default() +=
                    (group.num_rows() as u64).saturating_sub(nulls);
            }
        }
    }
    Ok(counts)
}
