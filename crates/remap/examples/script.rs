//! Runs a script on the lines of the standard input.
//!
//! `script FILE < LINES` prints what becomes of each line; `script FILE bench < LINES` says, as JSON, what CPU time each
//! takes; making the records is not in it.

use std::io::{self, Read, Write};

use record::{Batch, Line, LineFlags, Micros, Position, clock};
use remap::{Options, Script};
use rustix::time::{ClockId, clock_gettime};

/// Long enough for a steady figure, in seconds of CPU.
const MEASURED: f64 = 2.0;
const BATCH: usize = 4096;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = arguments.first().ok_or_else(|| io::Error::other("usage: `script FILE [bench] < LINES`"))?;
    let text = std::fs::read_to_string(file)?;
    let mut script = Script::compile(&text, Options::default())
        .map_err(|bad| io::Error::other(bad.diagnostics().rendered_in(file, &text, 0..text.len())))?;
    let mut lines = Vec::new();
    io::stdin().read_to_end(&mut lines)?;
    let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let out = &mut io::stdout().lock();
    match arguments.get(1).map(String::as_str) {
        Some("bench") => bench(&mut script, &lines, out),
        _ => show(&mut script, &lines, out),
    }
}

fn fill(batch: &mut Batch, lines: &[&[u8]]) {
    batch.clear();
    let received = clock::wall();
    for (position, bytes) in (1..).zip(lines) {
        let (position, received, flags) = (Position(position), Micros(received.0), LineFlags::default());
        batch.push(&Line { position, received, source: "s", peer: "10.0.0.1:514", bytes, flags });
        // What a stage before may have found.
        let index = batch.len() - 1;
        for (name, value) in
            [("host", "gw-1"), ("http.method", "GET"), ("http.path", "/index.html"), ("user", "ada")]
        {
            batch.set_field(index, name, record::Value::Str(value));
        }
    }
}

fn show(script: &mut Script, lines: &[&[u8]], out: &mut impl Write) -> io::Result<()> {
    let mut batch = Batch::new();
    for lines in lines.chunks(BATCH) {
        fill(&mut batch, lines);
        script.apply(&mut batch);
        for record in batch.iter() {
            write!(out, "{}\t{}", record.level().map_or("-", record::Level::name), record.message())?;
            for (name, value) in record.fields() {
                write!(out, "\t{name}={value:?}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn bench(script: &mut Script, lines: &[&[u8]], out: &mut impl Write) -> io::Result<()> {
    let (mut batch, mut count, mut spent) = (Batch::new(), 0_u64, 0.0);
    while spent < MEASURED {
        for lines in lines.chunks(BATCH) {
            fill(&mut batch, lines);
            let before = cpu_seconds();
            script.apply(&mut batch);
            spent += cpu_seconds() - before;
            count += lines.len() as u64;
        }
    }
    let (each, failed, aborted) = (spent * 1e6 / count as f64, script.failed(), script.aborted());
    writeln!(out, "{{\"cpu_us\":{each:.3},\"lines\":{count},\"failed\":{failed},\"aborted\":{aborted}}}")
}

/// What this process has used.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
