//! What lines, clocks, disks and questions may do to the store, and what is there all the same.

use std::path::PathBuf;

use serde_json::Value;
use testkit::torture::LIVELY_STORE;
use testkit::{Config, Peer, Program, until};

use crate::journal::{self, feed_until_death};
use crate::program;

const JSON: &str = "[[pipeline]]\nname = 'main'\nstages = [{ parse = 'json' }]\nto = ['store', 'tail']\n[store]\nmemtable_bytes = '1 MiB'\n\
     flush_after = '1s'";

fn config() -> Config {
    Config::new().listen("in", "127.0.0.1:0", "")
}

/// Sends lines, all of which are acked.
fn send(peer: &mut Peer, lines: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = lines.into_iter().collect();
    let before = peer.acked();
    peer.send(lines.concat());
    peer.wait_acked(before + lines.len() as u64);
}

/// Lets a collector store these lines, and ends it.
fn stored(program: &Program, lines: impl IntoIterator<Item = String>) {
    let mut collector = program.run(config().sections(JSON));
    send(&mut Peer::client(collector.address("in")), lines);
    collector.terminate().expect_code(0);
}

/// The files of all parts.
fn parts(program: &Program) -> Vec<PathBuf> {
    let listed = program.output(&["store", "ls", "--format", "json"]).expect_code(0);
    let rows: Vec<Value> = testkit::parse(&listed.stdout);
    rows.iter().map(|row| program.data_dir().join("store").join(row["file"].as_str().unwrap())).collect()
}

#[test]
fn ten_thousand_field_names_are_kept_in_two_hundred_columns() {
    let program = program();
    let mut collector = program.run(config().sections(JSON));
    let mut peer = Peer::client(collector.address("in"));
    for from in (0..10_000).step_by(1000) {
        send(
            &mut peer,
            (from..from + 1000).map(|n| format!("{{\"msg\":\"line {n}\",\"name{n}\":{n},\"every\":true}}\n")),
        );
    }
    until("the records are there", || (program.number("SELECT count(*) FROM logs") == 10_000).then_some(()));
    collector.terminate().expect_code(0);
    program.output(&["store", "verify"]).expect_code(0);
    program.output(&["export", "-o", "all.ndjson"]).expect_code(0).expect_stderr("10000 records");
    let text = std::fs::read_to_string(program.dir().join("all.ndjson")).unwrap();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let n: u64 = row["message"].as_str().unwrap()[5..].parse().unwrap();
        let name = format!("name{n}");
        let extra: Value = serde_json::from_str(row["extra"].as_str().unwrap_or("{}")).unwrap();
        let found: Vec<&Value> =
            [row.get(&name), extra.get(&name)].into_iter().flatten().filter(|it| !it.is_null()).collect();
        assert_eq!(found, [n], "{line}");
        assert_eq!(row["every"], true);
    }
}

#[test]
fn a_field_may_be_a_number_in_one_line_and_an_object_in_the_next() {
    let program = program();
    let lines = [
        "{\"msg\":\"a\",\"user\":7}\n",
        "{\"msg\":\"b\",\"user\":{\"id\":8,\"name\":\"eve\"}}\n",
        "{\"msg\":\"c\",\"user\":[9]}\n",
        "{\"msg\":\"d\",\"user\":1.5,\"user.id\":true}\n",
        "{\"msg\":\"e\",\"user\":null}\n",
    ];
    // In one part, and in parts of their own.
    stored(&program, lines.map(str::to_owned));
    for line in lines {
        stored(&program, [line.to_owned()]);
    }
    let rows = program.query(
        "SELECT message, \"user\" AS u, \"user.id\" AS id, \"user.name\" AS name FROM logs ORDER BY position",
    );
    assert_eq!(rows.len(), 10);
    for rows in [&rows[..5], &rows[5..]] {
        let field = |row: usize, name: &str| rows[row][name].as_str().map(str::to_owned);
        assert_eq!(field(0, "u").as_deref(), Some("7"));
        assert_eq!((field(1, "u"), field(1, "id").as_deref()), (None, Some("8")));
        assert_eq!(field(1, "name").as_deref(), Some("eve"));
        assert_eq!(field(2, "u").as_deref(), Some("[9]"));
        assert_eq!((field(3, "u").as_deref(), field(3, "id").as_deref()), (Some("1.5"), Some("true")));
        assert_eq!((field(4, "u"), field(4, "id")), (None, None));
    }
    assert_eq!(program.found(&["user.id:8"]), ["b", "b"]);
    assert_eq!(program.found(&["user:7"]), ["a", "a"]);
}

/// From some reading of the clock on it is an hour behind, as when an operator sets it back.
#[test]
fn a_clock_that_jumps_back_loses_no_line_and_no_order() {
    let mut program = program();
    program.faults("clock=error@60");
    let mut collector = program.run(config().sections(JSON));
    let mut peer = Peer::client(collector.address("in"));
    let jumped =
        "SELECT count(*) FROM logs a JOIN logs b ON a.position < b.position AND a.received > b.received";
    let mut sent = 0;
    until("a line is received before the one it came after", || {
        send(&mut peer, [format!("line {sent}\n")]);
        sent += 1;
        (program.number(jumped) > 0).then_some(())
    });
    send(&mut peer, (sent..sent + 1000).map(|n| format!("line {n}\n")));
    sent += 1000;
    collector.terminate().expect_code(0);
    let texts = |rows: Vec<Value>| -> Vec<String> {
        rows.iter().map(|row| row["message"].as_str().unwrap().to_owned()).collect()
    };
    let expected: Vec<String> = (0..sent).map(|n| format!("line {n}")).collect();
    assert_eq!(texts(program.query("SELECT message FROM logs ORDER BY position")), expected);
    assert_eq!(program.lines(), expected);
    // By time the later lines come first: what was received in the hour before.
    let first = texts(program.query("SELECT message FROM logs ORDER BY time, position LIMIT 1"));
    assert_ne!(first, ["line 0"]);
    // The clock is right again, and who starts goes on.
    program.faults("");
    stored(&program, ["later\n".to_owned()]);
    assert_eq!(program.number("SELECT count(DISTINCT position) FROM logs"), sent + 1);
    program.output(&["store", "verify"]).expect_code(0);
}

/// A time to come is no time of an event: such a line is filed under when it was received, and keeps what it said.
#[test]
fn times_of_1970_and_of_2100_are_kept_in_few_parts() {
    let program = program();
    let month = |n: u64, first: u64| format!("{}-{:02}-01T00:00:00Z", first + n / 12, n % 12 + 1);
    let past: Vec<String> = (0..55 * 12).map(|n| month(n, 1970)).collect();
    let future = (0..3 * 12).map(|n| month(n, 2100)).chain(["9999-12-31T23:59:59Z".to_owned()]);
    let times: Vec<String> = past.iter().cloned().chain(future).collect();
    stored(&program, times.iter().map(|time| format!("{{\"time\":\"{time}\",\"msg\":\"at {time}\"}}\n")));
    let count = |condition: &str| program.number(&format!("SELECT count(*) FROM logs WHERE {condition}"));
    assert_eq!(count("true"), times.len() as u64);
    assert_eq!(count("time < '1971-01-01'"), 12);
    assert_eq!(count("time BETWEEN '1999-12-01' AND '2000-02-01'"), 3);
    assert_eq!(count("message = 'at ' || to_char(time, '%Y-%m-%dT%H:%M:%SZ')"), past.len() as u64);
    assert_eq!(
        count("time = received AND extra = '{\"time\":\"' || substr(message, 4) || '\"}'"),
        (times.len() - past.len()) as u64
    );
    assert!(parts(&program).len() <= 20, "{:?}", parts(&program));
    program.output(&["store", "verify"]).expect_code(0);
}

#[test]
fn a_message_of_a_mebibyte_is_stored_found_and_exported_whole() {
    let program = program();
    let long = format!("start {}needle {}", "word ".repeat(100_000), "x".repeat((1 << 20) - 500_100));
    let lines = [format!("{{\"msg\":\"{long}\"}}\n"), format!("{}\n", &long[..(1 << 20) - 100])];
    stored(&program, lines);
    assert_eq!(program.number("SELECT min(length(message)) FROM logs"), (1 << 20) - 100);
    assert_eq!(program.found(&["needle"]), [&long[..(1 << 20) - 100], &long]);
    program.output(&["export", "-o", "all.ndjson"]).expect_code(0);
    assert!(program.dir().join("all.ndjson").metadata().unwrap().len() > 2 << 20);
}

#[test]
fn a_truncated_part_is_named_and_the_rest_stays_readable() {
    let program = program();
    for part in 0..2 {
        stored(&program, (0..1000).map(|n| format!("line {n} of part {part}\n")));
    }
    let cut = parts(&program).remove(0);
    let whole = std::fs::read(&cut).unwrap();
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let name = cut.file_name().unwrap().to_str().unwrap().to_owned();
    program.output(&["store", "verify"]).expect_code(1).expect_stderr(&name);
    for running in [false, true] {
        let collector = running.then(|| program.run(config().sections(JSON)));
        let ended = program.output(&["query", "SELECT count(*) AS n FROM logs", "--format", "csv"]);
        assert_eq!(String::from_utf8_lossy(&ended.expect_code(1).expect_stderr(&name).stdout), "n\n1000\n");
        drop(collector);
    }
}

/// Killed while a record of the manifest was written, of which a part, or garbage, got to the disk.
#[test]
fn a_torn_manifest_loses_nothing_and_shows_nothing_twice() {
    for tear in [-5_isize, 7] {
        let mut program = program();
        program.faults("manifest-appended=kill@2");
        let config = journal::config().sections(LIVELY_STORE);
        let mut collector = program.run(&config);
        let acked = feed_until_death(&mut Peer::client(collector.address("in")));
        assert_eq!(collector.wait().signal, Some(testkit::Signal::ABORT.as_raw()));
        let manifests = std::fs::read_dir(program.data_dir().join("store")).unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            path.file_name()?.to_str()?.starts_with("manifest").then_some(path)
        });
        let manifest = manifests.max().expect("a manifest");
        let mut torn = std::fs::read(&manifest).unwrap();
        torn.resize(torn.len().saturating_add_signed(tear), 0xa5);
        std::fs::write(&manifest, torn).unwrap();
        program.faults("");
        let mut collector = program.run(&config);
        collector.until_status("all is in the store", |status| status["pipelines"][0]["behind_bytes"] == 0);
        collector.terminate().expect_code(0);
        let (all, once) = (
            program.number("SELECT count(*) FROM logs"),
            program.number("SELECT count(DISTINCT position) FROM logs"),
        );
        assert!(all == once && all >= acked, "{acked} acked, {all} there, {once} once");
        program.output(&["store", "verify"]).expect_code(0);
    }
}

#[test]
fn a_query_that_needs_too_much_memory_says_so_and_the_collector_goes_on() {
    let program = program();
    let sections = format!("{JSON}\n[query]\nmemory_bytes = '8 MiB'");
    let mut collector = program.run(config().sections(&sections));
    let mut peer = Peer::client(collector.address("in"));
    let text = "with much text to it ".repeat(10);
    for from in (0..60_000).step_by(10_000) {
        send(&mut peer, (from..from + 10_000).map(|n| format!("{{\"msg\":\"line {n} {text}\"}}\n")));
    }
    until("the records are there", || (program.number("SELECT count(*) FROM logs") == 60_000).then_some(()));
    let greedy = "SELECT message, count(*) FROM logs GROUP BY message ORDER BY 2";
    program.output(&["query", greedy]).expect_code(1).expect_stderr("memory");
    assert_eq!(program.number("SELECT count(*) FROM logs"), 60_000);
    send(&mut peer, ["{\"msg\":\"still here\"}\n".to_owned()]);
    until("the next line", || (program.found(&["\"still here\""]).len() == 1).then_some(()));
    collector.terminate().expect_code(0);
}
