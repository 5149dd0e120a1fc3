//! A file of lines that has each record once, whatever happens to the process or the machine.

mod disk;
mod state;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use record::{Batch, Position};

use self::disk::{Disk, RealDisk};
use self::state::Mark;
use super::{Format, Output, OutputError};

/// So much text is written at once.
const WRITE_BYTES: usize = 256 << 10;

/// Appends records to a file.
///
/// What it owns: the file, by a lock, and beside it a small state file, `PATH.state` or another, that says up to which position
/// and to which length the file is complete and synced. At the start the file is cut there, and the records behind are given
/// again, so each is in it once. What bounds it: 256 KiB of text and one record. It stops with its pipeline.
///
/// A write that fails, as on a full disk, is cut off and tried again. After a failed sync, what was written since the last one
/// is cut off, and the records are asked for again.
///
/// # Bytes of the state file
/// Four lines of text, replaced as a whole: `catchment file output, format 1`, `position N`, `length N`, and `checksum X`, the
/// CRC-32C of the lines before in hexadecimal.
#[derive(Debug)]
pub struct FileOutput {
    name: String,
    disk: Box<dyn Disk>,
    format: Format,
    text: String,
    /// What was written.
    written: Mark,
    /// What of it is synced.
    synced: Mark,
    /// What of that the state file says.
    recorded: Mark,
    /// The file may be longer than what was written.
    torn: bool,
}

/// Why a file cannot be appended to.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another output or process writes to it.
    #[error("`{path}` is written to by somebody else: each output needs a file of its own")]
    InUse {
        /// The file.
        path: String,
    },
    /// Part of what it had is gone.
    #[error(
        "`{path}` has {length} bytes, and {recorded} were written to it: put it back as it was, or remove `{state}` to begin with \
         the file as it is"
    )]
    Shorter {
        /// The file.
        path: String,
        /// What it has now.
        length: u64,
        /// What it had.
        recorded: u64,
        /// The state file.
        state: String,
    },
    /// The state file is not one.
    #[error(
        "`{state}` is damaged: remove it to begin with the file as it is; records may then be in it twice"
    )]
    Damaged {
        /// The state file.
        state: String,
    },
    /// The system says no.
    #[error("could not {doing} `{path}`: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl FileOutput {
    /// Appends to `path`, with the state in `PATH.state`. A file that is there without a state keeps what it has.
    ///
    /// # Errors
    /// When the file cannot be opened, is in use, or is not what the state says.
    pub fn open(path: &Path, format: Format) -> Result<Self, FileError> {
        let mut state = path.as_os_str().to_owned();
        state.push(".state");
        Self::open_with_state(path, Path::new(&state), format)
    }

    /// As [`FileOutput::open`], with another path for the state, in a directory that exists.
    ///
    /// # Errors
    /// As there.
    pub fn open_with_state(path: &Path, state: &Path, format: Format) -> Result<Self, FileError> {
        let disk = RealDisk::open(path, state).map_err(|source| match source.kind() {
            io::ErrorKind::WouldBlock => FileError::InUse { path: path.display().to_string() },
            _ => FileError::Io { doing: "open", path: path.display().to_string(), source },
        })?;
        Self::on(Box::new(disk), path, state, format)
    }

    /// Under this name in logs and status, and for `route` stages.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    fn on(mut disk: Box<dyn Disk>, path: &Path, state: &Path, format: Format) -> Result<Self, FileError> {
        let (file, state) = (path.display().to_string(), state.display().to_string());
        let io = |doing, path: &str| {
            let path = path.to_owned();
            move |source| FileError::Io { doing, path, source }
        };
        let length = disk.length().map_err(io("read", &file))?;
        let recorded = match disk.load().map_err(io("read", &state))? {
            Some(bytes) => Mark::decode(&bytes).ok_or_else(|| FileError::Damaged { state: state.clone() })?,
            None => Mark { position: Position(0), length },
        };
        if length < recorded.length {
            return Err(FileError::Shorter { path: file, length, recorded: recorded.length, state });
        }
        disk.set_length(recorded.length).map_err(io("cut", &file))?;
        // What was read may not be durable: it is made so before anything builds on it.
        disk.sync().map_err(io("sync", &file))?;
        disk.save(&recorded.encode()).map_err(io("write", &state))?;
        Ok(Self {
            name: format!("file {file}"),
            disk,
            format,
            text: String::new(),
            written: recorded,
            synced: recorded,
            recorded,
            torn: false,
        })
    }

    fn append(&mut self, records: &Batch) -> io::Result<()> {
        self.text.clear();
        let (mut length, reached) = (self.written.length, self.written.position);
        for record in records.iter().filter(|record| record.position() > reached) {
            self.format.write(&mut self.text, record);
            if self.text.len() >= WRITE_BYTES {
                length = self.write_text(length)?;
            }
        }
        self.written.length = self.write_text(length)?;
        Ok(())
    }

    fn write_text(&mut self, at: u64) -> io::Result<u64> {
        self.disk.write_at(self.text.as_bytes(), at)?;
        let end = at + self.text.len() as u64;
        self.text.clear();
        Ok(end)
    }

    /// Cuts off what a failed write left.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.disk.set_length(self.written.length)?;
            self.torn = false;
        }
        Ok(())
    }

    fn make_durable(&mut self) -> Result<(), OutputError> {
        if self.written != self.synced {
            if let Err(error) = self.disk.sync() {
                // What the disk has is uncertain, and another sync would not tell.
                (self.written, self.torn) = (self.synced, true);
                let _ = self.mend();
                return Err(OutputError::lost(format!("cannot sync the file: {error}")));
            }
            self.synced = self.written;
        }
        if self.synced != self.recorded {
            let saved = self.disk.save(&self.synced.encode());
            saved.map_err(|error| OutputError::failed(format!("cannot write its state: {error}")))?;
            self.recorded = self.synced;
        }
        Ok(())
    }
}

impl Output for FileOutput {
    fn name(&self) -> &str {
        &self.name
    }

    fn resume_from(&self) -> Position {
        self.written.position
    }

    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        let written = self.mend().and_then(|()| {
            self.torn = true;
            self.append(records)
        });
        written.map_err(|error| OutputError::failed(format!("cannot write: {error}")))?;
        self.torn = false;
        self.written.position = upto;
        Ok(())
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        self.make_durable()?;
        Ok(self.recorded.position)
    }
}
