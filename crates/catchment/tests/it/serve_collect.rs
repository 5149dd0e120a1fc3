//! Real files through `serve` and `collect`, and back byte for byte.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use testkit::{Process, Program, until, unused_address};

use crate::program;

/// What `cat --format raw` gives for a file: each line ends with a newline, without the carriage return before it.
fn as_read_back(file: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = file.split(|&byte| byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    let last = lines.len().saturating_sub(1);
    let terminated = |at: usize| at < last || file.ends_with(b"\n");
    let line = |(at, line): (usize, &&[u8])| {
        let line = if terminated(at) { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        [line, b"\n"].concat()
    };
    lines.iter().enumerate().flat_map(line).collect()
}

#[expect(clippy::disallowed_methods, reason = "a file of the test, not of the data directory")]
fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).expect("the file is there");
    file.write_all(text.as_bytes()).expect("the file can be written");
}

fn serve(program: &Program, file: &str, address: SocketAddr, more: &[&str]) -> Process {
    let address = address.to_string();
    let process = program.start("serve", &[&["serve", file, "--listen", &address], more].concat());
    until("it serves", || process.stderr().contains("waits for a collector").then_some(()));
    process
}

#[track_caller]
fn goes_through(contents: &[u8]) {
    let program = program();
    program.write("file", contents);
    let address = unused_address("127.0.0.1");
    let mut server = serve(&program, "file", address, &["--once"]);
    let ended = program.output(&["collect", &address.to_string(), "--once", "--quiet"]).expect_code(0);
    server.wait().expect_code(0);
    let read_back = program.cat(&["--format", "raw"]).expect_code(0).stdout;
    let expected = as_read_back(contents);
    let differs = read_back.iter().zip(&expected).position(|(one, other)| one != other);
    assert!(
        read_back == expected,
        "{} bytes, not {}; differ at {differs:?}\n{}",
        read_back.len(),
        expected.len(),
        ended.stderr
    );
}

#[test]
fn files_of_this_machine() {
    let files =
        ["/etc/services", "/var/log/dpkg.log", "/var/lib/dpkg/status", "/bin/true", "/proc/self/mounts"];
    let mut there = 0;
    for file in files {
        if let Ok(contents) = fs::read(file) {
            goes_through(&contents);
            there += 1;
        }
    }
    assert!(there > 0, "none of {files:?} is there");
}

#[test]
fn every_byte_in_many_lines() {
    let mut rng = fastrand::Rng::with_seed(5);
    let noise: Vec<u8> = (0..300_000).map(|_| rng.u8(..)).collect();
    goes_through(&noise);
    goes_through(b"\n\n\r\n\r\r\n");
    goes_through(b"no newline at the end");
}

#[test]
fn a_file_is_followed_through_rotation_and_truncation() {
    let program = program();
    program.write("log", "1\n2\n");
    let address = unused_address("127.0.0.1");
    let _server = serve(&program, "log", address, &["--data-dir", "checkpoint"]);
    let collector = program.collect(&[&address.to_string(), "--quiet"]);
    let acked = |lines: u64| {
        collector.until_status("all lines are acked", |status| status["totals"]["acked"] == lines);
    };
    acked(2);
    append(&program.dir().join("log"), "3\n");
    acked(3);
    fs::rename(program.dir().join("log"), program.dir().join("log.1")).expect("rotation");
    program.write("log", "4\n5\n");
    acked(5);
    program.write("log", "6\n");
    acked(6);
    assert_eq!(program.lines(), ["1", "2", "3", "4", "5", "6"]);
}

#[test]
fn either_side_killed_and_started_again_loses_nothing() {
    const STEP: usize = 3000;
    const WINDOW: usize = 500;
    let program = program();
    let line = |number: usize| format!("{number:06} {}\n", "x".repeat(number % 300));
    let mut written = 0;
    let address = unused_address("127.0.0.1");
    let options = ["--data-dir", "checkpoint", "--window", &WINDOW.to_string()];
    program.write("log", "");
    let mut server = serve(&program, "log", address, &options);
    let mut collector = program.collect(&[&address.to_string(), "--quiet"]);
    for step in 0..6 {
        let acked = |status: &serde_json::Value| status["totals"]["acked"].as_u64();
        let before = acked(&collector.status());
        append(&program.dir().join("log"), &(written..written + STEP).map(line).collect::<String>());
        written += STEP;
        collector.until_status("lines come", |status| acked(status) > before);
        if step % 2 == 0 {
            collector.restart();
        } else {
            server.kill();
            server = serve(&program, "log", address, &options);
        }
    }
    let last = line(written - 1);
    until("the last line is there", || {
        program.lines().last().is_some_and(|text| *text == last.trim_end()).then_some(())
    });
    server.terminate().expect_code(0);
    collector.terminate().expect_code(0);
    let mut numbers: Vec<usize> = Vec::new();
    for text in program.lines() {
        let number: usize = text[..6].parse().expect("a number");
        assert_eq!(text + "\n", line(number));
        numbers.push(number);
    }
    let resent = numbers.len() - written;
    numbers.sort_unstable();
    numbers.dedup();
    assert!(numbers.into_iter().eq(0..written), "every line is there");
    assert!(resent <= 6 * 2 * WINDOW, "{resent} lines came again");
}

#[test]
fn standard_input_is_served_to_its_end() {
    let program = program();
    program.write("input", "from\na pipe\n");
    let address = unused_address("127.0.0.1");
    let arguments = ["serve", "-", "--listen", &address.to_string()];
    let mut command = program.command_in_bash("cat input | \"$@\"", &arguments);
    let mut server = command.stderr(Stdio::null()).spawn().expect("bash");
    program.output(&["collect", &address.to_string(), "--once", "--quiet"]).expect_code(0);
    assert!(server.wait().expect("an end").success());
    assert_eq!(program.lines(), ["from", "a pipe"]);
}

#[test]
fn what_cannot_be_served_is_told() {
    let program = program();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    program.write("file", "x\n");
    program
        .output(&["serve", "file", "--listen", &address])
        .expect_code(4)
        .expect_stderr(&format!("cannot listen on `{address}`"));
    program.output(&["serve", ".", "--listen", "127.0.0.1:0"]).expect_code(4).expect_stderr("is a directory");
}
