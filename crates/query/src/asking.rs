//! Questions to a store of which some parts are damaged.

use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use store::Snapshot;

use crate::{QueryError, Rows};

/// An answer that has begun.
pub struct Begun {
    /// It, but for what came first.
    pub rows: Rows,
    /// What came first.
    pub first: Option<Result<RecordBatch, QueryError>>,
    /// What the answer does not know of, if there is something.
    pub missing: Option<String>,
}

/// Asks, and asks again without a part that turns out to be damaged before the first rows came. `found` is told of such a part,
/// `waits` of each answer that is waited for.
///
/// # Errors
/// As `ask` says.
pub fn begin(
    mut snapshot: Arc<Snapshot>,
    ask: impl Fn(Arc<Snapshot>) -> Result<Rows, QueryError>,
    mut found: impl FnMut(&Path, &str),
    mut waits: impl FnMut(&Rows),
) -> Result<Begun, QueryError> {
    loop {
        let begun = ask(Arc::clone(&snapshot)).map(|mut rows| {
            waits(&rows);
            let first = rows.next();
            (rows, first)
        });
        match begun {
            Err(QueryError::Damaged { path, what })
            | Ok((_, Some(Err(QueryError::Damaged { path, what }))))
                if snapshot.parts.iter().any(|part| part.path() == path) =>
            {
                found(&path, &what);
                snapshot = Arc::new(Snapshot::clone(&snapshot).without(&path, &what));
            }
            Ok((rows, first)) => return Ok(Begun { rows, first, missing: missing(&snapshot) }),
            Err(error) => return Err(error),
        }
    }
}

/// What a snapshot lacks, in words.
fn missing(snapshot: &Snapshot) -> Option<String> {
    let first = snapshot.damaged.first()?;
    let rows: u64 = snapshot.damaged.iter().map(|part| part.rows).sum();
    let others = match snapshot.damaged.len() - 1 {
        0 => String::new(),
        others => format!(", and {others} more"),
    };
    let path = first.path.display();
    Some(format!("{rows} records are missing, their part is damaged: `{path}`: {}{others}", first.why))
}
