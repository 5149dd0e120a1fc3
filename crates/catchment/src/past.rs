use std::io;
use std::sync::Arc;

use query::{Engine, QueryError};
use record::Position;
use search::Query;

use crate::outputs::StoreHandle;

/// Positions that are asked for at once: about so many bytes of the journal.
const WINDOW: u64 = 16 << 20;

/// The records of one pipeline that the store has, in the order of their positions, as JSON: what the journal has freed, whoever
/// follows the tail reads here.
///
/// What it owns: nothing but the way to the store. What bounds it: the records of a window of positions, within the engine's memory.
#[derive(Clone)]
pub(crate) struct Past {
    pub(crate) store: StoreHandle,
    pub(crate) engine: Arc<Engine>,
    pub(crate) pipeline: String,
}

/// Why the past cannot be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PastError {
    #[error("{0}")]
    Query(#[from] QueryError),
    #[error("{0}")]
    Write(#[from] io::Error),
}

impl Past {
    /// Gives every record behind `after` that matches to `each`, and returns up to where. It goes on as long as the store gets more
    /// meanwhile, so that what is left is not long gone from the journal.
    pub(crate) fn tell(
        &self,
        query: &Query,
        after: Position,
        each: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> Result<Position, PastError> {
        let mut at = after.0;
        loop {
            let snapshot = self.store.snapshot();
            let end = snapshot.checkpoints.get(&self.pipeline).map_or(0, |position| position.0);
            if at >= end {
                return Ok(Position(at));
            }
            let lowest = |part: &Arc<part::Part>| part.summary().position.0;
            let first = snapshot.parts.iter().map(lowest).min().unwrap_or(at + 1);
            let first = if snapshot.memory.is_empty() { first } else { first.min(end) };
            at = at.max(first.saturating_sub(1).min(end));
            while at < end {
                let to = at.saturating_add(WINDOW).min(end);
                let search = query::Search {
                    position: Some((at + 1, to)),
                    by_position: true,
                    ..query::Search::new(query.clone())
                };
                for batch in self.engine.search(Arc::clone(&snapshot), &search)? {
                    json_lines(&batch?, each)?;
                }
                at = to;
            }
        }
    }
}

pub(crate) fn json_lines(
    batch: &arrow_array::RecordBatch,
    each: &mut dyn FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    let shown: Vec<usize> =
        (0..batch.num_columns()).filter(|&column| batch.schema().field(column).name() != "raw").collect();
    let batch = batch.project(&shown).map_err(io::Error::other)?;
    let mut writer = arrow_json::LineDelimitedWriter::new(Vec::new());
    writer.write(&batch).and_then(|()| writer.finish()).map_err(io::Error::other)?;
    let text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    text.lines().try_for_each(each)
}
