use journal::{Cursor, CursorError, Handle, ReadError, Reader, SimDisk};
use record::Position;

use super::judge::Row;

/// The name of the cursor.
const CURSOR: &str = "judge";

/// Reads the journal while it grows, with a cursor, so that segments are freed and recycled behind it.
///
/// What it owns: every row it has read. What was durable once stays as it was: after each start it reads again what lies
/// behind its checkpoint, and compares.
#[derive(Default)]
pub(super) struct Consumer {
    pub(super) rows: Vec<Row>,
    next: Position,
    checkpoint: Position,
    reader: Option<Reader>,
}

impl Consumer {
    /// Reads at most `rows` durable rows. Returns how many there were.
    pub(super) fn read(&mut self, disk: &SimDisk, handle: &Handle, rows: usize) -> Result<usize, String> {
        let before = self.rows.len();
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(open(disk, self.next)?),
        };
        reader.limit(handle.durable());
        while self.rows.len() - before < rows {
            let Some(row) = next(reader)? else { break };
            self.rows.push(row);
        }
        self.next = reader.position();
        Ok(self.rows.len() - before)
    }

    /// Reads on with a new reader from here on.
    pub(super) fn reopen(&mut self) {
        self.reader = None;
    }

    /// Moves the checkpoint to where reading stands. False when the disk would not take it.
    pub(super) fn checkpoint(&mut self, handle: &Handle) -> Result<bool, String> {
        let moved = cursor(handle)?.is_some_and(|mut cursor| cursor.checkpoint(self.next).is_ok());
        if moved {
            self.checkpoint = self.next;
        }
        Ok(moved)
    }

    /// After a start: reads again from the checkpoint, and finds the same.
    pub(super) fn compare(&mut self, disk: &SimDisk, handle: &Handle) -> Result<(), String> {
        self.reopen();
        if let Some(cursor) = cursor(handle)? {
            let (position, known) = (cursor.position(), self.checkpoint..=self.next);
            if !known.contains(&position) {
                return Err(format!("the checkpoint is {position}, and was in {known:?}"));
            }
            // A checkpoint that was refused may be there all the same.
            self.checkpoint = position;
        }
        let mut reader = open(disk, self.checkpoint)?;
        let known = self.rows.partition_point(|row| row.position < self.checkpoint);
        for row in &self.rows[known..] {
            let again = next(&mut reader)?;
            if again.as_ref() != Some(row) {
                return Err(format!("read {row:?}, and after a restart {again:?}"));
            }
        }
        Ok(())
    }
}

/// The cursor, unless the disk would not take it.
fn cursor(handle: &Handle) -> Result<Option<Cursor>, String> {
    match handle.cursor(CURSOR) {
        Ok(cursor) => Ok(Some(cursor)),
        Err(CursorError::Io { .. }) => Ok(None),
        Err(error) => Err(format!("cannot take the cursor: {error}")),
    }
}

fn open(disk: &SimDisk, from: Position) -> Result<Reader, String> {
    Reader::open(disk.clone(), from).map_err(|error| broken(&error))
}

fn next(reader: &mut Reader) -> Result<Option<Row>, String> {
    let row = reader.next().map_err(|error| broken(&error))?.map(Row::from);
    match reader.skipped() {
        0 => Ok(row),
        bytes => Err(format!("{bytes} bytes were gone before they were read")),
    }
}

fn broken(error: &ReadError) -> String {
    format!("cannot read the journal: {error}")
}
