use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use journal::{Handle, ReadError, Reader, RealDisk};
use record::Position;

use crate::cli::Format;
use crate::format::write_line;

/// Prints lines as they become durable.
///
/// What it owns: a thread that reads the journal at its own pace. What bounds it: one frame and one line of memory; an output
/// that stands still holds up nothing but itself. It stops with [`Printer::stop`], after what is durable by then has been printed.
/// When the output is closed or the journal cannot be read, it ends, and [`Printer::has_ended`] tells.
pub(crate) struct Printer {
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
}

impl Printer {
    /// Prints what becomes durable from `from` on.
    pub(crate) fn start(data_dir: &Path, journal: Handle, from: Position) -> io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, disk) = (Arc::clone(&stopping), RealDisk::new(data_dir));
        let thread = std::thread::Builder::new()
            .name("printer".to_owned())
            .spawn(move || print(disk, &journal, from, &stop))?;
        Ok(Self { stopping, thread })
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Prints what is durable, for at most `within`.
    pub(crate) fn stop(self, within: Duration) -> Result<(), PrintError> {
        self.stopping.store(true, Ordering::Relaxed);
        let deadline = record::clock::monotonic() + within;
        while !self.thread.is_finished() {
            if record::clock::monotonic() > deadline {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the output stands still").into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the printer has panicked").into()))
    }
}

fn print(disk: RealDisk, journal: &Handle, from: Position, stop: &AtomicBool) -> Result<(), PrintError> {
    let mut reader = Reader::open(disk, from)?;
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
        journal.wait_durable(durable, Duration::from_millis(100));
    }
}
