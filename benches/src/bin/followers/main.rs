//! Many followers of the tail over HTTP, in one process and on one thread.
//!
//! Each asks for server-sent events and reads what it is told. When all have been told where they begin, that is said on standard output; when
//! standard input ends, so does this, and says what they were told: one JSON object per line.

#![forbid(unsafe_code)]

mod events;

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;

use catchment_bench::{Epoll, Histogram, clock};
use clap::Parser;
use rustix::event::epoll::EventFlags;
use serde_json::json;

use crate::events::Events;

/// What is read from one follower's socket at once.
const READ_BYTES: usize = 256 << 10;

/// What standard input is known by.
const STDIN: u64 = u64::MAX;

/// Follows the tail many times, and counts what is told.
#[derive(Parser)]
struct Options {
    /// Where the page is
    #[arg(long)]
    connect: SocketAddr,
    /// Followers; each is an open file
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=19_000))]
    count: u32,
    /// What they ask for
    #[arg(long, default_value = "/api/v1/tail")]
    path: String,
}

/// One follower. Owns its connection.
struct Follower {
    stream: TcpStream,
    events: Events,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut epoll = Epoll::new(256)?;
    let stdin = io::stdin();
    epoll.add(&stdin, STDIN, EventFlags::IN)?;
    let mut followers = Vec::with_capacity(options.count as usize);
    for number in 0..options.count {
        let follower = Follower::connect(options)?;
        epoll.add(&follower.stream, u64::from(number), EventFlags::IN)?;
        followers.push(follower);
    }
    let (mut delays, mut buffer) = (Histogram::default(), vec![0; READ_BYTES]);
    let (mut bytes, mut started) = (0, 0);
    loop {
        for index in 0..epoll.wait()? {
            let (token, _) = epoll.event(index);
            if token == STDIN {
                if stdin.lock().read(&mut buffer)? == 0 {
                    return tell(&result(&followers, &delays, bytes));
                }
                continue;
            }
            let follower = &mut followers[token as usize];
            let had_started = follower.events.started;
            bytes += follower.read(&mut buffer, &mut delays)?;
            if follower.events.started && !had_started {
                started += 1;
                if started == followers.len() {
                    tell(&json!({ "event": "following" }))?;
                }
            }
        }
    }
}

impl Follower {
    fn connect(options: &Options) -> io::Result<Self> {
        let mut stream = TcpStream::connect(options.connect)?;
        let head = format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", options.path, options.connect);
        stream.write_all(head.as_bytes())?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, events: Events::default() })
    }

    /// Reads what there is, once: the others have their turn. Returns how many bytes.
    fn read(&mut self, buffer: &mut [u8], delays: &mut Histogram) -> io::Result<u64> {
        let count = match self.stream.read(buffer) {
            Ok(0) => return Err(io::Error::other("the collector closed a connection")),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        };
        self.events
            .take(&buffer[..count], clock::monotonic(), delays)
            .map_err(|refused| io::Error::other(format!("a follower was refused: {}", refused.0)))?;
        if self.events.ended {
            return Err(io::Error::other("the collector ended a tail"));
        }
        Ok(count as u64)
    }
}

fn result(followers: &[Follower], delays: &Histogram, bytes: u64) -> serde_json::Value {
    let records = || followers.iter().map(|follower| follower.events.records);
    let skipped = || followers.iter().map(|follower| follower.events.skipped);
    json!({
        "event": "result",
        "records": records().sum::<u64>(),
        "records_min": records().min(),
        "records_max": records().max(),
        "skipped": skipped().sum::<u64>(),
        "skipped_max": skipped().max(),
        "bytes": bytes,
        "cpu_seconds": clock::process_cpu() as f64 / 1e9,
        "delays": delays.buckets(),
        "delay_max": delays.max(),
    })
}

fn tell(event: &serde_json::Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{event}")?;
    stdout.flush()
}

#[expect(clippy::print_stderr, reason = "the error is this program's last word")]
fn report(error: &io::Error) {
    eprintln!("followers: {error}");
}
