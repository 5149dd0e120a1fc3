//! What threads and joining lines cost and gain: `cargo run --release -p pipeline --example threads`.

use std::time::Duration;

use pipeline::{JoinRule, Joiner, Multiline, Redact, Stage, Stages};
use record::{Batch, Line, LineFlags, Micros, Position, clock};

const ROWS: usize = 8192;
const FOR: Duration = Duration::from_secs(2);

fn lines() -> Vec<String> {
    let lines = (0..ROWS).map(|number| match number % 4 {
        0 => format!("{{\"time\":\"2026-11-22T10:00:00Z\",\"level\":\"warn\",\"message\":\"disk {number} is full\",\"free\":{number}}}"),
        1 => format!("time=2026-11-22T10:00:00Z level=info msg=\"served {number}\" status=200 took=12ms"),
        2 => format!("<34>Nov 22 10:00:00 host app[{number}]: connection from 10.0.0.7 closed"),
        _ => format!("10.0.0.7 - - [22/Nov/2026:10:00:00 +0000] \"GET /{number} HTTP/1.1\" 200 512 \"-\" \"curl/8\""),
    });
    lines.collect()
}

fn line(number: u64, text: &str) -> Line<'_> {
    let (position, received, flags) = (Position(number), Micros(1_700_000_000_000_000), LineFlags::default());
    Line {
        position,
        received,
        source: "s",
        peer: ["a", "b", "c"][number as usize % 3],
        bytes: text.as_bytes(),
        flags,
    }
}

/// Does it again and again, and says how many lines a second that makes.
fn measure(what: &str, mut once: impl FnMut()) {
    let (began, mut rounds) = (clock::monotonic(), 0);
    while clock::monotonic() - began < FOR {
        once();
        rounds += 1;
    }
    let seconds = (clock::monotonic() - began).as_secs_f64();
    let per_second = f64::from(rounds) * ROWS as f64 / seconds;
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{what:<28} {per_second:>12.0} lines/s");
    }
}

fn main() {
    let lines = lines();
    let fill = |batch: &mut Batch| {
        batch.clear();
        lines.iter().enumerate().for_each(|(number, text)| batch.push(&line(number as u64, text)));
    };
    let mut batch = Batch::new();
    measure("a batch without stages", || fill(&mut batch));

    let multiline = Multiline { rule: JoinRule::Auto, bytes_max: 256 << 10, wait: Duration::from_secs(1) };
    let mut joiner = Joiner::new(&multiline, 4 << 20).expect("it can be");
    measure("multiline = \"auto\"", || {
        batch.clear();
        for (number, text) in lines.iter().enumerate() {
            joiner.push(&line(number as u64, text), Duration::ZERO);
        }
        joiner.release(&mut batch, usize::MAX, usize::MAX);
    });

    let redact = Redact { cards: true, tokens: true, ..Redact::default() };
    let stages = [Stage::Parse(parse::Format::Auto.into()), Stage::Redact(redact)];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in 1..=cores {
        let ready = Stages::new(&stages).and_then(|ready| ready.on_threads(&stages, threads));
        let mut ready = ready.expect("they can be");
        measure(&format!("parse and redact, threads = {threads}"), || {
            fill(&mut batch);
            ready.apply(&mut batch).expect("no stage that fails");
        });
    }
}
