use std::io::{self, ErrorKind, Write};

use record::{Batch, Position};

use super::{Format, Output, OutputError};

/// So much text is written at once.
const WRITE_BYTES: usize = 256 << 10;

/// Prints records.
///
/// What it owns: the writer, usually standard output, and text that is not written yet, which 256 KiB and one record
/// bound. It keeps no place: after a crash, what came behind the last checkpoint is printed again. When its reader goes away it
/// is closed; after another failure it goes on at the very byte. It stops with its pipeline.
#[derive(Debug)]
pub struct StdoutOutput<W> {
    out: W,
    format: Format,
    text: String,
    /// So much of the text is written.
    written: usize,
    /// Up to here everything is written or in the text.
    reached: Position,
}

impl StdoutOutput<io::Stdout> {
    /// Prints to standard output.
    pub fn new(format: Format) -> Self {
        Self::to(io::stdout(), format)
    }
}

impl<W: Write + Send> StdoutOutput<W> {
    /// Prints to any writer.
    pub fn to(out: W, format: Format) -> Self {
        Self { out, format, text: String::new(), written: 0, reached: Position(0) }
    }

    fn write_text(&mut self) -> Result<(), OutputError> {
        while self.written < self.text.len() {
            match self.out.write(&self.text.as_bytes()[self.written..]) {
                Ok(0) => return Err(cannot_print(&ErrorKind::WriteZero.into())),
                Ok(n) => self.written += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(cannot_print(&error)),
            }
        }
        self.text.clear();
        self.written = 0;
        Ok(())
    }
}

fn cannot_print(error: &io::Error) -> OutputError {
    match error.kind() {
        ErrorKind::BrokenPipe => OutputError::closed("whoever read the output has closed it"),
        _ => OutputError::failed(format!("cannot print: {error}")),
    }
}

impl<W: Write + Send> Output for StdoutOutput<W> {
    fn name(&self) -> &str {
        "stdout"
    }

    fn resume_from(&self) -> Position {
        Position(0)
    }

    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        self.write_text()?;
        let reached = self.reached;
        for record in records.iter().filter(|record| record.position() > reached) {
            self.format.write(&mut self.text, record);
            self.reached = record.position();
            if self.text.len() >= WRITE_BYTES {
                self.write_text()?;
            }
        }
        self.write_text()?;
        self.reached = self.reached.max(upto);
        self.out.flush().map_err(|error| cannot_print(&error))
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        Ok(self.reached)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind, Write};

    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position};

    use super::{Format, Output, OutputError, StdoutOutput};

    /// Takes a few bytes at a time and fails now and then.
    #[derive(Default)]
    struct Moody {
        taken: Vec<u8>,
        moods: Vec<u8>,
    }

    impl Write for Moody {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = match self.moods.pop() {
                Some(0) => return Err(ErrorKind::StorageFull.into()),
                Some(1) => return Err(ErrorKind::Interrupted.into()),
                Some(n) => bytes.len().min(usize::from(n)),
                None => bytes.len(),
            };
            self.taken.extend_from_slice(&bytes[..n]);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn records(positions: std::ops::Range<u64>) -> Batch {
        let mut batch = Batch::new();
        for position in positions {
            let bytes = format!("line {position}\x1b");
            let (received, flags) = (Micros(1), LineFlags::default());
            let (position, bytes) = (Position(position), bytes.as_bytes());
            batch.push(&Line { position, received, source: "s", peer: "p", bytes, flags });
        }
        batch
    }

    proptest! {
        #[test]
        fn after_a_failure_it_goes_on_at_the_very_byte(
            moods in proptest::collection::vec(0..12u8, 0..60),
            first in 1..6u64,
        ) {
            let mut output = StdoutOutput::to(Moody { taken: Vec::new(), moods }, Format::Text);
            while output.write(&records(1..first), Position(first)).is_err() {}
            // Another batch may come than the one that failed, if another output had to begin again.
            let failed = output.write(&records(first + 1..8), Position(8)).is_err();
            let next = if failed { first + 1..12 } else { 9..12 };
            while output.write(&records(next.clone()), Position(12)).is_err() {}
            prop_assert_eq!(output.durable().unwrap(), Position(12));
            let expected: String =
                (1..12).filter(|n| *n != first && (failed || *n != 8)).map(|n| format!("p  line {n}\\u{{1b}}\n")).collect();
            prop_assert_eq!(String::from_utf8(output.out.taken).unwrap(), expected);
        }
    }

    #[test]
    fn without_a_reader_it_is_closed() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut output = StdoutOutput::to(Gone, Format::Json);
        assert!(matches!(output.write(&records(1..2), Position(1)), Err(OutputError::Closed(_))));
    }
}
