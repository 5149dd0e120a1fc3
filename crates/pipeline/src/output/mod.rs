//! Where records go.

mod file;
mod forward;
pub mod json;
mod stdout;
mod text;

use std::error::Error;

use record::{Batch, Position, Record};

pub use file::{FileError, FileOutput};
pub use forward::{ForwardOptions, ForwardOutput, ForwardStatus, ForwardText, ForwardWatch};
pub use stdout::StdoutOutput;

/// Takes the records of one pipeline. It is called from the pipeline's thread only, which waits for it.
pub trait Output: Send {
    /// What it is called in logs and status.
    fn name(&self) -> &str;

    /// Where it stands at the start: it has everything up to here, durably. [`Position`] 0 if it keeps no place, or has nothing
    /// yet: then it is given what comes behind the pipeline's checkpoint.
    ///
    /// Asked again after [`OutputError::Lost`].
    fn resume_from(&self) -> Position;

    /// Takes records, in the order of their positions, none of which it took before. With them it has everything up to `upto`,
    /// also what the stages dropped; so there may be no record at all.
    ///
    /// # Errors
    /// When it did not take all of them. After [`OutputError::Failed`] the call is made again, with the same records and perhaps
    /// more behind them.
    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError>;

    /// Everything up to here was written and will not be asked for again, whatever happens to the process or the machine. Called
    /// about once a second while it is behind what was written, and at the stop; it may cost a sync.
    ///
    /// # Errors
    /// When what was written cannot be made safe, now or ever.
    fn durable(&mut self) -> Result<Position, OutputError>;

    /// The pipeline stops: what is written should be made durable now. [`Output::durable`] is called afterwards.
    ///
    /// # Errors
    /// As [`Output::durable`].
    fn flush(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// Why an output did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It may work later: it is tried again until it does.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
    /// What it took since [`Output::resume_from`], as that is now, is lost, and must be given again.
    #[error(transparent)]
    Lost(Box<dyn Error + Send + Sync>),
    /// Nobody takes records there any more. The pipeline goes on without it, or ends if it has no other.
    #[error(transparent)]
    Closed(Box<dyn Error + Send + Sync>),
}

impl OutputError {
    /// It may work later.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }

    /// Records that were taken are lost.
    pub fn lost(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Lost(error.into())
    }

    /// It never works again.
    pub fn closed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Closed(error.into())
    }
}

/// How a record is written as a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `peer  message`, with control characters shown and not obeyed.
    Text,
    /// One JSON object, see [`json`].
    Json,
}

impl Format {
    /// Adds the record and a newline to `out`.
    pub fn write(self, out: &mut String, record: Record<'_>) {
        match self {
            Self::Text => text::write_record(out, record),
            Self::Json => json::write_record(out, record),
        }
        out.push('\n');
    }
}
