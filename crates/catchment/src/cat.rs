use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::time::Duration;

use jiff::Timestamp;
use journal::{ReadError, Reader, RealDisk};
use record::{Line, Micros, Position, clock};

use crate::cli::{self, Format};
use crate::exit::{Exit, complain};
use crate::format::write_line;
use crate::units::Period;

/// How often a followed journal is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Where printing begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Position(Position),
    Time(Micros),
}

/// Prints the lines of a data directory, lazily.
pub(crate) fn run(options: &cli::Cat) -> Exit {
    let from = match options.from.as_deref().map_or(Ok(From::Position(Position(0))), from) {
        Ok(from) => from,
        Err(message) => {
            complain(message);
            return Exit::Usage;
        }
    };
    if options.format == Format::Raw && io::stdout().is_terminal() {
        complain(
            "`--format raw` would let the lines' control characters reach this terminal; send it to a file",
        );
        return Exit::Usage;
    }
    let disk = RealDisk::new(&options.data_dir);
    let reader = match from {
        From::Position(position) => Reader::open(disk, position),
        From::Time(time) => Reader::open_at_time(disk, time),
    };
    match reader {
        Ok(reader) => Cat { options, reader, printed: 0, damaged: 0 }.run(),
        Err(error) => {
            complain(error);
            Exit::CannotStart
        }
    }
}

struct Cat<'a> {
    options: &'a cli::Cat,
    reader: Reader,
    printed: u64,
    damaged: u64,
}

impl Cat<'_> {
    fn run(mut self) -> Exit {
        let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
        match self.print(&mut out).and_then(|()| out.flush()) {
            Ok(()) if self.damaged == 0 => Exit::Done,
            Ok(()) => Exit::Failed,
            // Whoever read our output has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
            Err(error) => {
                complain(format_args!("cannot print: {error}"));
                Exit::Failed
            }
        }
    }

    fn print(&mut self, out: &mut impl Write) -> io::Result<()> {
        let limit = self.options.limit.unwrap_or(u64::MAX);
        while self.printed < limit {
            match self.reader.next() {
                Ok(Some(line)) => {
                    if wanted(self.options, &line) {
                        write_line(out, &line, self.options.format)?;
                        self.printed += 1;
                    }
                }
                Ok(None) if self.options.follow => {
                    out.flush()?;
                    std::thread::sleep(POLL);
                }
                Ok(None) => break,
                Err(error) => {
                    out.flush()?;
                    if !self.passes(&error) {
                        break;
                    }
                }
            }
        }
        if self.reader.skipped() > 0 {
            complain(format_args!(
                "{} bytes were dropped by the journal before they were read",
                self.reader.skipped()
            ));
        }
        Ok(())
    }

    /// Says what is damaged, and goes on behind it if there is a behind.
    fn passes(&mut self, error: &ReadError) -> bool {
        complain(error);
        self.damaged += 1;
        match error {
            ReadError::Damaged { .. } => match self.reader.skip_damage() {
                Ok(_) => true,
                Err(error) => {
                    complain(error);
                    false
                }
            },
            _ => false,
        }
    }
}

fn wanted(options: &cli::Cat, line: &Line<'_>) -> bool {
    let is = |wish: &Option<String>, name: &str| wish.as_deref().is_none_or(|wish| wish == name);
    is(&options.source, line.source) && is(&options.peer, line.peer)
}

fn from(text: &str) -> Result<From, String> {
    if let Ok(position) = text.parse() {
        return Ok(From::Position(Position(position)));
    }
    if let Ok(Period(ago)) = text.parse::<Period>() {
        let ago = u64::try_from(ago.as_micros()).unwrap_or(u64::MAX);
        return Ok(From::Time(Micros(clock::wall().0.saturating_sub(ago))));
    }
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(From::Time(Micros(u64::try_from(time.as_microsecond()).unwrap_or(0)))),
        Err(_) => Err(format!(
            "`--from {text}`: expected a position like `123456`, a time like `2026-11-22T14:00:00Z`, or so long ago like `15m`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use record::{Micros, Position};

    use super::{From, from};

    #[test]
    fn where_to_begin() {
        assert_eq!(from("123"), Ok(From::Position(Position(123))));
        assert_eq!(from("1970-01-01T00:00:01.5Z"), Ok(From::Time(Micros(1_500_000))));
        assert_eq!(from("1970-01-01T01:00:01+01:00"), Ok(From::Time(Micros(1_000_000))));
        assert!(matches!(from("15m"), Ok(From::Time(_))));
        for wrong in ["", "yesterday", "-1", "2026-13-01T00:00:00Z"] {
            assert!(from(wrong).is_err(), "{wrong}");
        }
    }
}
