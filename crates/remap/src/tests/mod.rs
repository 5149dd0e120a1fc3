mod diagnostics;
mod fields;
mod predicate;
mod properties;
mod script;

use record::{Batch, Line, LineFlags, Micros, Position, Record, Value};

use crate::{Options, Script};

const RECEIVED: u64 = 1_795_342_272_123_456;

/// A record of each line, with positions from 1.
fn lines(lines: &[&str]) -> Batch {
    let mut batch = Batch::new();
    for (position, line) in (1..).zip(lines) {
        batch.push(&Line {
            position: Position(position),
            received: Micros(RECEIVED),
            source: "boxes",
            peer: "gw-1:514",
            bytes: line.as_bytes(),
            flags: LineFlags::default(),
        });
    }
    batch
}

fn script(text: &str) -> Script {
    match Script::compile(text, Options::default()) {
        Ok(script) => script,
        Err(bad) => panic!("{}", bad.diagnostics().rendered()),
    }
}

fn fields(record: Record<'_>) -> Vec<(&str, Value<'_>)> {
    record.fields().collect()
}

/// What a script makes of one line that has these fields.
fn with(named: &[(&str, Value<'_>)], text: &str) -> Batch {
    let mut batch = lines(&["text"]);
    named.iter().for_each(|(name, value)| batch.set_field(0, name, *value));
    script(text).apply(&mut batch);
    batch
}
