//! The followers of one run, in a process of their own.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use catchment_bench::Histogram;
use serde_json::Value;

/// The process, which is killed when it is dropped.
pub(super) struct Clients {
    child: Child,
    output: BufReader<ChildStdout>,
}

/// What they were told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) records: u64,
    pub(super) records_min: u64,
    pub(super) skipped: u64,
    pub(super) skipped_max: u64,
    pub(super) bytes: u64,
    pub(super) cpu_seconds: f64,
    pub(super) delays: Histogram,
}

impl Clients {
    /// Starts them, and waits until all follow.
    pub(super) fn start(program: &Path, page: SocketAddr, count: u32) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["--connect", &page.to_string(), "--count", &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| io::Error::other(format!("cannot start `{}`: {error}", program.display())))?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("a child without its output"))?;
        let mut clients = Self { child, output: BufReader::new(output) };
        clients.expect("following")?;
        Ok(clients)
    }

    /// Ends them.
    pub(super) fn end(mut self) -> io::Result<Told> {
        drop(self.child.stdin.take());
        let result = self.expect("result")?;
        let number = |key: &str| result[key].as_u64().unwrap_or(0);
        let mut delays = Histogram::default();
        for bucket in result["delays"].as_array().into_iter().flatten() {
            let at = |index: usize| bucket[index].as_u64().unwrap_or(0);
            delays.add(at(0) as usize, at(1));
        }
        delays.raise_max(number("delay_max"));
        Ok(Told {
            records: number("records"),
            records_min: number("records_min"),
            skipped: number("skipped"),
            skipped_max: number("skipped_max"),
            bytes: number("bytes"),
            cpu_seconds: result["cpu_seconds"].as_f64().unwrap_or(0.0),
            delays,
        })
    }

    fn expect(&mut self, event: &str) -> io::Result<Value> {
        let mut line = String::new();
        // A line is short, but for the delays: these are some thousand numbers.
        self.output.by_ref().take(1 << 20).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if said["event"] == event {
            return Ok(said);
        }
        Err(io::Error::other(format!("the followers ended before they said `{event}`")))
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
