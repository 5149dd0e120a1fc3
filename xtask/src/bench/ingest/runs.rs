//! The single runs: start a contestant, load it, read its figures, stop it.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use catchment_bench::{LINE_BYTES, Lines, clock};

use super::build::Tools;
use super::contestant::{Contestant, Endpoint};
use super::fleet::{Fleet, Load};
use super::plan::{Case, Kind, MANY, PACED_RATE, Role, Time};
use super::process::{Process, Scratch, machine_busy_seconds};
use super::results::{Measured, Stalled};

/// Below the ports that the kernel gives to outgoing connections.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// The stall: ten seconds before the 200th sync, watched for long enough to see it begin and end.
const STALL: &str = "before-sync=sleep:10000@200";
const STALL_WATCH: Duration = Duration::from_secs(20);
const STALL_LOOK_EVERY: Duration = Duration::from_millis(250);

/// 400 MB.
const SERVED_LINES: u64 = 2_000_000;
const SERVED_WITHIN: Duration = Duration::from_secs(120);

/// One contestant under load. Dropped, the generators end first, then the contestant, then its files.
#[derive(Debug)]
struct Session {
    fleet: Fleet,
    process: Process,
    _scratch: Scratch,
}

impl Session {
    /// Starts both sides and waits until every connection stands. No line flows yet.
    fn open(tools: &Tools, contestant: Contestant, case: Case, mode: &[String]) -> io::Result<Self> {
        let scratch = Scratch::new(&tools.scratch, "run")?;
        let (fleet, process) = match case.role {
            Role::Listen => {
                let port = free_port()?;
                let process = contestant.start(tools, scratch.path(), Endpoint::Listen(port))?;
                (Fleet::dialling(tools, port, case.connections, mode)?, process)
            }
            Role::Connect => {
                let targets = scratch.path().join("targets.txt");
                let fleet = Fleet::serving(tools, free_port, case.connections, mode, &targets)?;
                let process = contestant.start(tools, scratch.path(), Endpoint::Connect(&targets))?;
                (fleet, process)
            }
        };
        Self { fleet, process, _scratch: scratch }.connected()
    }

    fn connected(self) -> io::Result<Self> {
        match self.fleet.expect("connected") {
            Ok(()) => Ok(self),
            Err(error) => Err(self.process.failure(&format!("did not take every connection ({error})"))),
        }
    }

    fn close(self) -> io::Result<()> {
        drop(self.fleet);
        self.process.terminate()
    }
}

/// Lines flow as `kind` says.
pub(crate) fn load(
    tools: &Tools,
    contestant: Contestant,
    case: Case,
    kind: Kind,
    time: Time,
) -> io::Result<Measured> {
    let mode = match kind {
        Kind::Saturated => saturated(case),
        // Each process has the same number of connections, and the same share of the rate.
        Kind::Paced => {
            words(&["paced", "--rate", &(PACED_RATE / Fleet::processes(case.connections)).to_string()])
        }
    };
    let mut session = Session::open(tools, contestant, case, &mode)?;
    session.fleet.command("start")?;
    thread::sleep(time.warm_up);
    session.fleet.command("begin")?;
    let (before, busy_before) = (session.process.cpu_seconds()?, machine_busy_seconds()?);
    thread::sleep(time.window);
    let (after, busy_after) = (session.process.cpu_seconds()?, machine_busy_seconds()?);
    let load = session.fleet.end()?;
    let cpu_seconds = after - before;
    let machine_seconds = time.window.as_secs_f64() * thread::available_parallelism()?.get() as f64;
    let others = (busy_after - busy_before - cpu_seconds - load.cpu_seconds) / machine_seconds;
    let memory = session.process.memory()?;
    check(&load)?;
    session.close()?;
    Ok(Measured {
        lines_per_second: load.lines_per_second,
        cpu_per_million: cpu_seconds * 1e6 / load.lines as f64,
        load_cpu_per_million: load.cpu_seconds * 1e6 / load.lines as f64,
        others: others.max(0.0),
        peak: memory.peak,
        anonymous: memory.anonymous,
        p50_us: load.latency.quantile(0.5) as f64 / 1e3,
        p99_us: load.latency.quantile(0.99) as f64 / 1e3,
        max_us: load.latency.max() as f64 / 1e3,
    })
}

/// User memory in bytes while `connections` say nothing, after they have sent `lines` together and got their ACKs.
pub(crate) fn idle(tools: &Tools, contestant: Contestant, connections: u32, lines: u64) -> io::Result<u64> {
    let mode = words(&["idle", "--lines", &(lines / u64::from(connections)).to_string()]);
    let mut session = Session::open(tools, contestant, Case { role: Role::Listen, connections }, &mode)?;
    session.fleet.command("start")?;
    session.fleet.expect("settled")?;
    let memory = session.process.memory()?;
    session.close()?;
    Ok(memory.anonymous)
}

/// Full load, and a disk that takes ten seconds for one sync.
pub(crate) fn stalled(tools: &Tools) -> io::Result<Stalled> {
    let case = Case { role: Role::Listen, connections: MANY };
    let scratch = Scratch::new(&tools.scratch, "run")?;
    let port = free_port()?;
    let process = Contestant::start_with_faults(tools, scratch.path(), port, STALL)?;
    let fleet = Fleet::dialling(tools, port, case.connections, &saturated(case))?;
    let mut session = Session { fleet, process, _scratch: scratch }.connected()?;
    session.fleet.command("start")?;

    let mut stalled = Stalled { peak: 0, seconds: 0.0, lines_after: 0 };
    let mut silent = 0.0;
    let end = clock::monotonic() + STALL_WATCH.as_nanos() as u64;
    while clock::monotonic() < end {
        let before = clock::monotonic();
        session.fleet.command("begin")?;
        thread::sleep(STALL_LOOK_EVERY);
        let load = session.fleet.end()?;
        check_errors(&load)?;
        if load.lines == 0 {
            silent += (clock::monotonic() - before) as f64 / 1e9;
            stalled.seconds = silent.max(stalled.seconds);
            stalled.lines_after = 0;
        } else {
            silent = 0.0;
            stalled.lines_after += load.lines;
        }
    }
    stalled.peak = session.process.memory()?.peak;
    // Nine, because the looks are coarse. Without its stall this run would prove nothing.
    if stalled.seconds < 9.0 || stalled.lines_after == 0 {
        let what = format!("stalled for {:.1} s, then {} lines", stalled.seconds, stalled.lines_after);
        return Err(session.process.failure(&what));
    }
    session.close()?;
    Ok(stalled)
}

/// Lines per second of `catchment serve` into `catchment collect`, both started for it, until both have ended.
pub(crate) fn serve_into_collect(tools: &Tools) -> io::Result<f64> {
    let scratch = Scratch::new(&tools.scratch, "run")?;
    let file = scratch.path().join("lines.log");
    fs::write(&file, served_lines())?;
    let address = format!("127.0.0.1:{}", free_port()?);

    let mut serve = Command::new(tools.catchment());
    serve.arg("serve").arg(&file).args(["--listen", &address, "--once"]);
    let mut serve = Process::start(&mut serve, &scratch.path().join("serve.log"))?;
    wait_for_listener(&serve, &address)?;

    let mut collect = Command::new(tools.catchment());
    collect.args(["collect", &address, "--once", "--quiet", "--data-dir"]).arg(scratch.path().join("data"));
    let start = clock::monotonic();
    let mut collect = Process::start(&mut collect, &scratch.path().join("collect.log"))?;
    collect.wait(SERVED_WITHIN)?;
    serve.wait(SERVED_WITHIN)?;
    Ok(SERVED_LINES as f64 * 1e9 / (clock::monotonic() - start) as f64)
}

fn served_lines() -> Vec<u8> {
    let bytes = SERVED_LINES * LINE_BYTES as u64;
    let mut text = Vec::with_capacity(bytes as usize);
    let mut lines = Lines::default();
    while (text.len() as u64) < bytes {
        let from = text.len() as u64;
        text.extend_from_slice(lines.part(0, from, bytes - from));
    }
    text
}

/// Waits until somebody listens at `address`. Looks in the kernel's table: a connection would be taken for a collector.
fn wait_for_listener(process: &Process, address: &str) -> io::Result<()> {
    let port: u16 = address.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0);
    let listening = format!("0100007F:{port:04X} 00000000:0000 0A");
    let give_up = clock::monotonic() + Duration::from_secs(10).as_nanos() as u64;
    while !fs::read_to_string("/proc/net/tcp")?.contains(&listening) {
        if clock::monotonic() > give_up {
            return Err(process.failure(&format!("did not listen on `{address}`")));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn saturated(case: Case) -> Vec<String> {
    words(&["saturated", "--window", &case.window().to_string()])
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn check(load: &Load) -> io::Result<()> {
    check_errors(load)?;
    if load.lines == 0 {
        return Err(io::Error::other("no line was acked in the measured window"));
    }
    Ok(())
}

fn check_errors(load: &Load) -> io::Result<()> {
    match load.errors {
        0 => Ok(()),
        errors => {
            Err(io::Error::other(format!("{errors} connections broke or got something that is no ACK")))
        }
    }
}

/// A port that nobody listens on. Every run gets another, so that no connection of the last one is in its way.
fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in PORTS {
        let port = PORTS.start + NEXT.fetch_add(1, Ordering::Relaxed) % (PORTS.end - PORTS.start);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::Error::other(format!("no port of {}-{} is free", PORTS.start, PORTS.end - 1)))
}
