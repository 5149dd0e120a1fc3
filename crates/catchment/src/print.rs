use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use journal::{Cursor, CursorError, Handle, ReadError, Reader, RealDisk};
use record::{Position, clock};

use crate::cli::Format;
use crate::format::write_line;

/// The printer's cursor, while it runs.
const CURSOR: &str = "print";

/// How often it is said what was printed, so that the journal can free it.
const CHECKPOINT: Duration = Duration::from_secs(1);

/// Prints lines as they become durable.
///
/// What it owns: a thread that reads the journal at its own pace, and a cursor that keeps what is not printed yet, for as long
/// as it runs. What bounds it: one frame and one line of memory; an output
/// that stands still holds up nothing but itself. It stops with [`Printer::stop`], after what is durable by then has been printed.
/// When the output is closed or the journal cannot be read, it ends, and [`Printer::has_ended`] tells.
pub(crate) struct Printer {
    journal: Handle,
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<Result<(), PrintError>>,
}

/// Why printing has ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrintError {
    #[error("cannot print: {0}")]
    Output(#[from] io::Error),
    #[error(transparent)]
    Journal(#[from] ReadError),
    #[error(transparent)]
    Cursor(#[from] CursorError),
}

impl Printer {
    /// Prints what becomes durable from `from` on.
    pub(crate) fn start(data_dir: &Path, journal: Handle, from: Position) -> Result<Self, PrintError> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, disk) = (Arc::clone(&stopping), RealDisk::new(data_dir));
        // Where an earlier run stood is of no interest: printing begins now.
        journal.remove_cursor(CURSOR)?;
        let mut cursor = journal.cursor(CURSOR)?;
        cursor.checkpoint(from)?;
        let handle = journal.clone();
        let thread = std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || print(disk, &handle, cursor, &stop))?;
        Ok(Self { journal, stopping, thread })
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Prints what is durable, for at most `within`.
    pub(crate) fn stop(self, within: Duration) -> Result<(), PrintError> {
        self.stopping.store(true, Ordering::Relaxed);
        let deadline = clock::monotonic() + within;
        while !self.thread.is_finished() {
            if clock::monotonic() > deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the output stands still").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = self.thread.join();
        self.journal.remove_cursor(CURSOR)?;
        ended.unwrap_or_else(|_| Err(io::Error::other("the printer has panicked").into()))
    }
}

fn print(disk: RealDisk, journal: &Handle, mut cursor: Cursor, stop: &AtomicBool) -> Result<(), PrintError> {
    let mut reader = Reader::open(disk, cursor.position())?;
    let mut next_checkpoint = clock::monotonic() + CHECKPOINT;
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let mut skipped = 0;
    loop {
        let last = stop.load(Ordering::Relaxed);
        let durable = journal.durable();
        reader.limit(durable);
        while let Some(line) = reader.next()? {
            write_line(&mut out, &line, Format::Text)?;
        }
        out.flush()?;
        if reader.skipped() > skipped {
            tracing::warn!(
                bytes = reader.skipped() - skipped,
                "dropped by the journal before they were printed"
            );
            skipped = reader.skipped();
        }
        if last {
            return Ok(());
        }
        if clock::monotonic() >= next_checkpoint && reader.position() > cursor.position() {
            cursor.checkpoint(reader.position())?;
            next_checkpoint = clock::monotonic() + CHECKPOINT;
        }
        journal.wait_durable(durable, Duration::from_millis(100));
    }
}
