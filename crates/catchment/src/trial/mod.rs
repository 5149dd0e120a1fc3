//! Pipelines as their author tries them: lines go in, and nothing is stored.

mod explain;
mod seen;
mod test;

use std::time::Duration;

use pipeline::{Joiner, Multiline, Options, Stages};
use record::{Batch, Line, LineFlags, Micros, Position};

pub(crate) use explain::explain;
pub(crate) use test::test;

use crate::config::{Config, Pipeline};

/// A pipeline without journal and outputs.
///
/// Owns what its stages own, workers of Python handlers too, and the lines that wait for what follows them; bounded as in a running pipeline.
struct Trial {
    pipeline: Pipeline,
    stages: Stages,
    joiner: Option<Joiner>,
    lines: u64,
    waiting: Batch,
}

impl Trial {
    fn new(pipeline: &Pipeline) -> Result<Self, String> {
        let held_max = Multiline::HELD_BATCHES * Options::default().batch_bytes;
        let joiner = pipeline.multiline.as_ref().map(|told| Joiner::new(told, held_max)).transpose();
        let mut stages = Stages::new(&pipeline.stages).map_err(|(_, bad)| bad.to_string())?;
        stages.start(&pipeline.name).map_err(|error| error.to_string())?;
        Ok(Self {
            pipeline: pipeline.clone(),
            stages,
            joiner: joiner.map_err(|bad| bad.to_string())?,
            lines: 0,
            waiting: Batch::new(),
        })
    }

    /// Takes a line, without its newline. Its position is its number. One of a source whose lines the pipeline does not take is passed
    /// over.
    fn push(&mut self, bytes: &[u8], source: &str, peer: &str, received: Micros) {
        self.lines += 1;
        if !self.pipeline.takes(source) {
            return;
        }
        let (position, flags) = (Position(self.lines), LineFlags::default());
        let line = Line { position, received, source, peer, bytes, flags };
        match &mut self.joiner {
            Some(joiner) => joiner.push(&line, Duration::ZERO),
            None => self.waiting.push(&line),
        }
    }

    /// No more lines come.
    fn end(&mut self) {
        if let Some(joiner) = &mut self.joiner {
            joiner.end();
        }
    }

    /// The records whose lines are all there, before the first stage.
    fn records(&mut self) -> Batch {
        if let Some(joiner) = &mut self.joiner {
            joiner.release(&mut self.waiting, usize::MAX, usize::MAX);
        }
        std::mem::take(&mut self.waiting)
    }
}

/// The source that a line comes through if nobody says another.
fn source_of(pipeline: &Pipeline, config: &Config) -> String {
    let of_config = || config.sources.first().map(|source| source.name.clone());
    pipeline.from.first().cloned().or_else(of_config).unwrap_or_default()
}
