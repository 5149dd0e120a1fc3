//! Measures workers: `rates [NAME]` prints one JSON object for each run whose handler's name holds NAME. `PYTHON` chooses the interpreter.

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

/// Handlers that are left alone: how many workers, and how many threads of each.
const IDLE: [(&str, usize, usize); 3] = [("plain", 2, 1), ("plain", 1, 8), ("coroutine", 1, 1)];
const IDLE_FOR: Duration = Duration::from_secs(3);

fn main() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("h.py"), HANDLERS).expect("a file");
    let only = std::env::args().nth(1).unwrap_or_default();
    for handler in KINDS.into_iter().filter(|name| name.contains(&only)) {
        let run = measure(spec(dir.path(), handler, 1, 1), 8000, 40);
        let (rate, cpu) = (run.lines_per_second, run.worker_cpu_us);
        print(&json!({ "what": "kind", "handler": handler, "lines_per_second": rate, "worker_cpu_us": cpu }));
    }
    for (work, way, handler, workers, threads, lines, batches) in WAYS {
        if handler.contains(&only) {
            let run = measure(spec(dir.path(), handler, workers, threads), lines, batches);
            let (rate, cpu) = (run.lines_per_second, run.worker_cpu_us);
            print(
                &json!({ "what": "way", "work": work, "way": way, "lines_per_second": rate, "worker_cpu_us": cpu }),
            );
        }
    }
    for (handler, lines) in [("one_second", 1000), ("one_or_two_seconds", 2)] {
        if handler.contains(&only) {
            let mut pool = start(spec(dir.path(), handler, 1, 1));
            let (mut batch, began) = (filled(lines), clock::monotonic());
            pool.process(&mut batch).expect("a pool that runs");
            let seconds = (clock::monotonic() - began).as_secs_f64();
            print(&json!({ "what": "once", "handler": handler, "lines": lines, "seconds": seconds }));
        }
    }
    for (handler, workers, threads) in IDLE {
        if handler.contains(&only) {
            let (cpu, times) = idle(spec(dir.path(), handler, workers, threads));
            let named = format!("`{handler}`, threads of each: {threads}");
            let seconds = IDLE_FOR.as_secs();
            print(
                &json!({ "what": "idle", "handler": named, "workers": workers, "seconds": seconds, "cpu_ns": cpu, "switches": times }),
            );
        }
    }
}

fn print(run: &serde_json::Value) {
    println!("{run}");
}

/// What workers use while they have nothing to do, and how often one of their threads runs.
fn idle(spec: Spec) -> (u64, u64) {
    let mut pool = start(spec);
    pool.process(&mut filled(8000)).expect("a pool that runs");
    // What they do after their last line is not idling.
    std::thread::sleep(Duration::from_millis(500));
    let pids = pool.handle().status().pids;
    let sum = |pids: &[u32]| {
        pids.iter().map(|pid| scheduled(*pid)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    let before = sum(&pids);
    std::thread::sleep(IDLE_FOR);
    let after = sum(&pids);
    (after.0 - before.0, after.1 - before.1)
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

/// Lines per second, and what the workers need for a line.
struct Run {
    lines_per_second: f64,
    worker_cpu_us: f64,
}

/// Three batches are in hand, so that workers never wait.
fn measure(spec: Spec, lines: usize, batches: usize) -> Run {
    let mut pool = start(spec);
    pool.process(&mut filled(lines)).expect("a pool that runs");
    let cpu = |pool: &Pool| {
        pool.handle().status().pids.iter().map(|pid| scheduled(*pid).0 as f64 / 1e3).sum::<f64>()
    };
    let all: Vec<Batch> = (0..batches).map(|_| filled(lines)).collect();
    let (began, cpu_before) = (clock::monotonic(), cpu(&pool));
    for batch in all {
        pool.submit(batch).expect("a pool that runs");
        if pool.in_hand() > 2 {
            pool.collect().expect("a pool that runs");
        }
    }
    while let Some(_batch) = pool.collect().expect("a pool that runs") {}
    let (took, count) = ((clock::monotonic() - began).as_secs_f64(), (lines * batches) as f64);
    Run { lines_per_second: count / took, worker_cpu_us: (cpu(&pool) - cpu_before) / count }
}

/// For how many nanoseconds the threads of a process ran, and how often, where `/proc` tells it.
fn scheduled(pid: u32) -> (u64, u64) {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads.fold((0, 0), |(nanos, times), thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse::<u64>().ok());
        (nanos + numbers.next().unwrap_or_default(), times + numbers.nth(1).unwrap_or_default())
    })
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
