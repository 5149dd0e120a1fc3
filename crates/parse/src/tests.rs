//! What the tests of all formats need, and what must hold for any line.

use record::{Batch, Line, LineFlags, Micros, Position, Record, Value};

use crate::{Parse, Parser};

/// 2026-11-22T12:00:00Z, when the lines of tests are received.
pub(crate) const RECEIVED: u64 = 1_795_348_800_000_000;

/// A batch of lines.
pub(crate) fn lines(lines: &[&str]) -> Batch {
    let mut batch = Batch::new();
    for (index, line) in lines.iter().enumerate() {
        let (position, received, flags) =
            (Position(index as u64 + 1), Micros(RECEIVED), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "p", bytes: line.as_bytes(), flags });
    }
    batch
}

/// The record of one line.
pub(crate) fn one(parse: &Parse, line: &str) -> Batch {
    let mut batch = lines(&[line]);
    Parser::new(parse).unwrap().apply(&mut batch);
    batch
}

pub(crate) fn fields<'a>(record: Record<'a>) -> Vec<(&'a str, Value<'a>)> {
    record.fields().collect()
}
