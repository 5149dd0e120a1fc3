//! The load generators of one run.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use catchment_bench::Histogram;
use serde_json::Value;

use super::build::Tools;

/// Connections of one process at most: well below its 20,000 open files.
const CONNECTIONS_EACH: u32 = 9_500;
/// Generous: a connection that a full backlog dropped is tried again in whole seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Hosts of one network of 127.0.0.0/8 that stand for targets, .1 to .250.
const HOSTS: u32 = 250;

/// Several load generators that obey as one. It owns the processes, which are killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Fleet(Vec<Generator>);

#[derive(Debug)]
struct Generator {
    child: Child,
    stdin: ChildStdin,
    /// Its events, read by a thread that ends with its output. It waits when nobody takes them.
    events: Receiver<Value>,
}

/// What a fleet measured in one window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    pub(crate) lines: u64,
    pub(crate) lines_per_second: f64,
    pub(crate) cpu_seconds: f64,
    pub(crate) errors: u64,
    pub(crate) latency: Histogram,
}

impl Fleet {
    /// Generators that dial the collector on `port` with `connections` in all.
    pub(crate) fn dialling(tools: &Tools, port: u16, connections: u32, mode: &[String]) -> io::Result<Self> {
        let collector = format!("127.0.0.1:{port}");
        let generators = parts(connections)
            .into_iter()
            .map(|part| Generator::start(tools, &["--connect", &collector], part, mode));
        Ok(Self(generators.collect::<io::Result<_>>()?))
    }

    /// Generators that are dialled, accepting by now; the targets that lead to them are written to `targets`.
    pub(crate) fn serving(
        tools: &Tools,
        mut free_port: impl FnMut() -> io::Result<u16>,
        connections: u32,
        mode: &[String],
        targets: &Path,
    ) -> io::Result<Self> {
        let mut fleet = Self(Vec::new());
        let mut list = String::new();
        for part in parts(connections) {
            let port = free_port()?;
            fleet.0.push(Generator::start(tools, &["--serve", &port.to_string()], part, mode)?);
            for number in part.first..part.first + part.connections {
                let address = Ipv4Addr::new(127, 1, (number / HOSTS) as u8, (number % HOSTS + 1) as u8);
                list.push_str(&format!("{address}:{port}\n"));
            }
        }
        fs::write(targets, list)?;
        fleet.expect("listening")?;
        Ok(fleet)
    }

    /// How many processes carry `connections`.
    pub(crate) fn processes(connections: u32) -> u64 {
        parts(connections).len() as u64
    }

    /// Waits until every generator has told `event`.
    pub(crate) fn expect(&self, event: &str) -> io::Result<()> {
        self.0.iter().try_for_each(|generator| generator.expect(event).map(|_| ()))
    }

    /// Gives every generator the command `word`.
    pub(crate) fn command(&mut self, word: &str) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|generator| writeln!(generator.stdin, "{word}"))
    }

    /// Ends the window that `begin` began and gives what was measured in it.
    pub(crate) fn end(&mut self) -> io::Result<Load> {
        self.command("end")?;
        let mut sum = Load::default();
        for generator in &self.0 {
            let result = generator.expect("result")?;
            sum.add(&result).ok_or_else(|| io::Error::other(format!("`{result}` lacks a number")))?;
        }
        Ok(sum)
    }
}

impl Load {
    fn add(&mut self, result: &Value) -> Option<()> {
        self.lines += result["lines"].as_u64()?;
        self.lines_per_second += result["lines_per_second"].as_f64()?;
        self.cpu_seconds += result["cpu_seconds"].as_f64()?;
        self.errors += result["errors"].as_u64()?;
        for bucket in result["latency_buckets"].as_array()? {
            self.latency.add(usize::try_from(bucket[0].as_u64()?).ok()?, bucket[1].as_u64()?);
        }
        self.latency.raise_max(result["latency_max_ns"].as_u64()?);
        Some(())
    }
}

impl Generator {
    fn start(tools: &Tools, role: &[&str], part: Part, mode: &[String]) -> io::Result<Self> {
        let mut child = Command::new(tools.load())
            .args(role)
            .args(["--connections", &part.connections.to_string(), "--first", &part.first.to_string()])
            .args(mode)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the load generator has no pipes"));
        };
        let (send, events) = sync_channel(16);
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let Ok(event) = serde_json::from_str(&line) else { return };
                if send.send(event).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, stdin, events })
    }

    fn expect(&self, event: &str) -> io::Result<Value> {
        match self.events.recv_timeout(ANSWER_WITHIN) {
            Ok(value) if value["event"] == event => Ok(value),
            Ok(other) => {
                Err(io::Error::other(format!("the load generator told `{other}` and not `{event}`")))
            }
            Err(_) => Err(io::Error::other(format!("the load generator did not tell `{event}`"))),
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The connections of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    first: u32,
    connections: u32,
}

fn parts(connections: u32) -> Vec<Part> {
    let processes = connections.div_ceil(CONNECTIONS_EACH).max(1);
    let start = |process| (u64::from(connections) * u64::from(process) / u64::from(processes)) as u32;
    (0..processes).map(|at| Part { first: start(at), connections: start(at + 1) - start(at) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_shared_out_without_gap_or_overlap() {
        for connections in [1, 2, 9_500, 9_501, 10_000, 19_000] {
            let parts = parts(connections);
            let mut next = 0;
            for part in &parts {
                assert_eq!(part.first, next);
                assert!(part.connections >= 1 && part.connections <= CONNECTIONS_EACH, "{part:?}");
                next += part.connections;
            }
            assert_eq!(next, connections);
        }
        assert_eq!(parts(19_000).len(), 2);
    }

    #[test]
    fn results_of_several_generators_add_up() {
        let result = serde_json::json!({
            "lines": 10, "lines_per_second": 5.0, "cpu_seconds": 0.5, "errors": 1,
            "latency_buckets": [[3, 9], [4, 1]], "latency_max_ns": 4,
        });
        let mut sum = Load::default();
        assert!(sum.add(&result).is_some() && sum.add(&result).is_some());
        assert_eq!((sum.lines, sum.errors, sum.latency.count(), sum.latency.max()), (20, 2, 20, 4));
        assert_eq!((sum.latency.quantile(0.5), sum.latency.quantile(0.99)), (3, 4));
        assert!(sum.add(&serde_json::json!({ "lines": 1 })).is_none());
    }
}
