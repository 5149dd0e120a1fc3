//! Python handlers in the path of a record: what they make of lines, and what happens when they or the collector end.

use std::collections::BTreeMap;

use serde_json::Value;
use testkit::torture::{LIVELY_STORE, Options, round_with};
use testkit::{Collector, Config, Peer, Program, Signal, until};

use crate::program;

fn config(stage: &str) -> Config {
    let pipeline = format!("[[pipeline]]\nname = 'main'\nto = ['store', 'tail']\nstages = [{stage}]");
    Config::new().listen("in", "127.0.0.1:0", "").sections(&pipeline)
}

/// The same with a store that makes parts soon.
fn lively(stage: &str) -> Config {
    config(stage).sections(LIVELY_STORE)
}

fn send(peer: &mut Peer, lines: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = lines.into_iter().collect();
    let before = peer.acked();
    peer.send(lines.concat());
    peer.wait_acked(before + lines.len() as u64);
}

fn handler(status: &Value) -> &Value {
    &status["pipelines"][0]["handlers"][0]
}

fn workers(collector: &Collector<'_>) -> Vec<i32> {
    let status = collector.until_status("a worker is there", |status| {
        handler(status)["processes"].as_array().is_some_and(|pids| !pids.is_empty())
    });
    handler(&status)["processes"].as_array().unwrap().iter().map(|pid| pid.as_i64().unwrap() as i32).collect()
}

fn is_alive(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

/// The CPU time of a process, user and system, in ticks.
fn ticks(pid: &Value) -> String {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split(' ').skip(12).take(2).collect::<Vec<_>>().join(" ")
}

fn kill(pid: i32) {
    // It may have ended by itself.
    let _ = rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL);
}

fn count(program: &Program, records: u64) {
    until("the records are there", || (program.number("SELECT count(*) FROM logs") == records).then_some(()));
}

#[test]
fn what_a_handler_returns_becomes_of_the_record_and_what_it_prints_is_logged() {
    let program = program();
    program.write(
        "handlers.py",
        "import catchment\ndef handler(line: str):\n    print('seen', line)\n    \
         if line == 'drop': return catchment.DROP\n    if line == 'bad': raise ValueError('no good')\n    \
         return {'length': len(line), 'level': 'warn'}\n",
    );
    let mut collector = program.run(config("{ python = 'handlers.py:handler', workers = 1 }"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, ["one", "drop", "bad", "three"].map(|line| format!("{line}\n")));
    count(&program, 3);
    let position = program.rows(&[])[0].position;
    collector.until_log(&format!("worker=0 position={position}"));
    collector.until_log("seen one");
    let status = collector.until_status("the handler is done", |status| handler(status)["lines"] == 4);
    let stage = &status["pipelines"][0];
    assert_eq!((&stage["lines"], &stage["records"], &stage["dropped"]), (&4.into(), &3.into(), &1.into()));
    let python = handler(&status);
    assert_eq!((&python["failed"], &python["kind"], &python["ready"]), (&1.into(), &"def".into(), &1.into()));
    assert!(python["samples"][0]["text"].as_str().unwrap().contains("ValueError: no good"), "{python}");
    let shown = program.output(&["status"]).expect_code(0).text();
    assert!(shown.contains("handlers.py:handler: 1 of 1 workers ready, 4 lines, 1 failed"), "{shown}");
    collector.terminate().expect_code(0);
    let rows = program.query(
        "SELECT message, level, length, \"error.stage\" AS stage, \"error.reason\" AS reason FROM logs ORDER BY position",
    );
    assert_eq!((&rows[0]["length"], &rows[0]["level"]), (&3.into(), &"warn".into()));
    assert_eq!((&rows[1]["message"], &rows[1]["stage"]), (&"bad".into(), &"python".into()));
    assert_eq!(rows[1]["reason"], "ValueError: no good");
    assert_eq!(rows[2]["message"], "three");
}

#[test]
fn a_generator_makes_none_one_or_many_records_and_each_is_there_once_however_it_ends() {
    let program = program();
    program.write(
        "handlers.py",
        "def handler(line: str):\n    number = int(line.split()[1])\n    for part in range(number % 4):\n        \
         yield {'message': f'{line} of {part}', 'part': part}\n",
    );
    let mut collector = program.run(lively("{ python = 'handlers.py:handler', workers = 2 }"));
    let lines = |round: u64| (round * 2000..(round + 1) * 2000).map(|number| format!("line {number}\n"));
    for round in 0..5 {
        let mut peer = Peer::client(collector.address("in"));
        send(&mut peer, lines(round));
        if round == 2 {
            // One only: what ends two workers is not tried a third time.
            workers(&collector).into_iter().take(1).for_each(kill);
        }
        collector.restart();
    }
    // Of four lines come none, one, two and three.
    count(&program, 15_000);
    for running in [true, false] {
        if !running {
            collector.terminate().expect_code(0);
        }
        let rows =
            program.query("SELECT position, nth, part, message FROM logs ORDER BY position, nth NULLS FIRST");
        assert_eq!(rows.len(), 15_000);
        let expected = (0..10_000).flat_map(|number| (0..number % 4).map(move |part| (number, part)));
        let mut lines: BTreeMap<u64, u64> = BTreeMap::new();
        for (row, (number, part)) in rows.iter().zip(expected) {
            assert_eq!(row["message"], format!("line {number} of {part}"));
            // The first record of a line has no number.
            assert_eq!(row["nth"].as_u64().unwrap_or(0), part, "{row}");
            assert_eq!(*lines.entry(row["position"].as_u64().unwrap()).or_insert(number), number);
        }
        assert_eq!(lines.len(), 7500);
        // Also in a search, where the newest comes first.
        let found = program.found(&["-n", "3", "9999"]);
        assert_eq!(found, [2, 1, 0].map(|part| format!("line 9999 of {part}")));
    }
}

#[test]
fn killed_workers_and_killed_collectors_leave_each_line_once_and_in_order() {
    let mut program = program();
    // Now and then a worker ends in the middle of a line.
    program.write(
        "handlers.py",
        "import os, random, signal\ndef handler(line: str):\n    if random.random() < 0.0005: os.kill(os.getpid(), signal.SIGKILL)\n    \
         return {'length': len(line)}\n",
    );
    let pipeline = "[[pipeline]]\nname = 'main'\nto = ['store', 'tail']\n\
                    stages = [{ python = 'handlers.py:handler', workers = 2 }]\n";
    let options = Options { seed: 5, kills: 6, servers: 4, clients: 4, lines: 1500 };
    let mut blows = Vec::new();
    let judged = round_with(&mut program, &format!("{pipeline}{LIVELY_STORE}"), options, |report| {
        blows.push(report.blow.to_string());
    });
    let judgement = judged.unwrap_or_else(|failure| panic!("{failure}\nafter {blows:#?}"));
    assert!(judgement.lines >= 8, "each peer got a line through: {judgement:?}");
}

#[test]
fn no_worker_of_a_killed_collector_is_left() {
    let program = program();
    program.write(
        "handlers.py",
        "import time\ndef handler(line: str):\n    if line == 'wait': time.sleep(1000)\n",
    );
    let mut collector = program.run(config("{ python = 'handlers.py:handler', workers = 2 }"));
    collector.until_status("both are ready", |status| handler(status)["ready"] == 2);
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, ["go\n".to_owned()]);
    count(&program, 1);
    // One is busy, the other has nothing to do.
    send(&mut peer, ["wait\n".to_owned()]);
    let pids = workers(&collector);
    assert_eq!(pids.len(), 2);
    collector.kill();
    until("the workers are gone", || pids.iter().all(|pid| !is_alive(*pid)).then_some(()));
}

#[test]
fn workers_that_have_nothing_to_do_use_no_processor() {
    let program = program();
    program.write("handlers.py", "def plain(line: str): pass\nasync def coroutine(line: str): pass\n");
    let mut collector = program
        .run(config("{ python = 'handlers.py:plain', workers = 2 }, { python = 'handlers.py:coroutine' }"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, ["go\n".to_owned()]);
    count(&program, 1);
    let status = collector.until_status("all are ready", |status| {
        let ready = |handler: usize| status["pipelines"][0]["handlers"][handler]["ready"].as_u64();
        (ready(0), ready(1)) == (Some(2), Some(1))
    });
    let pids = status["pipelines"][0]["handlers"].as_array().unwrap().iter();
    let pids: Vec<_> = pids.flat_map(|handler| handler["processes"].as_array().unwrap()).collect();
    assert_eq!(pids.len(), 3);
    let ticks = || -> Vec<String> { pids.iter().map(|pid| ticks(pid)).collect() };
    let uptime = |status: &Value| status["uptime_seconds"].as_u64().unwrap();
    let (before, since) = (ticks(), uptime(&status));
    collector.until_status("two seconds have passed", |status| uptime(status) >= since + 2);
    assert_eq!(ticks(), before);
    collector.terminate().expect_code(0);
}

#[test]
fn a_handler_that_never_returns_does_not_hold_up_the_stop_and_its_lines_come_again() {
    let program = program();
    let stage = "{ python = 'handlers.py:handler', workers = 1 }";
    program.write("handlers.py", "import time\ndef handler(line: str): time.sleep(1000)\n");
    let mut collector = program.run(config(stage).top("stop_timeout = '500ms'"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, (0..100).map(|number| format!("line {number}\n")));
    let pids = workers(&collector);
    let ended = collector.terminate();
    assert!([Some(0), Some(5)].contains(&ended.code), "{ended:?}");
    assert!(ended.stderr.contains("it goes on at the next start"), "{}", ended.stderr);
    assert!(pids.iter().all(|pid| !is_alive(*pid)));
    program.write("handlers.py", "def handler(line: str): return {'done': True}\n");
    let mut collector = program.run(config(stage));
    count(&program, 100);
    collector.terminate().expect_code(0);
    assert_eq!(program.number("SELECT count(DISTINCT position) FROM logs WHERE done"), 100);
}

#[test]
fn a_signal_or_a_changed_file_loads_the_code_anew() {
    let program = program();
    let stage = "{ python = 'handlers.py:one' }, { python = 'watched.py:two', watch = true }";
    program.write("handlers.py", "def one(line: str): return {'one': 'old'}\n");
    program.write("watched.py", "def two(record: dict): return {'two': 'old'}\n");
    let mut collector = program.run(config(stage));
    let mut peer = Peer::client(collector.address("in"));
    let newest = |column: &str, peer: &mut Peer| {
        send(peer, ["x\n".to_owned()]);
        let rows = until("there is a record", || {
            let rows =
                program.query(&format!("SELECT {column} AS it FROM logs ORDER BY position DESC LIMIT 1"));
            (!rows.is_empty()).then_some(rows)
        });
        rows[0]["it"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(newest("one", &mut peer), "old");
    program.write("handlers.py", "def one(line: str): return {'one': 'new'}\n");
    program.write("watched.py", "def two(record: dict): return {'two': 'new'}\n");
    until("the watched one is new", || (newest("two", &mut peer) == "new").then_some(()));
    assert_eq!(newest("one", &mut peer), "old");
    collector.signal(Signal::HUP);
    until("the other one is new", || (newest("one", &mut peer) == "new").then_some(()));
    // Code that cannot be loaded changes nothing, and the log says why.
    program.write("handlers.py", "nonsense(\n");
    collector.signal(Signal::HUP);
    collector.until_log("SyntaxError");
    assert_eq!(newest("one", &mut peer), "new");
    collector.terminate().expect_code(0);
    assert_eq!(program.number("SELECT count(*) FROM logs WHERE one IS NULL OR two IS NULL"), 0);
}

#[test]
fn a_handler_that_cannot_be_loaded_is_a_mistake_of_the_configuration() {
    let program = program();
    program.write("handlers.py", "import nowhere\n");
    program.configure(config(
        "\n{ python = 'handlers.py:handler' },\n{ python = 'handlers.py:f', interpreter = 'no/python' }",
    ));
    for command in ["check", "run"] {
        let ended = program.output(&[command]).expect_code(3);
        let first = "pipeline[1].stages[1]: the handler `handlers.py:handler` cannot be loaded: ModuleNotFoundError: No module named";
        assert!(ended.stderr.contains(first), "{}", ended.stderr);
        assert!(ended.stderr.contains("\n  Traceback (most recent call last):"), "{}", ended.stderr);
        assert!(ended.stderr.contains("/handlers.py\", line 1"), "{}", ended.stderr);
        assert!(ended.stderr.contains("pipeline[1].stages[2]: cannot start `"), "{}", ended.stderr);
    }
    assert!(!program.data_dir().exists(), "nothing was begun");
}

#[test]
fn a_handler_is_tried_by_hand() {
    let program = program();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/handlers");
    for (handler, options, lines, expected) in [
        ("print_line.py:process_log_line", "", "a\\n", "{\"message\": \"a\"}\n"),
        (
            "slow_requests.py:SlowRequests",
            "--config above_ms=5",
            "GET / duration_ms=7\\nGET /healthz\\n",
            "{\"message\": \"GET / duration_ms=7\", \"duration_ms\": 7, \"slow\": true}\n",
        ),
        (
            "events.py:events",
            "",
            "[{\"text\":\"a\",\"n\":1},{\"text\":\"b\"}]\\n[]\\n",
            "{\"message\": \"a\", \"n\": 1}\n{\"message\": \"b\"}\n",
        ),
    ] {
        let script = format!("printf '%b' '{lines}' | \"$@\" {options}");
        let name = format!("{examples}/{handler}");
        let command = program.command_in_bash(&script, &["test-handler", &name]);
        let ended = program.start_by("by-hand", command).wait().expect_code(0);
        assert_eq!(ended.text(), expected, "{handler}");
    }
    let name = format!("{examples}/lookup.py:add_owner");
    let command = program.command_in_bash("printf 'gw-1 up\\n' | \"$@\"", &["test-handler", &name]);
    let ended = program.start_by("by-hand", command).wait().expect_code(0);
    assert!(ended.text().contains("\"owner\": \"north\""), "{}", ended.text());
    program.write("bad.py", "def f(line): raise ValueError(line)\n");
    let command = program.command_in_bash("echo x | \"$@\"", &["test-handler", "bad.py:f"]);
    program.start_by("by-hand", command).wait().expect_code(1).expect_stderr("ValueError: x");
    program.output(&["test-handler", "bad.py:g"]).expect_code(4).expect_stderr("has no `g`");
    program
        .output(&["test-handler", "bad.py:f", "--python", "no/python"])
        .expect_code(4)
        .expect_stderr("no/python");
}

#[test]
fn who_only_reads_runs_no_handler() {
    let program = program();
    program.write(
        "handlers.py",
        "def handler(line: str):\n    with open(__file__ + '.seen', 'a') as seen: print(line, file=seen)\n    \
         return {'seen': True}\n",
    );
    let mut collector = program.run(config("{ python = 'handlers.py:handler', workers = 1 }"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, (0..1000).map(|number| format!("line {number}\n")));
    count(&program, 1000);
    let position = program.rows(&[])[399].position.to_string();
    let tail = program.start("tail", &["tail", "--format", "json", "--from", &position]);
    let shown = || String::from_utf8_lossy(&tail.stdout()).lines().count();
    until("what the store has is shown", || (shown() >= 600).then_some(()));
    send(&mut peer, (1000..1500).map(|number| format!("line {number}\n")));
    until("and what comes then", || (shown() >= 1100).then_some(()));
    assert_eq!(shown(), 1100);
    collector.kill();
    let ended = program.output(&["query", "SELECT count(*) AS n FROM logs", "--format", "csv"]);
    assert!(ended.stderr.contains("the pipeline `main` has a Python handler"), "{}", ended.stderr);
    let seen = std::fs::read_to_string(program.dir().join("handlers.py.seen")).unwrap();
    assert_eq!(seen.lines().count(), 1500, "each line was given to the handler once");
}
