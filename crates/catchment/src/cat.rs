use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::time::Duration;

use jiff::Timestamp;
use journal::{ReadError, Reader, RealDisk};
use record::{Line, LineFlags, Micros, Position, clock};

use crate::app::STORE_DIR;
use crate::cli::{self, Format};
use crate::exit::{Exit, complain};
use crate::format::write_line;
use crate::read::access::Access;
use crate::read::kept::{First, Kept};
use crate::read::{self};
use crate::units::Period;

/// How often a followed journal is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Prints the lines of a data directory, lazily.
pub(crate) fn run(options: &cli::Cat) -> Exit {
    let from = match options.from.as_deref().map_or(Ok(First::Position(Position(0))), from) {
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
    match open(options, from) {
        Ok((reader, oldest)) => Cat::new(options, reader).run(from, oldest),
        Err(error) => {
            complain(error);
            Exit::CannotStart
        }
    }
}

/// A reader of the journal, and where the journal begins: what came before is in the store.
fn open(options: &cli::Cat, from: First) -> Result<(Reader, Position), ReadError> {
    let disk = || RealDisk::new(&options.data_dir);
    let oldest = Reader::open(disk(), Position(0))?.position();
    let reader = match from {
        First::Position(position) if position < oldest => Reader::open(disk(), Position(0)),
        First::Position(position) => Reader::open(disk(), position),
        First::Time(time) => Reader::open_at_time(disk(), time),
    };
    Ok((reader?, oldest))
}

struct Cat<'a> {
    options: &'a cli::Cat,
    reader: Reader,
    line: Held,
    printed: u64,
    damaged: u64,
    /// Bytes of the journal that were gone, and are dealt with.
    skipped: u64,
}

/// The line that the reader gave last.
#[derive(Default)]
struct Held {
    position: Position,
    received: Micros,
    source: String,
    peer: String,
    bytes: Vec<u8>,
    flags: LineFlags,
}

impl<'a> Cat<'a> {
    fn new(options: &'a cli::Cat, reader: Reader) -> Self {
        let skipped = reader.skipped();
        Self { options, reader, line: Held::default(), printed: 0, damaged: 0, skipped }
    }

    fn run(mut self, from: First, oldest: Position) -> Exit {
        let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
        let printed = match from {
            First::Position(from) if from >= oldest => Ok(0),
            from => self.print_kept(&mut out, from, oldest),
        };
        match printed.and_then(|_| self.print(&mut out)).and_then(|()| Ok(out.flush()?)) {
            Ok(()) if self.damaged == 0 => Exit::Done,
            Ok(()) => Exit::Failed,
            Err(error) => read::finish(Err(error)),
        }
    }

    /// Prints what is in the store and no longer in the journal, and says how many lines that were.
    fn print_kept(
        &mut self,
        out: &mut impl Write,
        from: First,
        end: Position,
    ) -> Result<u64, read::ReadError> {
        if !self.options.data_dir.join(STORE_DIR).exists() {
            return Ok(0);
        }
        let options = self.options;
        let access = Access::open_parts(&options.data_dir)?;
        let (before, limit) = (self.printed, options.limit.unwrap_or(u64::MAX));
        let kept = Kept::new(&access, options.source.as_deref(), options.peer.as_deref());
        kept.lines(from, end, &mut |line| {
            if self.printed < limit {
                write_line(out, line, options.format)?;
                self.printed += 1;
            }
            Ok(self.printed < limit)
        })?;
        Ok(self.printed - before)
    }

    fn print(&mut self, out: &mut impl Write) -> Result<(), read::ReadError> {
        let limit = self.options.limit.unwrap_or(u64::MAX);
        while self.printed < limit {
            let at = self.reader.position();
            let there = match self.reader.next() {
                Ok(Some(line)) => {
                    self.line.hold(&line);
                    true
                }
                Ok(None) => false,
                Err(error) => {
                    out.flush()?;
                    if self.passes(&error) {
                        continue;
                    }
                    break;
                }
            };
            if self.reader.skipped() > self.skipped && self.print_gap(out, at, there)? {
                continue;
            }
            if there {
                if wanted(self.options, &self.line.line()) && !self.print_whole(out)? {
                    write_line(out, &self.line.line(), self.options.format)?;
                    self.printed += 1;
                }
            } else if self.options.follow {
                out.flush()?;
                std::thread::sleep(POLL);
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Prints the line that was read last from the store, if the journal has only its end, and the store all of it.
    fn print_whole(&mut self, out: &mut impl Write) -> Result<bool, read::ReadError> {
        let Position(at) = self.line.position;
        let headless = self.line.flags.contains(LineFlags::HEAD_LOST);
        Ok(headless && self.print_kept(out, First::Position(Position(at)), Position(at + 1))? > 0)
    }

    /// The journal has freed what is behind `at` before it was read: it is in the store. Returns true when the line that was
    /// read is, too.
    fn print_gap(
        &mut self,
        out: &mut impl Write,
        at: Position,
        there: bool,
    ) -> Result<bool, read::ReadError> {
        let bytes = self.reader.skipped() - self.skipped;
        self.skipped = self.reader.skipped();
        // The journal may have only the end of a line; the store has all of it.
        let headless = there && self.line.flags.contains(LineFlags::HEAD_LOST);
        let end = match (there, headless) {
            (false, _) => self.reader.position(),
            (true, false) => self.line.position,
            (true, true) => Position(self.line.position.0 + 1),
        };
        let printed = self.print_kept(out, First::Position(at), end)?;
        if printed == 0 && self.options.source.is_none() && self.options.peer.is_none() {
            out.flush()?;
            complain(format_args!("{bytes} bytes were dropped by the journal before they were read"));
        }
        Ok(headless && printed > 0)
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

impl Held {
    fn hold(&mut self, line: &Line<'_>) {
        (self.position, self.received, self.flags) = (line.position, line.received, line.flags);
        self.source.clear();
        self.source.push_str(line.source);
        self.peer.clear();
        self.peer.push_str(line.peer);
        self.bytes.clear();
        self.bytes.extend_from_slice(line.bytes);
    }

    fn line(&self) -> Line<'_> {
        Line {
            position: self.position,
            received: self.received,
            source: &self.source,
            peer: &self.peer,
            bytes: &self.bytes,
            flags: self.flags,
        }
    }
}

fn wanted(options: &cli::Cat, line: &Line<'_>) -> bool {
    let is = |wish: &Option<String>, name: &str| wish.as_deref().is_none_or(|wish| wish == name);
    is(&options.source, line.source) && is(&options.peer, line.peer)
}

fn from(text: &str) -> Result<First, String> {
    if let Ok(position) = text.parse() {
        return Ok(First::Position(Position(position)));
    }
    if let Ok(Period(ago)) = text.parse::<Period>() {
        let ago = u64::try_from(ago.as_micros()).unwrap_or(u64::MAX);
        return Ok(First::Time(Micros(clock::wall().0.saturating_sub(ago))));
    }
    match text.parse::<Timestamp>() {
        Ok(time) => Ok(First::Time(Micros(u64::try_from(time.as_microsecond()).unwrap_or(0)))),
        Err(_) => Err(format!(
            "`--from {text}`: expected a position like `123456`, a time like `2026-11-22T14:00:00Z`, or so long ago like `15m`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use record::{Micros, Position};

    use super::{First, from};

    #[test]
    fn where_to_begin() {
        assert_eq!(from("123"), Ok(First::Position(Position(123))));
        assert_eq!(from("1970-01-01T00:00:01.5Z"), Ok(First::Time(Micros(1_500_000))));
        assert_eq!(from("1970-01-01T01:00:01+01:00"), Ok(First::Time(Micros(1_000_000))));
        assert!(matches!(from("15m"), Ok(First::Time(_))));
        for wrong in ["", "yesterday", "-1", "2026-13-01T00:00:00Z"] {
            assert!(from(wrong).is_err(), "{wrong}");
        }
    }
}
