//! `catchment tail`: pushed as lines are committed, filtered at the collector, without a gap.

use serde_json::Value;
use testkit::torture::LIVELY_STORE;
use testkit::{Config, Peer, Process, Program, until};

use crate::program;

fn config() -> Config {
    Config::new().listen("in", "127.0.0.1:0", "")
}

fn tailed(tail: &Process) -> Vec<Value> {
    let text = tail.stdout();
    let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    testkit::parse(&text[..whole])
}

fn messages(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect()
}

/// Starts a tail, and waits until it follows: it shows a line that is sent for that.
fn follow(program: &Program, name: &str, arguments: &[&str], peer: &mut Peer) -> Process {
    let tail = program.start(name, &[&["tail", "--format", "json"], arguments].concat());
    let mut sent = peer.acked();
    until("the tail follows", || {
        peer.send("are you there\n");
        sent += 1;
        peer.wait_acked(sent);
        (!tailed(&tail).is_empty()).then_some(())
    });
    tail
}

#[test]
fn lines_are_pushed_and_filtered() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    let mut all = follow(&program, "all", &[], &mut peer);
    let mut some = follow(&program, "some", &["there OR wanted"], &mut peer);
    let before = peer.acked();
    peer.send("wanted 1\nother\nwanted 2\n");
    peer.wait_acked(before + 3);
    until("the lines are there", || {
        messages(&tailed(&some)).ends_with(&["wanted 1".into(), "wanted 2".into()]).then_some(())
    });
    until("the lines are there", || {
        messages(&tailed(&all))
            .ends_with(&["wanted 1".into(), "other".into(), "wanted 2".into()])
            .then_some(())
    });
    all.kill();
    some.kill();
    collector.terminate().expect_code(0);
}

#[test]
fn it_goes_on_behind_a_position_without_a_gap() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    peer.send((0..1000).map(|number| format!("line {number}\n")).collect::<String>());
    peer.wait_acked(1000);
    let position = program.rows(&[])[399].position.to_string();
    let tail = program.start("tail", &["tail", "--format", "json", "--from", &position]);
    until("the older lines are there", || (tailed(&tail).len() >= 600).then_some(()));
    peer.send((1000..1500).map(|number| format!("line {number}\n")).collect::<String>());
    peer.wait_acked(1500);
    until("the newer lines are there", || (tailed(&tail).len() >= 1100).then_some(()));
    let expected: Vec<String> = (400..1500).map(|number| format!("line {number}")).collect();
    assert_eq!(messages(&tailed(&tail)), expected);
    drop(tail);
    collector.terminate().expect_code(0);
}

#[test]
fn what_the_journal_has_freed_comes_from_the_store() {
    let program = program();
    let mut collector = program.run(config().sections(LIVELY_STORE));
    let mut peer = Peer::client(collector.address("in"));
    let mut sent = 0;
    until("the journal has freed something", || {
        let long = "x".repeat(500);
        peer.send((sent..sent + 500).map(|number| format!("line {number} {long}\n")).collect::<String>());
        sent += 500;
        peer.wait_acked(sent);
        collector.status()["journal"]["oldest"].as_u64().filter(|&oldest| oldest > 0)
    });
    let tail = program.start("tail", &["tail", "--format", "json", "--from", "0"]);
    until("the older lines are there", || (tailed(&tail).len() as u64 >= sent).then_some(()));
    peer.send("the last\n");
    peer.wait_acked(sent + 1);
    until("the newest line is there", || (tailed(&tail).len() as u64 > sent).then_some(()));
    let shown = messages(&tailed(&tail));
    assert_eq!(shown.len() as u64, sent + 1);
    let (last, lines) = shown.split_last().unwrap();
    assert!(lines.iter().enumerate().all(|(number, line)| line.starts_with(&format!("line {number} "))));
    assert_eq!(last, "the last");
    drop(tail);
    collector.terminate().expect_code(0);
}

#[test]
fn it_ends_after_so_many_and_when_nobody_collects() {
    let program = program();
    program.output(&["tail"]).expect_code(4).expect_stderr("no collector runs");
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    peer.send("one\ntwo\nthree\n");
    peer.wait_acked(3);
    let ended = program.output(&["tail", "--from", "0", "-n", "2", "--format", "json"]).expect_code(0);
    assert_eq!(messages(&testkit::parse::<Value>(&ended.stdout)), ["one", "two"]);
    let follows = |many| {
        until("so many follow", || collector.status()["tail"]["subscribers"].as_u64().filter(|&n| n == many));
    };
    follows(0);
    let mut waiting = program.start("waiting", &["tail"]);
    follows(1);
    collector.terminate().expect_code(0);
    waiting.wait().expect_code(1).expect_stderr("stopping");
    program.output(&["tail", "("]).expect_code(2);
}
