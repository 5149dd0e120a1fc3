//! What was acked is in the store: at once, once, and after whatever happened.

use std::path::PathBuf;

use testkit::torture::LIVELY_STORE;
use testkit::{Config, Peer, Program, until};

use crate::program;

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

fn numbered(from: usize, to: usize) -> impl Iterator<Item = String> {
    (from..to).map(|number| format!("line {number} of the test\n"))
}

/// The files of all parts.
fn parts(program: &Program) -> Vec<PathBuf> {
    let listed = program.output(&["store", "ls", "--format", "json"]).expect_code(0);
    let rows: Vec<serde_json::Value> = testkit::parse(&listed.stdout);
    rows.iter().map(|row| program.data_dir().join("store").join(row["file"].as_str().unwrap())).collect()
}

#[test]
fn what_was_acked_can_be_asked_for_with_a_collector_and_without() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, numbered(0, 100));
    until("the records are there", || (program.number("SELECT count(*) FROM logs") == 100).then_some(()));
    assert_eq!(program.number("SELECT count(DISTINCT position) FROM logs WHERE source = 'in'"), 100);
    collector.terminate().expect_code(0);
    assert_eq!(program.number("SELECT count(*) FROM logs WHERE message LIKE 'line 7%'"), 11);
    assert!(!parts(&program).is_empty());
}

#[test]
fn killed_before_anything_became_a_part_all_is_there_without_a_collector() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, numbered(0, 500));
    collector.kill();
    assert_eq!(program.number("SELECT count(*) FROM logs"), 500);
    let mut collector = program.run(config());
    until("the records are there", || (program.number("SELECT count(*) FROM logs") == 500).then_some(()));
    collector.terminate().expect_code(0);
    assert_eq!(program.number("SELECT count(DISTINCT position) FROM logs"), 500);
}

#[test]
fn what_the_journal_has_freed_cat_reads_from_the_store() {
    let program = program();
    let mut collector = program.run(config().sections(LIVELY_STORE));
    let mut peer = Peer::client(collector.address("in"));
    let (mut sent, mut oldest) = (0, 0);
    // Segments of a mebibyte go as soon as the store has what is in them.
    while oldest == 0 {
        send(
            &mut peer,
            (sent..sent + 20_000).map(|number| format!("line {number} with some more text behind it\n")),
        );
        sent += 20_000;
        oldest = collector.status()["journal"]["oldest"].as_u64().unwrap();
        assert!(sent < 2_000_000, "nothing is ever freed");
    }
    let check = |lines: &[String]| {
        assert_eq!(lines.len(), sent);
        for (number, line) in lines.iter().enumerate() {
            assert!(line.starts_with(&format!("line {number} with")), "{number}: {line}");
        }
    };
    check(&program.lines());
    collector.terminate().expect_code(0);
    check(&program.lines());
    assert_eq!(program.rows(&["--limit", "7"]).len(), 7);
    assert_eq!(program.number("SELECT count(DISTINCT position) FROM logs"), sent as u64);
}

#[test]
fn a_line_whose_head_the_journal_has_freed_cat_reads_whole_from_the_store() {
    let program = program();
    let mut collector = program.run(config().sections(LIVELY_STORE));
    let mut peers: Vec<_> = (0..3).map(|_| Peer::client(collector.address("in"))).collect();
    let (mut sent, mut oldest) = (0, 0);
    // Each line is larger than a turn of its peer: where a segment ends, some are unfinished.
    while oldest == 0 {
        for (number, peer) in peers.iter_mut().enumerate() {
            peer.send(format!("{number} {sent} {}\n", "x".repeat(60_000)));
        }
        sent += 1;
        peers.iter_mut().for_each(|peer| peer.wait_acked(sent));
        oldest = collector.status()["journal"]["oldest"].as_u64().unwrap();
        assert!(sent < 2000, "nothing is ever freed");
    }
    let check = |lines: &[String]| {
        let mut starts: Vec<_> =
            lines.iter().map(|line| (line.len() > 60_000, line.split(" x").next())).collect();
        starts.sort_unstable();
        let mut expected: Vec<_> =
            (0..3).flat_map(|peer| (0..sent).map(move |number| format!("{peer} {number}"))).collect();
        expected.sort_unstable();
        let expected: Vec<_> = expected.iter().map(|start| (true, Some(start.as_str()))).collect();
        assert_eq!(starts, expected);
    };
    check(&program.lines());
    collector.terminate().expect_code(0);
    check(&program.lines());
}

#[test]
fn bytes_that_are_not_utf8_come_back_from_the_store_as_they_were() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    peer.send(b"caf\xe9\n\xff\xfe\nplain\n");
    peer.wait_acked(3);
    collector.terminate().expect_code(0);
    let rows = program.query("SELECT message, raw IS NULL AS exact FROM logs ORDER BY position");
    let shown: Vec<_> =
        rows.iter().map(|row| (row["message"].as_str().unwrap(), row["exact"].as_bool().unwrap())).collect();
    assert_eq!(shown, [("caf\u{fffd}", false), ("\u{fffd}\u{fffd}", false), ("plain", true)]);
}

#[test]
fn lines_become_fields_and_pipelines_choose() {
    let program = program();
    let pipelines = "[[pipeline]]\nname = 'main'\nto = ['store']\n\
         stages = [{ parse = 'json' }, { set = { site = 'north' } }]\n\
         [[pipeline]]\nname = 'copy'\nfrom = ['in']\nto = [{ file = 'copy.ndjson' }]\n\
         [[pipeline]]\nname = 'nobody'\nstages = [{ where = { peer = 'nobody' } }]\nto = [{ file = 'nobody.ndjson' }]";
    let mut collector = program.run(config().sections(pipelines));
    let mut peer = Peer::client(collector.address("in"));
    peer.send("{\"level\":\"warning\",\"msg\":\"disk\",\"status\":500,\"http\":{\"path\":\"/a\"}}\n{\"status\":\"none\"}\nplain\n");
    peer.wait_acked(3);
    collector.terminate().expect_code(0);
    let rows = program
        .query("SELECT level, message, status, \"http.path\" AS path, site FROM logs ORDER BY position");
    assert_eq!(rows[0]["level"], "warn");
    assert_eq!((rows[0]["message"].as_str(), rows[0]["status"].as_str()), (Some("disk"), Some("500")));
    assert_eq!((rows[0]["path"].as_str(), rows[1]["status"].as_str()), (Some("/a"), Some("none")));
    assert_eq!(rows[2]["site"], "north");
    let copy = std::fs::read_to_string(program.dir().join("copy.ndjson")).unwrap();
    assert_eq!(copy.lines().count(), 3);
    assert_eq!(std::fs::read_to_string(program.dir().join("nobody.ndjson")).unwrap_or_default(), "");
}

#[test]
fn scripts_make_fields_of_lines_and_keep_what_they_fail_on() {
    let program = program();
    let pipeline = "[[pipeline]]\nname = 'main'\nto = ['store']\nstages = [\n  { vrl = '''\n\
         if .message == \"noise\" { abort }\n\
         . |= object!(parse_json!(.message))\n\
         .level = .severity\n\
         .message = \"took \" + to_string!(.took) + \" ms\"\n\
         .slow = to_int!(.took) > 100\n\
         del(.severity)\n''' },\n  { where = '.level != \"debug\"' },\n]";
    let mut collector = program.run(config().sections(pipeline));
    let mut peer = Peer::client(collector.address("in"));
    peer.send(
        "{\"took\":250,\"severity\":\"warn\"}\nnoise\nno JSON\n{\"took\":1,\"severity\":\"debug\"}\n\
         {\"took\":7,\"severity\":\"info\"}\n",
    );
    peer.wait_acked(5);
    collector.terminate().expect_code(0);
    let rows = program
        .query("SELECT level, message, took, slow, \"error.stage\" AS stage FROM logs ORDER BY position");
    let texts: Vec<_> = rows.iter().map(|row| row["message"].as_str().unwrap()).collect();
    assert_eq!(texts, ["took 250 ms", "no JSON", "took 7 ms"]);
    assert_eq!((rows[0]["level"].as_str(), rows[0]["slow"].as_bool()), (Some("warn"), Some(true)));
    assert_eq!((rows[1]["stage"].as_str(), rows[1]["took"].as_i64()), (Some("vrl"), None));
    assert_eq!((rows[2]["slow"].as_bool(), rows[2]["took"].as_i64()), (Some(false), Some(7)));
}

#[test]
fn a_file_output_has_each_line_once_however_often_the_collector_is_killed() {
    let program = program();
    let pipelines = "[[pipeline]]\nname = 'main'\nto = ['store', { file = 'all.txt', format = 'text' }]";
    let mut collector = program.run(config().sections(pipelines).sections(LIVELY_STORE));
    for round in 0..5 {
        let mut peer = Peer::client(collector.address("in"));
        send(&mut peer, numbered(round * 3000, (round + 1) * 3000));
        collector.restart();
    }
    collector.terminate().expect_code(0);
    let file = std::fs::read_to_string(program.dir().join("all.txt")).unwrap();
    let numbers: Vec<usize> =
        file.lines().map(|line| line.split(' ').rev().nth(3).unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (0..15_000).collect::<Vec<_>>());
    assert_eq!(program.number("SELECT count(DISTINCT position) FROM logs"), 15_000);
}

#[test]
fn a_damaged_part_is_named_and_the_rest_stays_readable() {
    let program = program();
    for part in 0..2 {
        let mut collector = program.run(config());
        let mut peer = Peer::client(collector.address("in"));
        send(&mut peer, numbered(part * 1000, (part + 1) * 1000));
        collector.terminate().expect_code(0);
    }
    let damaged = parts(&program).remove(0);
    let mut bytes = std::fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let name = damaged.file_name().unwrap().to_str().unwrap().to_owned();
    program.output(&["store", "verify"]).expect_code(1).expect_stderr(&name);
    let rest = |rows: usize| {
        let ended = program.output(&["search", "--format", "json"]).expect_code(1);
        assert!(ended.stderr.contains(&name) && ended.stderr.contains("1000 records"), "{}", ended.stderr);
        (String::from_utf8_lossy(&ended.stdout).lines().count() == rows).then_some(())
    };
    rest(1000).expect("the rest, without a collector");
    // A collector sets it aside, says so, and goes on.
    let mut collector = program.run(config());
    rest(1000).expect("the rest, from a collector");
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, numbered(0, 10));
    until("the new records are there", || rest(1010));
    assert_eq!(collector.status()["store"]["damaged"].as_array().map(Vec::len), Some(1));
    collector.terminate().expect_code(0);
    rest(1010).expect("it is still known");
    program.output(&["store", "verify"]).expect_code(1).expect_stderr(&name);
}

#[test]
fn a_missing_part_is_named_and_the_rest_stays_readable() {
    let program = program();
    for part in 0..2 {
        let mut collector = program.run(config());
        let mut peer = Peer::client(collector.address("in"));
        send(&mut peer, numbered(part * 1000, (part + 1) * 1000));
        collector.terminate().expect_code(0);
    }
    let missing = parts(&program).remove(0);
    std::fs::remove_file(&missing).unwrap();
    let name = missing.file_name().unwrap().to_str().unwrap().to_owned();
    program.output(&["store", "verify"]).expect_code(1).expect_stderr(&name);
    for running in [false, true] {
        let collector = running.then(|| program.run(config()));
        let ended = program.output(&["query", "SELECT count(*) AS n FROM logs", "--format", "csv"]);
        assert_eq!(String::from_utf8_lossy(&ended.expect_code(1).expect_stderr(&name).stdout), "n\n1000\n");
        drop(collector);
    }
}

#[test]
fn only_questions_are_answered() {
    let program = program();
    let mut collector = program.run(config());
    for running in [true, false] {
        for sql in [
            "CREATE TABLE t (a INT)",
            "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
            "DROP TABLE logs",
            "INSERT INTO logs SELECT * FROM logs",
            "COPY logs TO '/tmp/out.csv'",
            "SET datafusion.execution.batch_size = 1",
            "SELECT * FROM '/etc/passwd'",
            "SELECT 1; SELECT 2",
            "",
        ] {
            program.output(&["query", sql]).expect_code(1).expect_stderr("catchment: ");
        }
        program.output(&["query", "SELECT mesage FROM logs"]).expect_code(1).expect_stderr("message");
        if running {
            collector.terminate().expect_code(0);
        }
    }
}

#[test]
fn rows_in_every_format() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, numbered(0, 3));
    collector.terminate().expect_code(0);
    let sql = "SELECT source, count(*) AS n FROM logs GROUP BY source";
    let shown = |format: &str| {
        String::from_utf8_lossy(&program.output(&["query", sql, "--format", format]).expect_code(0).stdout)
            .into_owned()
    };
    assert_eq!(shown("text"), "source  n\nin      3\n");
    assert_eq!(shown("json"), "{\"source\":\"in\",\"n\":3}\n");
    assert_eq!(shown("csv"), "source,n\nin,3\n");
    assert!(shown("arrow").len() > 100);
}

#[test]
fn records_are_exported_to_files() {
    let program = program();
    let mut collector = program.run(config());
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, numbered(0, 1000));
    for name in ["out.ndjson", "out.csv", "out.parquet", "out.arrow"] {
        program.output(&["export", "-o", name]).expect_code(0).expect_stderr("1000 records");
        assert!(program.dir().join(name).metadata().unwrap().len() > 1000);
    }
    let lines = |name: &str| std::fs::read_to_string(program.dir().join(name)).unwrap().lines().count();
    assert_eq!((lines("out.ndjson"), lines("out.csv")), (1000, 1001));
    program.output(&["export", "-o", "few.ndjson", "7"]).expect_code(0).expect_stderr("1 records");
    program.output(&["export", "-o", "out.xls"]).expect_code(2).expect_stderr(".parquet");
    program.output(&["export", "-o", "no/such/dir.csv"]).expect_code(1).expect_stderr("no/such");
    collector.terminate().expect_code(0);
}
