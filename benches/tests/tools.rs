//! Both programs together: the yardstick must do the job it is a yardstick for, and the generator must notice when a
//! collector does not.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use catchment_bench::{LINE_BYTES, Lines};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const CONNECTIONS: u32 = 8;
const LINES_EACH: u64 = 1_500;

#[test]
fn every_acked_line_is_in_the_log_when_peers_dial() -> io::Result<()> {
    let data = Scratch::new("listen")?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let yardstick = yardstick(&data, &["--listen", &address])?;
    let mut load = load(&["--connect", &address])?;
    load.expect("connected")?;
    load.send_all_lines()?;
    check(yardstick, &data)
}

#[test]
fn every_acked_line_is_in_the_log_when_peers_are_dialled() -> io::Result<()> {
    let data = Scratch::new("dial")?;
    let port = free_port()?;
    let mut load = load(&["--serve", &port.to_string()])?;
    load.expect("listening")?;
    let targets = data.0.join("targets");
    let list: String = (1..=CONNECTIONS).map(|host| format!("127.1.0.{host}:{port}\n")).collect();
    fs::write(&targets, list)?;
    let yardstick = yardstick(&data, &["--dial", &targets.display().to_string()])?;
    load.expect("connected")?;
    load.send_all_lines()?;
    check(yardstick, &data)
}

#[test]
fn what_is_no_ack_is_counted_as_an_error() -> io::Result<()> {
    // One reply too many, one that is none, one for a line that was not sent to its end.
    for reply in ["ACK\nACK\n", "NAK\n", "ACK\r\n"] {
        let collector = TcpListener::bind("127.0.0.1:0")?;
        let address = collector.local_addr()?.to_string();
        let mut load = start(
            env!("CARGO_BIN_EXE_load"),
            &["--connect", &address, "saturated", "--window", "1"].map(str::to_owned),
        )?;
        let (mut peer, _) = collector.accept()?;
        load.expect("connected")?;
        load.command("begin\nstart")?;
        read_line(&mut peer)?;
        peer.write_all(reply.as_bytes())?;
        // The generator closes what is broken, so this ends.
        while let Ok(1..) = peer.read(&mut [0; 4096]) {}
        load.command("end")?;
        assert_eq!(load.expect("result")?["errors"], 1, "{reply:?}");
    }
    Ok(())
}

fn read_line(peer: &mut TcpStream) -> io::Result<()> {
    let mut line = [0; LINE_BYTES];
    peer.read_exact(&mut line)?;
    assert_eq!(line[..], *Lines::default().part(0, 0, LINE_BYTES as u64));
    Ok(())
}

/// Stops the yardstick and compares its log with what was sent.
fn check(mut yardstick: Tool, data: &Scratch) -> io::Result<()> {
    yardstick.terminate()?;
    let summary = yardstick.event()?;
    assert_eq!(summary["acked_lines"], u64::from(CONNECTIONS) * LINES_EACH);

    let total = LINES_EACH * LINE_BYTES as u64;
    let mut streams: Vec<Vec<u8>> = read_log(&fs::read(data.0.join("data/0"))?).into_values().collect();
    streams.sort();
    assert_eq!(streams.len(), CONNECTIONS as usize);
    let mut lines = Lines::default();
    for (connection, stream) in (0..).zip(&streams) {
        let mut expected = Vec::new();
        while (expected.len() as u64) < total {
            let from = expected.len() as u64;
            expected.extend_from_slice(lines.part(connection, from, total - from));
        }
        assert!(*stream == expected, "the lines of connection {connection} came damaged");
    }
    Ok(())
}

/// Each peer's bytes out of a log file: batches of a 16-byte header (number, length, CRC) and records of an 8-byte
/// header (peer, length), up to the zeros.
fn read_log(mut log: &[u8]) -> HashMap<u32, Vec<u8>> {
    let mut streams: HashMap<u32, Vec<u8>> = HashMap::new();
    for number in 0_u64.. {
        let (header, rest) = log.split_at(16);
        let length = number_at(header, 8) as usize;
        if length == 0 {
            break;
        }
        let (mut records, rest) = rest.split_at(length);
        assert_eq!(header[..8], number.to_le_bytes());
        assert_eq!(number_at(header, 12), crc32c::crc32c(records));
        while !records.is_empty() {
            let (header, rest) = records.split_at(8);
            let (data, rest) = rest.split_at(number_at(header, 4) as usize);
            assert!(data.len() <= 1024, "one read took {} bytes", data.len());
            streams.entry(number_at(header, 0)).or_default().extend_from_slice(data);
            records = rest;
        }
        log = rest;
    }
    streams
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn yardstick(data: &Scratch, role: &[&str]) -> io::Result<Tool> {
    let directory = data.0.join("data").display().to_string();
    let arguments: Vec<String> =
        ["--data-dir", &directory].iter().chain(role).map(|&word| word.to_owned()).collect();
    start(env!("CARGO_BIN_EXE_yardstick"), &arguments)
}

fn load(role: &[&str]) -> io::Result<Tool> {
    let (connections, lines) = (CONNECTIONS.to_string(), LINES_EACH.to_string());
    let mode = ["--connections", &connections, "idle", "--lines", &lines];
    let arguments: Vec<String> = role.iter().chain(&mode).map(|&word| word.to_owned()).collect();
    start(env!("CARGO_BIN_EXE_load"), &arguments)
}

/// A running program, killed when it is dropped.
struct Tool {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

fn start(program: &str, arguments: &[String]) -> io::Result<Tool> {
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take().expect("a pipe was asked for");
    let stdout = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
    Ok(Tool { child, stdin, stdout })
}

impl Tool {
    fn command(&mut self, word: &str) -> io::Result<()> {
        writeln!(self.stdin, "{word}")
    }

    fn event(&mut self) -> io::Result<Value> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        serde_json::from_str(&line).map_err(|error| io::Error::other(format!("`{line}`: {error}")))
    }

    fn expect(&mut self, event: &str) -> io::Result<Value> {
        let value = self.event()?;
        assert_eq!(value["event"], event);
        Ok(value)
    }

    /// Lets every line flow and waits until each is acked, with no other reply among the ACKs.
    fn send_all_lines(&mut self) -> io::Result<()> {
        self.command("begin\nstart")?;
        self.expect("settled")?;
        self.command("end")?;
        let result = self.expect("result")?;
        assert_eq!(
            (&result["lines"], &result["errors"]),
            (&(u64::from(CONNECTIONS) * LINES_EACH).into(), &0.into())
        );
        Ok(())
    }

    fn terminate(&mut self) -> io::Result<()> {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a child has a number");
        kill_process(pid, Signal::TERM)?;
        assert!(self.child.wait()?.success());
        Ok(())
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory of one test, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> io::Result<Self> {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tools-{name}-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
