use std::path::Path;
use std::time::Duration;

use journal::{ReadError, Reader, RealDisk};
use part::Builder;
use pipeline::{Joiner, Multiline, Options};
use record::{Batch, Position};
use store::Snapshot;

use crate::app::STORE_DIR;
use crate::config::{Output, Pipeline};
use crate::exit::complain;
use crate::outputs::spec;
use crate::remote;
use crate::saved;

use super::access::AccessError;

/// What a collector had not written to parts when it was killed is read from its journal: at most so much text, in bytes. In
/// order, a collector leaves none.
const TEXT_BYTES_MAX: usize = 256 << 20;

/// Records that make one batch.
const BATCH_ROWS: usize = 8192;

/// All records of a data directory that no collector runs on.
pub(super) fn snapshot(data_dir: &Path) -> Result<Snapshot, AccessError> {
    let snapshot = parts(data_dir)?;
    let mut rest = Rest { builder: Builder::new(), batches: Vec::new(), text: 0 };
    for pipeline in saved::load(data_dir) {
        if pipeline.to.contains(&Output::Store) {
            if spec(&pipeline).runs_code() {
                // A handler may do more than to change records, and to look is not to run it again.
                complain(format_args!(
                    "what is in the journal only is not shown: the pipeline `{}` has a Python handler; start the collector, it brings the \
                     store up to date",
                    pipeline.name
                ));
                continue;
            }
            let from = snapshot.checkpoints.get(&pipeline.name).copied().unwrap_or_default();
            if let Err(error) = rest.read(data_dir, &pipeline, from) {
                complain(format_args!("what is in the journal only is not shown: {error}"));
            }
        }
    }
    Ok(snapshot.with_memory(rest.finish()))
}

/// The records that are in parts, here or on object storage.
pub(super) fn parts(data_dir: &Path) -> Result<Snapshot, AccessError> {
    let dir = data_dir.join(STORE_DIR);
    match saved::remote(data_dir) {
        Some(remote) => Ok(Snapshot::open_with(&dir, &remote::connect(&remote)?)?),
        None => Ok(Snapshot::open(&dir)?),
    }
}

struct Rest {
    builder: Builder,
    batches: Vec<arrow_array::RecordBatch>,
    text: usize,
}

impl Rest {
    fn read(&mut self, data_dir: &Path, pipeline: &Pipeline, from: Position) -> Result<(), ReadError> {
        let next = if from == Position(0) { from } else { Position(from.0 + 1) };
        let mut reader = Reader::open(RealDisk::new(data_dir), next)?;
        let spec = spec(pipeline);
        let mut stages = match pipeline::Stages::new(&spec.stages) {
            Ok(stages) => stages,
            Err((_, error)) => {
                complain(format_args!("what is in the journal only is not shown: {error}"));
                return Ok(());
            }
        };
        let held_max = Multiline::HELD_BATCHES * Options::default().batch_bytes;
        let mut joiner = match spec.multiline.as_ref().map(|told| Joiner::new(told, held_max)).transpose() {
            Ok(joiner) => joiner,
            Err(error) => {
                complain(format_args!("what is in the journal only is not shown: {error}"));
                return Ok(());
            }
        };
        let (mut batch, mut pushed, route) = (Batch::new(), 0, stages.route("store"));
        loop {
            let more = match reader.next() {
                Ok(Some(line)) => {
                    if pipeline.takes(line.source) {
                        pushed += 1;
                        match &mut joiner {
                            Some(joiner) => joiner.push(&line, Duration::ZERO),
                            None => batch.push(&line),
                        }
                    }
                    true
                }
                Ok(None) => false,
                Err(error @ ReadError::Damaged { .. }) => {
                    complain(error);
                    reader.skip_damage()?;
                    true
                }
                Err(error) => return Err(error),
            };
            if pushed >= BATCH_ROWS || joiner.as_ref().is_some_and(Joiner::is_full) || !more {
                pushed = 0;
                if let Some(joiner) = &mut joiner {
                    if !more {
                        joiner.end();
                    }
                    joiner.release(&mut batch, usize::MAX, usize::MAX);
                }
                self.text += batch.bytes();
                if stages.apply(&mut batch).is_err() {
                    // No stage runs code here, and no other one fails.
                    return Ok(());
                }
                let stored = batch.iter().filter(|record| route.takes(*record));
                stored.for_each(|record| self.builder.append(record));
                batch.clear();
                self.seal();
                if !more {
                    return Ok(());
                }
                if self.text > TEXT_BYTES_MAX {
                    complain(
                        "not all of the journal is shown: start the collector, it brings the store up to date",
                    );
                    return Ok(());
                }
            }
        }
    }

    fn seal(&mut self) {
        if !self.builder.is_empty() {
            self.batches.push(self.builder.finish());
        }
    }

    fn finish(mut self) -> Vec<arrow_array::RecordBatch> {
        self.seal();
        self.batches
    }
}
