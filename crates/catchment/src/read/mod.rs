//! The commands that read: each asks the running collector, or opens the files itself.

pub(crate) mod access;
mod alone;
mod context;
mod export;
pub(crate) mod kept;
mod pager;
mod paint;
mod printer;
mod records;
mod search;
mod store;
mod table;
mod tail;
mod times;

use std::io::{self, ErrorKind};

pub(crate) use self::export::{export, parquet_properties};
pub(crate) use self::search::search;
pub(crate) use self::store::{list, verify};
pub(crate) use self::tail::{skipped, tail};

use self::access::{Access, AccessError, Answered};
use self::pager::Screen;
use self::paint::Paint;
use self::printer::{Look, Printer};
use crate::cli::{self, RowFormat};
use crate::exit::{Exit, complain};

/// Why a reading command did not do what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Access(#[from] AccessError),
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Usage(String),
    /// What was printed is not all.
    #[error("{0}")]
    Missing(String),
}

/// `catchment query`.
pub(crate) fn query(options: &cli::Query) -> Exit {
    finish(
        Access::of(&options.place)
            .and_then(|access| access.sql(&options.sql))
            .map_err(ReadError::from)
            .and_then(|answer| {
                let screen =
                    if options.format == RowFormat::Text { Screen::paged() } else { Screen::plain() };
                print(answer, screen, options.format, Look::Table)
            }),
    )
}

/// Prints rows as they come.
fn print(mut answer: Answered, mut screen: Screen, format: RowFormat, look: Look) -> Result<(), ReadError> {
    let mut printer = Printer::new(&mut screen, &answer.schema(), format, look, Paint::for_stdout())?;
    for batch in answer.by_ref() {
        printer.rows(&batch?)?;
        printer.flush()?;
    }
    printer.finish()?;
    screen.close()?;
    complete(answer)
}

/// An answer that does not know of everything is said to be one.
fn complete(answer: Answered) -> Result<(), ReadError> {
    answer.missing.map_or(Ok(()), |missing| Err(ReadError::Missing(missing)))
}

/// Tells what went wrong, and how the command ends.
pub(crate) fn finish(result: Result<(), ReadError>) -> Exit {
    match result {
        Ok(()) => Exit::Done,
        // Whoever read our output has seen enough.
        Err(ReadError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(&error);
            match error {
                ReadError::Usage(_) | ReadError::Access(AccessError::Words(_)) => Exit::Usage,
                ReadError::Access(
                    AccessError::Store(_)
                    | AccessError::Ask(_)
                    | AccessError::Remote(_)
                    | AccessError::Connect(_),
                ) => Exit::CannotStart,
                ReadError::Access(_) | ReadError::Output(_) | ReadError::Missing(_) => Exit::Failed,
            }
        }
    }
}
