//! Takes the lines of the standard input apart.
//!
//! `lines FORMAT < FILE` prints what each line says; `lines FORMAT bench < FILE` says, as JSON, how many lines go through in a second on
//! one core, and what CPU time each takes; `lines FORMAT tenths < FILE` also of each tenth of the file. FORMAT is a name, `regex=PATTERN` or
//! `grok=PATTERN`.

use std::io::{self, Read, Write};
use std::time::Duration;

use parse::{Format, Grok, Parser};
use record::{Batch, Line, LineFlags, Micros, Position, clock};
use rustix::time::{ClockId, clock_gettime};

/// Long enough for a steady figure.
const MEASURED: Duration = Duration::from_secs(1);
const BATCH: usize = 4096;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let format = arguments.first().and_then(|name| format(name));
    let format =
        format.ok_or_else(|| io::Error::other("usage: `lines auto|json|… [bench|tenths] < FILE`"))?;
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut parser = Parser::new(&format.into()).map_err(io::Error::other)?;
    let out = &mut io::stdout().lock();
    match arguments.get(1).map(String::as_str) {
        Some("bench") => bench(&mut parser, "all", &lines, out),
        Some("tenths") => {
            bench(&mut parser, "all", &lines, out)?;
            let parts = lines.chunks(lines.len().div_ceil(10).max(1));
            parts
                .enumerate()
                .try_for_each(|(part, lines)| bench(&mut parser, &format!("tenth {}", part + 1), lines, out))
        }
        _ => show(&mut parser, &lines, out),
    }
}

fn format(name: &str) -> Option<Format> {
    Some(match name.split_once('=') {
        Some(("regex", pattern)) => Format::Regex(pattern.to_owned()),
        Some(("grok", pattern)) => Format::Grok(Grok { pattern: pattern.to_owned(), ..Grok::default() }),
        _ => return Format::from_name(name),
    })
}

fn fill(batch: &mut Batch, lines: &[&[u8]]) {
    batch.clear();
    let received = clock::wall();
    for (index, bytes) in lines.iter().enumerate() {
        let (position, flags) = (Position(index as u64 + 1), LineFlags::default());
        // Lines come in runs of one peer.
        let peer = ["10.0.0.1:514", "10.0.0.2:514", "10.0.0.3:514"][index / 16 % 3];
        batch.push(&Line { position, received: Micros(received.0), source: "s", peer, bytes, flags });
    }
}

fn show(parser: &mut Parser, lines: &[&[u8]], out: &mut impl Write) -> io::Result<()> {
    let mut batch = Batch::new();
    for lines in lines.chunks(BATCH) {
        fill(&mut batch, lines);
        parser.apply(&mut batch);
        for record in batch.iter() {
            let time = if record.time() == record.received() {
                "-".to_owned()
            } else {
                Micros(u64::try_from(record.time()).unwrap_or_default()).to_string()
            };
            let level = record.level().map_or("-", record::Level::name);
            write!(out, "{time}\t{level}\t{}", record.message())?;
            for (name, value) in record.fields() {
                write!(out, "\t{name}={value:?}")?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

fn bench(parser: &mut Parser, part: &str, lines: &[&[u8]], out: &mut impl Write) -> io::Result<()> {
    let (mut batch, mut count, mut fields, start) = (Batch::new(), 0_u64, 0_u64, clock::monotonic());
    let cpu = cpu_seconds();
    while clock::monotonic() - start < MEASURED {
        for lines in lines.chunks(BATCH) {
            fill(&mut batch, lines);
            parser.apply(&mut batch);
            count += lines.len() as u64;
            fields += batch.iter().map(|record| record.fields().len() as u64).sum::<u64>();
        }
    }
    let seconds = (clock::monotonic() - start).as_secs_f64();
    writeln!(
        out,
        "{{\"part\":\"{part}\",\"lines_per_second\":{:.0},\"cpu_us\":{:.3},\"fields\":{:.2}}}",
        count as f64 / seconds,
        (cpu_seconds() - cpu) * 1e6 / count as f64,
        fields as f64 / count as f64
    )
}

/// What this process has used.
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}
