//! Whatever a worker says, and however it comes in, nothing panics, and each record is still of a line that was given.
#![no_main]

use libfuzzer_sys::fuzz_target;
use record::{Batch, Line, LineFlags, Micros, Position};

/// A column: kind, dense, name, rows, values.
type Column = (u8, bool, Vec<u8>, Vec<u8>, Vec<u8>);

/// Names that are the record's own, beside those of the input.
const NAMES: [&[u8]; 4] = [b"message", b"time", b"level", b""];

/// An answer as a worker makes one, for so many lines.
fn answer(lines: u8, rows: &[u8], columns: &[Column]) -> Vec<u8> {
    let records = if rows.is_empty() { u32::from(lines) } else { rows.len() as u32 };
    let mut out = 7_u64.to_le_bytes().to_vec();
    out.extend(records.to_le_bytes());
    out.push(rows.is_empty().into());
    out.extend((columns.len() as u32).to_le_bytes());
    rows.iter().for_each(|row| out.extend(u32::from(*row).to_le_bytes()));
    for (kind, dense, name, rows, values) in columns {
        let kind = b"bifstEx"[usize::from(*kind) % 7];
        let count = if *dense { records } else { rows.len() as u32 };
        let name = NAMES.get(rows.len() % 8).copied().unwrap_or(name);
        out.extend([kind, (*dense).into()]);
        out.extend((name.len() as u16).to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(name);
        if !dense {
            rows.iter().for_each(|row| out.extend(u32::from(*row).to_le_bytes()));
        }
        if matches!(kind, b's' | b'E') {
            // The first has all of the text.
            (0..count).for_each(|index| out.extend(if index == 0 { values.len() as u32 } else { 0 }.to_le_bytes()));
            out.extend((values.len() as u32).to_le_bytes());
        }
        out.extend(values);
    }
    out.extend([0; 12]);
    out
}

fuzz_target!(|input: (u8, u8, Vec<(Vec<u8>, Vec<Column>)>, Vec<(u8, Vec<u8>)>, Vec<(u16, u8)>)| {
    let (lines, chunk, answers, others, damage) = input;
    let lines = lines % 8;
    let mut batch = Batch::new();
    for position in 100..100 + u64::from(lines) {
        let (position, received, flags) = (Position(position), Micros(1), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "p", bytes: b"a line", flags });
    }
    let mut stream = Vec::new();
    let answers = answers.iter().map(|(rows, columns)| (b'R', answer(lines, rows, columns)));
    for (letter, body) in answers.chain(others) {
        stream.extend((body.len() as u32 + 1).to_le_bytes());
        stream.push(letter);
        stream.extend(body);
    }
    for (at, value) in damage {
        if let Some(byte) = stream.get_mut(usize::from(at)) {
            *byte = value;
        }
    }
    workers::fuzz::hear(&stream, u64::from(chunk) + 1, &mut batch);
    let positions: Vec<u64> = batch.iter().map(|record| record.position().0).collect();
    assert!(positions.is_sorted() && positions.iter().all(|at| (100..100 + u64::from(lines)).contains(at)), "{positions:?}");
});
