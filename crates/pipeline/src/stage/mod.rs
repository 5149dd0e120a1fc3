//! What is done with records on their way.

mod json;
mod select;
mod set;

use record::Batch;

use json::ParseJson;
use select::Select;
pub use select::Where;
pub(crate) use set::BadStage;
pub use set::OwnedValue;

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Only these records go on.
    Where(Where),
    /// Each record gets these fields, or another value for those it has. `level` and `message` set the record's own.
    Set(Vec<(String, OwnedValue)>),
    /// A message that is a JSON object becomes fields, within [limits](crate#limits).
    ///
    /// Names of nested objects are joined with dots; an array, and an object below 16 others, is kept as JSON text; `null` is
    /// left out. The first of these that is understood is not kept as a field, but sets the record's own: a text `message` or
    /// `msg`; a `level`, `severity` or `lvl` that is a level's name; a `time`, `timestamp`, `ts` or `@timestamp` that is RFC 3339,
    /// or a number of seconds, milli-, micro- or nanoseconds since 1970, told apart by their magnitude (from 1973 on: a smaller
    /// number is more likely something else). Without a message the record keeps its text.
    ///
    /// A message that is not a JSON object stays as it is, and gets the fields `error.stage` and `error.reason`.
    ParseJson,
}

impl Stage {
    pub(crate) fn check(&self) -> Result<(), BadStage> {
        match self {
            Self::Set(fields) => set::check(fields),
            Self::Where(_) | Self::ParseJson => Ok(()),
        }
    }
}

/// The stages of one pipeline, ready to work. Owns memory that it uses again from batch to batch, for the longest line and its
/// fields.
#[derive(Debug)]
pub struct Stages(Vec<Ready>);

#[derive(Debug)]
enum Ready {
    Select(Select),
    Set(Vec<(String, OwnedValue)>),
    ParseJson(Box<ParseJson>),
}

impl Stages {
    /// Makes them ready.
    pub fn new(stages: &[Stage]) -> Self {
        let ready = |stage: &Stage| match stage {
            Stage::Where(which) => Ready::Select(Select::new(which.clone())),
            Stage::Set(fields) => Ready::Set(fields.clone()),
            Stage::ParseJson => Ready::ParseJson(Box::default()),
        };
        Self(stages.iter().map(ready).collect())
    }

    /// Sends the records through all of them, in order.
    pub fn apply(&mut self, batch: &mut Batch) {
        for stage in &mut self.0 {
            match stage {
                Ready::Select(select) => select.apply(batch),
                Ready::Set(fields) => set::apply(fields, batch),
                Ready::ParseJson(parse) => parse.apply(batch),
            }
        }
    }
}
