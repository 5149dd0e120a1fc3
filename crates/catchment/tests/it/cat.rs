//! `catchment cat`: lines read back, with or without a running collector.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use testkit::{Config, Peer, Program, Row, until};

use crate::program;

/// Lines `0` to `9` from a dialled server, and `a` and `b` from a client.
fn written() -> (Program, String) {
    let program = program();
    let mut server = Peer::server();
    let config = Config::new().connect("out", &[server.address()], "").listen("in", "127.0.0.1:0", "");
    let mut collector = program.run(config);
    server.accept();
    for number in 0..10 {
        server.send(format!("{number}\n"));
        server.wait_acked(number + 1);
    }
    let mut client = Peer::client(collector.address("in"));
    client.send("a\nb\n");
    client.wait_acked(2);
    collector.terminate().expect_code(0);
    (program, server.address().to_string())
}

fn texts(rows: &[Row]) -> String {
    rows.iter().map(|row| row.line.as_str()).collect()
}

#[test]
fn what_to_read_is_chosen_by_source_peer_place_and_number() {
    let (program, target) = written();
    let read = |arguments: &[&str]| texts(&program.rows(arguments));
    assert_eq!(read(&[]), "0123456789ab");
    assert_eq!(read(&["--source", "in"]), "ab");
    assert_eq!(read(&["--source", "nobody"]), "");
    assert_eq!(read(&["--peer", &target]), "0123456789");
    assert_eq!(read(&["--limit", "3"]), "012");
    assert_eq!(read(&["-n", "0"]), "");
    assert_eq!(read(&["--source", "in", "-n", "1"]), "a");
    let rows = program.rows(&[]);
    assert_eq!(read(&["--from", &rows[4].position.to_string()]), "456789ab");
    assert_eq!(read(&["--from", &(rows[4].position + 1).to_string()]), "56789ab");
    assert_eq!(read(&["--from", &rows[7].received]), "789ab");
    assert_eq!(read(&["--from", "2100-01-01T00:00:00Z"]), "");
    assert_eq!(read(&["--from", "1h"]), "0123456789ab");
    program.cat(&["--from", "yesterday"]).expect_code(2).expect_stderr("`--from yesterday`");
}

#[test]
fn rows_have_growing_positions_and_times() {
    let (program, _) = written();
    let rows = program.rows(&[]);
    assert!(rows.is_sorted_by(|one, next| one.position < next.position));
    assert!(rows.is_sorted_by(|one, next| one.received <= next.received));
    let time = &rows[0].received;
    assert!(time.len() == "2026-11-22T14:00:00.000000Z".len() && time.ends_with('Z'), "{time}");
}

#[test]
fn each_format() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let mut client = Peer::client(collector.address("in"));
    client.send(b"tab\t\xff\x1b[0m\r\n\0\n");
    client.wait_acked(2);
    collector.terminate().expect_code(0);
    assert_eq!(program.cat(&["--format", "raw"]).expect_code(0).stdout, b"tab\t\xff\x1b[0m\n\0\n");
    let peer = &program.rows(&[])[0].peer;
    let text = format!("{peer}  tab\t\u{fffd}\\u{{1b}}[0m\n{peer}  \\u{{0}}\n");
    assert_eq!(program.cat(&[]).expect_code(0).text(), text);
    assert_eq!(program.cat(&["--format", "text"]).expect_code(0).text(), text);
    let json: serde_json::Value =
        serde_json::from_slice(&program.cat(&["--format", "json", "-n", "1"]).expect_code(0).stdout)
            .expect("JSON");
    let mut keys: Vec<&String> = json.as_object().expect("an object").keys().collect();
    keys.sort();
    assert_eq!(keys, ["flags", "line", "peer", "position", "received", "source"]);
    assert_eq!(json["flags"], serde_json::json!(["invalid_utf8"]));
}

#[test]
fn it_follows_a_running_collector_through_a_restart_of_it() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let follower = program.start("follower", &["cat", "--follow", "--format", "raw"]);
    for line in ["one\n", "two\n"] {
        let mut client = Peer::client(collector.address("in"));
        client.send(line);
        client.wait_acked(1);
        until("it is printed", || follower.stdout().ends_with(line.as_bytes()).then_some(()));
        collector.restart();
    }
    assert_eq!(follower.stdout(), b"one\ntwo\n");
}

#[test]
fn following_ends_at_the_limit() {
    let (program, _) = written();
    assert_eq!(texts(&program.rows(&["--follow", "--limit", "12"])), "0123456789ab");
}

#[test]
fn it_reads_what_a_running_collector_has_made_durable() {
    let program = program();
    let collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let mut client = Peer::client(collector.address("in"));
    for line in 1..=20 {
        client.send("x\n");
        client.wait_acked(line);
        assert_eq!(program.lines().len() as u64, line, "an acked line can be read at once");
    }
}

#[test]
fn a_reader_of_its_output_may_have_seen_enough() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let mut client = Peer::client(collector.address("in"));
    client.send("a line that is there many times\n".repeat(50_000));
    client.wait_acked(50_000);
    collector.terminate().expect_code(0);
    let mut cat =
        program.command(&["cat"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("cat");
    let mut first = String::new();
    let mut out = BufReader::new(cat.stdout.take().expect("a pipe"));
    out.read_line(&mut first).expect("a line");
    drop(out);
    assert!(first.ends_with("  a line that is there many times\n"), "{first}");
    let mut said = String::new();
    cat.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    assert_eq!((cat.wait().expect("an end").code(), said.as_str()), (Some(0), ""));
}
