//! Reading rows back, in the collector or beside it.

mod error;
mod frames;
mod join;
mod rows;
mod segment;

use std::sync::Arc;

use record::{Line, LineFlags, Micros, Position};

use error::Damage;
pub use error::ReadError;
use frames::Frames;
use join::{Broken, Join, Tail};
use rows::{Malformed, Row, Rows};
use segment::{Opened, SegmentFile, bases};

use crate::disk::Disk;

/// The longest row that a reader puts together, unless told otherwise.
const ROW_BYTES_MAX: usize = 64 << 20;

/// Reads rows in order of their positions, lazily.
///
/// Owns up to two open segments, the memory of one frame and that of one row, which bound it; needs no stop.
/// It keeps nothing from being removed: what goes under its feet it counts, see [`Reader::skipped`]. After
/// damage it says the same again until [`Reader::skip_damage`]; after any other error the same row may be
/// asked for again.
#[derive(Debug)]
pub struct Reader {
    frames: Frames,
    rows: Rows,
    join: Join,
    start: Start,
    /// The names in the entry that is being read.
    source: String,
    peer: String,
    /// Behind the last row that was returned.
    position: Position,
    /// A row or an entry that cannot be read.
    damage: Option<Damage>,
}

/// Rows before this one are left out.
#[derive(Clone, Copy, Debug)]
enum Start {
    Position(Position),
    /// Only the first row at or behind this time is looked for: later ones may be earlier, when the clock was
    /// set.
    Time(Micros),
}

impl Reader {
    /// A reader whose first row is the first one at `from` or behind it.
    ///
    /// # Errors
    /// When there is no journal, or it cannot be read.
    pub fn open(disk: impl Disk, from: Position) -> Result<Self, ReadError> {
        Self::on(Arc::new(disk), from)
    }

    /// A reader whose first row is the first one that was received at `from` or later.
    ///
    /// # Errors
    /// As [`Reader::open`].
    pub fn open_at_time(disk: impl Disk, from: Micros) -> Result<Self, ReadError> {
        let disk: Arc<dyn Disk> = Arc::new(disk);
        let mut reader = Self::at(Arc::clone(&disk), segment_before(&*disk, from)?)?;
        reader.start = Start::Time(from);
        reader.frames.pass(|frame| frame.received < from)?;
        reader.position = Position(reader.frames.next_address());
        Ok(reader)
    }

    pub(crate) fn on(disk: Arc<dyn Disk>, from: Position) -> Result<Self, ReadError> {
        let base = bases(&*disk)?.into_iter().rev().find(|&base| base <= from.0);
        // Position 0 asks for the oldest row there is; any other one missed those that are gone.
        let base = base.or_else(|| bases(&*disk).ok()?.first().copied().filter(|_| from.0 == 0));
        let mut reader = Self::at(disk, base.unwrap_or(from.0))?;
        reader.start = Start::Position(from);
        reader.position = from;
        reader.frames.pass(|frame| frame.end() <= from.0)?;
        Ok(reader)
    }

    fn at(disk: Arc<dyn Disk>, base: u64) -> Result<Self, ReadError> {
        Ok(Self {
            frames: Frames::at(Arc::clone(&disk), base)?,
            rows: Rows::none(),
            join: Join::new(disk, ROW_BYTES_MAX),
            start: Start::Position(Position(0)),
            source: String::new(),
            peer: String::new(),
            position: Position(base),
            damage: None,
        })
    }

    /// Reads nothing at or behind `address` from now on. What is below is durable: if it cannot be read, that
    /// is damage. Without a limit a reader also returns rows that were written and not synced yet.
    pub fn limit(&mut self, address: u64) {
        self.frames.limit(address);
    }

    /// The longest row, in bytes, that is put together from pieces; a longer one is damage. 64 MiB by
    /// default; the writer's longest line and one batch are enough.
    pub fn row_bytes_max(&mut self, bytes: usize) {
        self.join.set_row_bytes_max(bytes);
    }

    /// Where reading goes on: every row before this position was returned, or left out at the start.
    pub fn position(&self) -> Position {
        if self.rows.is_finished() && self.damage.is_none() {
            self.position.max(Position(self.frames.next_address()))
        } else {
            self.position
        }
    }

    /// Bytes of the journal that were gone when it was their turn: segments that nobody was known to need, or
    /// that were dropped at the cap.
    pub fn skipped(&self) -> u64 {
        self.frames.skipped()
    }

    /// The next row; `None` at the end, for now.
    ///
    /// # Errors
    /// When a file cannot be read, or what is in it is not what was written.
    #[inline]
    #[expect(
        clippy::should_implement_trait,
        reason = "a row borrows from the reader, which no iterator's item can"
    )]
    pub fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        loop {
            if let Some(damage) = &self.damage {
                return Err(damage.clone().into_error(&*self.frames.disk));
            }
            let row = match self.rows.next(self.frames.frame()) {
                Ok(Some(row)) => row,
                Ok(None) => match self.frames.advance()? {
                    Some(frame) => {
                        self.rows = Rows::of(&frame);
                        continue;
                    }
                    None => return Ok(None),
                },
                Err(malformed) => return Err(self.malformed(&malformed)),
            };
            if row.first {
                self.read_names()?;
            }
            if self.is_wanted(&row) {
                return self.line(row).map(Some);
            }
        }
    }

    /// Goes on behind the damage that was just reported. Returns how many bytes are left out; a single row or
    /// the rest of a frame counts as 0.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn skip_damage(&mut self) -> Result<u64, ReadError> {
        if self.damage.take().is_some() {
            return Ok(0);
        }
        self.frames.skip()
    }

    fn read_names(&mut self) -> Result<(), ReadError> {
        let Some(entry) = self.rows.entry() else { return Ok(()) };
        match entry.names(self.frames.frame()) {
            Ok((source, peer)) => {
                // Most entries have the names of the one before: to compare is cheaper than to copy.
                if self.source != source {
                    source.clone_into(&mut self.source);
                }
                if self.peer != peer {
                    peer.clone_into(&mut self.peer);
                }
                Ok(())
            }
            Err(malformed) => Err(self.malformed(&malformed)),
        }
    }

    /// True when the row is not before the first one that was asked for.
    #[inline]
    fn is_wanted(&mut self, row: &Row) -> bool {
        let wanted = match self.start {
            Start::Position(from) => self.frames.frame_address() + row.last as u64 >= from.0,
            Start::Time(from) => self.received() >= from,
        };
        if wanted {
            self.start = Start::Position(Position(0));
        }
        wanted
    }

    fn received(&self) -> Micros {
        self.rows.entry().map_or(Micros(0), |entry| entry.header.received)
    }

    #[inline]
    fn line(&mut self, row: Row) -> Result<Line<'_>, ReadError> {
        let position = Position(self.frames.frame_address() + row.last as u64);
        let mut flags = LineFlags::default();
        if row.split {
            flags = flags.with(LineFlags::SPLIT);
        }
        if row.unterminated {
            flags = flags.with(LineFlags::UNTERMINATED);
        }
        if row.continues && !self.join(&row)? {
            flags = flags.with(LineFlags::HEAD_LOST);
        }
        self.position = Position(position.0 + 1);
        let received = self.received();
        let bytes = if row.continues { self.join.row() } else { &self.frames.frame()[row.bytes] };
        let bytes = if row.newline { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes };
        Ok(Line { position, received, source: &self.source, peer: &self.peer, bytes, flags })
    }

    /// Puts a row together; false when its head is lost.
    fn join(&mut self, row: &Row) -> Result<bool, ReadError> {
        let (Some(entry), Some(segment)) = (self.rows.entry(), self.frames.segment()) else {
            return Ok(true);
        };
        let (frame, frame_address) = (self.frames.frame(), self.frames.frame_address());
        let tail = Tail {
            frame,
            frame_address,
            segment,
            entry: &entry.header,
            entry_address: frame_address + entry.at as u64,
            bytes: &frame[row.bytes.clone()],
            verified_from: self.frames.verified_from(),
        };
        match self.join.join(&tail) {
            Ok(whole) => Ok(whole),
            Err(Broken::Damage(damage)) => {
                self.damage = Some(damage.clone());
                Err(damage.into_error(&*self.frames.disk))
            }
            Err(Broken::Error(error)) => {
                self.rows.again();
                Err(error)
            }
            Err(Broken::Gone) => Ok(false),
        }
    }

    /// Takes an entry that does not fit its frame for damage; the frame's other rows are lost with it.
    fn malformed(&mut self, malformed: &Malformed) -> ReadError {
        let address = self.frames.frame_address() + malformed.at as u64;
        let base = self.frames.segment().map_or(0, |segment| segment.header.base);
        let damage = Damage { base, address, what: malformed.what.to_owned() };
        self.rows.finish();
        self.damage = Some(damage.clone());
        damage.into_error(&*self.frames.disk)
    }
}

/// The base of the first segment that can have rows received at `time` or later: the one after it was begun
/// then.
fn segment_before(disk: &dyn Disk, time: Micros) -> Result<u64, ReadError> {
    let bases = bases(disk)?;
    let mut before = bases.first().copied().unwrap_or(0);
    for base in bases {
        match SegmentFile::open(disk, base)? {
            Opened::Segment(segment) if segment.header.created >= time => break,
            Opened::Segment(_) => before = base,
            // What is damaged there, reading will tell.
            Opened::Damaged(_) => break,
            Opened::Gone => {}
        }
    }
    Ok(before)
}
