//! Measures workers: `rates [NAME]` prints one JSON object for each run whose name holds NAME. `PYTHON` chooses the interpreter.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use record::{Batch, Line, LineFlags, Micros, Position, Value, clock};
use serde_json::json;
use workers::{Pool, Spec};

/// Each kind of handler, given a line and given a record; and work: 1 ms of sleep, and 50 µs of Python, measured on this machine.
const HANDLERS: &str = r#"
import asyncio, time
import catchment

def plain(line: str): pass
def plain_record(record: dict): pass
def generator(line: str): yield None
def generator_record(record: dict): yield None
async def coroutine(line: str): pass
async def coroutine_record(record: dict): pass
async def async_generator(line: str): yield None
async def async_generator_record(record: dict): yield None
class Instance:
    @classmethod
    def from_config(cls, config): return cls()
    def process(self, line: str): pass
class Instance_record:
    def process(self, record: dict): pass
class Static:
    @staticmethod
    def method(line: str): pass
    @staticmethod
    def method_record(record: dict): pass
class Called:
    def __call__(self, line: str): pass
called = Called()
class CalledRecord:
    def __call__(self, record: dict): pass
called_record = CalledRecord()

def plain_bytes(line: bytes): pass
def drops(line): return catchment.DROP
def replaces(line: str): return "x" + line
def sets_a_field(line: str): return {"length": len(line)}
def sets_a_field_record(record: dict):
    record["length"] = len(record["message"])
    return record
async def prints(line: str): print(f"[LOG] {line}")
def raises(line: str): raise ValueError("bad")

def spin(n):
    x = 0
    for i in range(n): x += i * i
def measured():
    best = 1.0
    for _ in range(20):
        start = time.thread_time()
        spin(2000)
        best = min(best, time.thread_time() - start)
    return max(1, int(2000 * 50e-6 / best))
TURNS = measured()
def computes(line: str): spin(TURNS)
async def computes_async(line: str): spin(TURNS)
def sleeps(line: str): time.sleep(0.001)
async def sleeps_async(line: str): await asyncio.sleep(0.001)

async def one_second(line: str): await asyncio.sleep(1)
async def one_or_two_seconds(line: str): await asyncio.sleep(float(line[0]))
"#;

/// The seven kinds of handlers, and what else they may do.
const KINDS: [&str; 21] = [
    "plain",
    "plain_record",
    "generator",
    "generator_record",
    "coroutine",
    "coroutine_record",
    "async_generator",
    "async_generator_record",
    "Instance",
    "Instance_record",
    "Static.method",
    "Static.method_record",
    "called",
    "called_record",
    "plain_bytes",
    "drops",
    "replaces",
    "sets_a_field",
    "sets_a_field_record",
    "prints",
    "raises",
];

/// What is measured with workers, threads and coroutines: the work, how it is done, the handler, workers, threads, lines of a batch,
/// and batches.
const WAYS: [(&str, &str, &str, usize, usize, usize, usize); 8] = [
    ("1 ms of sleep", "1 process", "sleeps", 1, 1, 1000, 3),
    ("1 ms of sleep", "2 processes", "sleeps", 2, 1, 1000, 6),
    ("1 ms of sleep", "32 threads of one process", "sleeps", 1, 32, 4000, 6),
    ("1 ms of sleep", "1024 coroutines of one process", "sleeps_async", 1, 1, 4000, 24),
    ("50 µs of Python", "1 process", "computes", 1, 1, 4000, 10),
    ("50 µs of Python", "2 processes", "computes", 2, 1, 4000, 20),
    ("50 µs of Python", "2 threads of one process", "computes", 1, 2, 4000, 10),
    ("50 µs of Python", "coroutines of one process", "computes_async", 1, 1, 4000, 10),
];

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("h.py"), HANDLERS).expect("a file");
    let only = std::env::args().nth(1).unwrap_or_default();
    for handler in KINDS.into_iter().filter(|name| name.contains(&only)) {
        let run = measure(spec(dir.path(), handler, 1, 1), 8000, 50);
        println!(
            "{}",
            json!({ "what": "kind", "handler": handler, "ahead": run.ahead, "one_by_one": run.one_by_one,
            "worker_cpu_us": run.worker_cpu_us })
        );
    }
    for (work, way, handler, workers, threads, lines, batches) in WAYS {
        if handler.contains(&only) {
            let run = measure(spec(dir.path(), handler, workers, threads), lines, batches);
            println!(
                "{}",
                json!({ "what": "way", "work": work, "way": way, "ahead": run.ahead, "one_by_one": run.one_by_one,
                "worker_cpu_us": run.worker_cpu_us })
            );
        }
    }
    for (handler, lines) in [("one_second", 1000), ("one_or_two_seconds", 2)] {
        if handler.contains(&only) {
            let mut pool = start(spec(dir.path(), handler, 1, 1));
            let (mut batch, began) = (filled(lines), clock::monotonic());
            pool.process(&mut batch).expect("a pool that runs");
            let seconds = (clock::monotonic() - began).as_secs_f64();
            println!("{}", json!({ "what": "once", "handler": handler, "lines": lines, "seconds": seconds }));
        }
    }
}

fn spec(dir: &Path, handler: &str, workers: usize, threads: usize) -> Spec {
    let mut spec = Spec::new(format!("h.py:{handler}"), dir);
    (spec.workers, spec.threads) = (NonZeroUsize::new(workers), NonZeroUsize::new(threads));
    spec.python = std::env::var_os("PYTHON").map_or_else(|| "python3".into(), Into::into);
    spec
}

fn start(spec: Spec) -> Pool {
    let workers = spec.workers.map_or(1, usize::from);
    let pool = Pool::start(spec).unwrap_or_else(|error| panic!("{error}"));
    while pool.handle().status().ready < workers {
        std::thread::sleep(Duration::from_millis(1));
    }
    pool
}

/// Lines per second: each batch for itself, and with three in hand; and what the workers need for a line.
struct Run {
    one_by_one: f64,
    ahead: f64,
    worker_cpu_us: f64,
}

fn measure(spec: Spec, lines: usize, batches: usize) -> Run {
    let mut pool = start(spec);
    pool.process(&mut filled(lines)).expect("a pool that runs");
    let rate = |took: Duration| (lines * batches) as f64 / took.as_secs_f64();
    let all: Vec<Batch> = (0..batches).map(|_| filled(lines)).collect();
    let began = clock::monotonic();
    for mut batch in all {
        pool.process(&mut batch).expect("a pool that runs");
    }
    let one_by_one = rate(clock::monotonic() - began);
    let cpu = |pool: &Pool| pool.handle().status().pids.iter().map(|pid| cpu_seconds(*pid)).sum::<f64>();
    let all: Vec<Batch> = (0..batches).map(|_| filled(lines)).collect();
    let (began, cpu_before) = (clock::monotonic(), cpu(&pool));
    for batch in all {
        pool.submit(batch).expect("a pool that runs");
        if pool.in_hand() > 2 {
            pool.collect().expect("a pool that runs");
        }
    }
    while let Some(_batch) = pool.collect().expect("a pool that runs") {}
    let ahead = rate(clock::monotonic() - began);
    Run { one_by_one, ahead, worker_cpu_us: (cpu(&pool) - cpu_before) * 1e6 / (lines * batches) as f64 }
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
