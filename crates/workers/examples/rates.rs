//! Prints how many lines per second a worker does, for each kind of handler. `cargo run --release -p workers --example rates`.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::num::NonZeroUsize;
use std::time::Duration;

use record::{Batch, Line, LineFlags, Micros, Position, Value, clock};
use workers::{Pool, Spec};

const HANDLERS: &str = r#"
import asyncio, time
import catchment

def plain(line: str): pass
def plain_bytes(line: bytes): pass
def plain_record(record: dict): pass
def plain_drop(line): return catchment.DROP
def plain_text(line: str): return "x" + line
def plain_field(line: str): return {"length": len(line)}
def plain_record_field(record: dict):
    record["length"] = len(record["message"])
    return record
def generator(line: str): yield None
async def coroutine(line: str): pass
async def coroutine_waits(line: str): await asyncio.sleep(0)
async def async_generator(line: str): yield None
async def printing(line: str): print(f"[LOG] {line}")
def raises(line: str): raise ValueError("bad")
class Instance:
    @classmethod
    def from_config(cls, config): return cls()
    def process(self, line: str): pass
def work(line: str):
    x = 0
    for i in range(1000): x += i * i
async def sleep_one(line: str): await asyncio.sleep(1)
def sleep_ms(line: str): time.sleep(0.001)
async def two(line: str): await asyncio.sleep(float(line[0]))
async def sleep_ms_async(line: str): await asyncio.sleep(0.001)
"#;

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("h.py"), HANDLERS).expect("a file");
    let only = std::env::args().nth(1).unwrap_or_default();
    let run = |name: &str, workers: usize, threads: usize, lines: usize, batches: usize| {
        if !name.contains(&only) {
            return;
        }
        let mut spec = Spec::new(format!("h.py:{name}"), dir.path());
        spec.workers = NonZeroUsize::new(workers);
        spec.threads = NonZeroUsize::new(threads);
        spec.python = std::env::var_os("PYTHON").map_or_else(|| "python3".into(), Into::into);
        measure(spec, lines, batches);
    };
    let kinds = [
        "plain",
        "plain_bytes",
        "plain_record",
        "plain_drop",
        "plain_text",
        "plain_field",
        "plain_record_field",
        "generator",
        "Instance",
        "coroutine",
        "coroutine_waits",
        "async_generator",
        "printing",
        "raises",
    ];
    for kind in kinds {
        run(kind, 1, 1, 8000, 50);
    }
    for workers in [1, 2] {
        run("work", workers, 1, 4000, 10);
        run("plain", workers, 1, 8000, 50);
    }
    run("sleep_one", 1, 1, 1000, 1);
    run("two", 1, 1, 2, 1);
    run("sleep_ms", 1, 1, 1000, 1);
    run("sleep_ms", 2, 1, 1000, 4);
    run("sleep_ms", 1, 32, 1000, 4);
    run("sleep_ms_async", 1, 1, 1000, 8);
}

fn measure(spec: Spec, lines: usize, batches: usize) {
    let (workers, threads, name) = (spec.workers, spec.threads, spec.handler.clone());
    let mut pool = Pool::start(spec).unwrap_or_else(|error| panic!("{error}"));
    let mut batch = filled(lines);
    if batches > 1 {
        pool.process(&mut batch).expect("a pool that runs");
    }
    let cpu = |pool: &Pool| pool.handle().status().pids.iter().map(|pid| cpu_seconds(*pid)).sum::<f64>();
    let rate = |took: Duration| (lines * batches) as f64 / took.as_secs_f64();
    let made = |_| filled(lines);
    let all: Vec<Batch> = (0..batches).map(made).collect();
    let (start, cpu_before) = (clock::monotonic(), cpu(&pool));
    for mut batch in all {
        pool.process(&mut batch).expect("a pool that runs");
    }
    let one_by_one = clock::monotonic() - start;
    let cpu = cpu(&pool) - cpu_before;
    let all: Vec<Batch> = (0..batches).map(made).collect();
    let start = clock::monotonic();
    for batch in all {
        pool.submit(batch).expect("a pool that runs");
        if pool.in_hand() > 2 {
            pool.collect().expect("a pool that runs");
        }
    }
    while let Some(_batch) = pool.collect().expect("a pool that runs") {}
    let ahead = clock::monotonic() - start;
    let (workers, threads) = (workers.map_or(0, usize::from), threads.map_or(0, usize::from));
    println!(
        "{name:28} workers {workers} threads {threads}: process {:>9.0} lines/s, three in hand {:>9.0}; {one_by_one:.2?} for {} lines; \
         {:.2} µs CPU of the workers per line",
        rate(one_by_one),
        rate(ahead),
        lines * batches,
        cpu * 1e6 / (lines * batches) as f64
    );
}

/// What a process has used, where `/proc` tells it.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn filled(lines: usize) -> Batch {
    let mut batch = Batch::new();
    for number in 0..lines {
        let text = format!(
            "{}02-11T10:00:00Z gateway-17 session[{number}]: {}",
            number % 2 + 1,
            "opened by user alice ".repeat(8)
        );
        batch.push(&Line {
            position: Position(1000 + 200 * number as u64),
            received: Micros(1_700_000_000_000_000 + number as u64 / 5),
            source: "gateways",
            peer: ["gw-1.example:514", "gw-2.example:514"][number / 16 % 2],
            bytes: text.as_bytes(),
            flags: LineFlags::default(),
        });
        batch.set_field(number, "status", Value::Int(200));
    }
    batch
}
