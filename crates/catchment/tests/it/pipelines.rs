//! Pipelines as their author writes and tries them.

use testkit::{Config, Ended, Peer, Program, until};

use crate::program;

const SOURCE: &str = "[[source]]\nname = 'apps'\nkind = 'listen'\naddress = '127.0.0.1:0'\npeers_max = 100\n";

fn collecting(pipeline: &str) -> Config {
    let pipeline = format!("[[pipeline]]\nname = 'main'\nto = ['store', 'tail']\n{pipeline}\n");
    Config::new().listen("in", "127.0.0.1:0", "").sections(&pipeline)
}

/// Runs `catchment explain` with these lines on stdin.
fn explain(program: &Program, input: &str, arguments: &[&str]) -> Ended {
    program.write("input", input);
    let command = program.command_in_bash("exec \"$@\" < input", &[&["explain"], arguments].concat());
    program.start_by("explain", command).wait()
}

fn send(peer: &mut Peer, lines: &[&str]) {
    let before = peer.acked();
    peer.send(lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    peer.wait_acked(before + lines.len() as u64);
}

#[test]
fn a_stack_trace_is_one_record_also_when_it_is_killed_in_the_middle() {
    let program = program();
    let config = || collecting("multiline = { auto = true, wait = '20s' }\nstages = [{ parse = 'auto' }]");
    let mut collector = program.run(config());
    let [mut one, mut other] = [(); 2].map(|()| Peer::client(collector.address("in")));
    send(&mut one, &["2026-11-22T10:00:00Z ERROR it failed", "Traceback (most recent call last):"]);
    send(&mut other, &["level=info msg=before"]);
    send(&mut one, &["  File \"a.py\", line 3, in run"]);
    let all = |sql: &str| program.number(&format!("SELECT count(*) FROM logs WHERE {sql}"));
    assert_eq!(all("true"), 0, "the next line may still come");
    collector.kill();
    // Without a collector nobody waits.
    assert_eq!((all("true"), all("message LIKE '%Traceback%line 3, in run'")), (2, 1));
    collector.start_again();
    let mut other = Peer::client(collector.address("in"));
    send(&mut other, &["level=info msg=after", "level=info msg=later"]);
    collector.terminate().expect_code(0);
    assert_eq!((all("true"), all("message LIKE '%Traceback%line 3, in run'")), (4, 1));
}

#[test]
fn what_nothing_follows_is_seen_after_the_wait() {
    let program = program();
    let collector = program.run(collecting("multiline = { continues = '^ ', wait = '10ms' }\nthreads = 2"));
    let mut peer = Peer::client(collector.address("in"));
    send(&mut peer, &["first", " second"]);
    until("the record is there", || {
        (program.number("SELECT count(*) FROM logs WHERE message = 'first\n second'") == 1).then_some(())
    });
}

#[test]
fn explain_shows_what_each_stage_does() {
    let program = program();
    program.write(
        "catchment.toml",
        format!(
            "{SOURCE}[[pipeline]]\nname = 'main'\nto = ['tail']\nmultiline = 'auto'\nstages = [{{ parse = 'json' }}, \
             {{ set = {{ site = 'north' }} }}, {{ where = {{ peer = 'gw-*' }} }}, {{ redact = ['cards'] }}]\n\
             [[pipeline]]\nname = 'other'\nto = ['tail']\n"
        ),
    );
    let input = "{\"level\":\"warn\",\"message\":\"pay 4111 1111 1111 1111\",\"n\":1}\n\x1b[2Jno\n\tat a.b(C.java:1)\n";
    let shown = explain(&program, input, &["--peer", "gw-1"]).expect_code(0).text();
    for part in [
        "{\"level\":\"warn\",\"message\":\"pay 4111",
        "   1 parse   changed\n       + level = \"warn\"\n       ~ message = \"pay 4111 1111 1111 1111\"  (was ",
        "       + n = 1\n   2 set     changed\n       + site = \"north\"\n   3 where   unchanged\n   4 redact  changed\n",
        "~ message = \"pay [redacted:card]\"  (was \"pay 4111 1111 1111 1111\")\n\n\\u{1b}[2Jno\n  ⋮ \tat a.b(C.java:1)\n   1 parse   failed: ",
        "+ error.stage = \"json\"\n       + error.reason = ",
    ] {
        assert!(shown.contains(part), "no {part:?} in:\n{shown}");
    }
    let dropped = explain(&program, input, &["--peer", "web"]).expect_code(0).text();
    assert_eq!(dropped.matches("   3 where  dropped\n\n").count(), 2, "{dropped}");

    let json = explain(&program, input, &["--peer", "gw-1", "--format", "json"]).expect_code(0);
    let rows: Vec<serde_json::Value> = testkit::parse(&json.stdout);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["stages"][0]["records"][0]["added"]["n"], 1);
    assert_eq!(rows[0]["stages"][3]["records"][0]["changed"]["message"][1], "pay [redacted:card]");
    assert_eq!(
        (&rows[0]["stages"][2]["outcome"], &rows[1]["stages"][0]["outcome"]),
        (&"unchanged".into(), &"failed".into())
    );
    assert_eq!(rows[0]["records"][0]["site"], "north");

    let other = explain(&program, "a\n", &["--pipeline", "other", "--format", "json"]).expect_code(0);
    assert_eq!(testkit::parse::<serde_json::Value>(&other.stdout)[0]["stages"], serde_json::json!([]));
    explain(&program, "", &["--pipeline", "mian"]).expect_code(2).expect_stderr("there are `main`, `other`");
    assert!(!program.data_dir().exists(), "nothing is stored");
}

#[test]
fn the_tests_of_a_configuration() {
    let program = program();
    let config = |expected: &str| {
        format!(
            "{SOURCE}[[pipeline]]\nname = 'main'\nto = ['tail']\nstages = [{{ parse = 'json' }}, {{ where = {{ peer = 'gw-*' }} }}]\n\
             [[test]]\nname = 'a line of JSON is taken apart'\ninput = {{ line = '{{\"level\":\"warn\",\"message\":\"m\",\"status\":200}}', peer = 'gw-1' }}\n\
             expect = [{{ level = 'warn', message = 'm', status = {expected} }}]\nexactly = true\n\
             [[test]]\nname = 'others are dropped'\npipeline = 'main'\ninput = ['a', 'b']\nexpect = []\n"
        )
    };
    program.write("catchment.toml", config("200"));
    let passed = program.output(&["test"]).expect_code(0).text();
    assert_eq!(
        passed,
        "ok      a line of JSON is taken apart\nok      others are dropped\n2 passed, 0 failed\n"
    );

    program.write("catchment.toml", config("500"));
    let failed = program.output(&["test"]).expect_code(1).text();
    assert_eq!(
        failed,
        "FAILED  a line of JSON is taken apart\n          record 1: status: expected 500, found 200\n\
         ok      others are dropped\n1 passed, 1 failed\n"
    );
    let rows: Vec<serde_json::Value> =
        testkit::parse(&program.output(&["test", "--format", "json"]).expect_code(1).stdout);
    assert_eq!((&rows[0]["passed"], &rows[0]["differences"][0]["found"]), (&false.into(), &200.into()));
    assert_eq!((&rows[2]["passed"], &rows[2]["failed"]), (&1.into(), &1.into()));

    program.write("catchment.toml", config("500").replace("pipeline = 'main'", "pipeline = 'mian'"));
    for command in ["check", "test"] {
        program
            .output(&[command])
            .expect_code(3)
            .expect_stderr("test[2].pipeline: `mian` is no pipeline; there are `main`");
    }
}

/// Each block of the documentation is a configuration, but for its source, and its tests pass.
#[test]
fn the_examples_of_the_documentation() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/pipelines.md")).unwrap();
    let blocks: Vec<_> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 4, "{}", blocks.len());
    let program = program();
    for block in blocks {
        program.write("catchment.toml", format!("{block}\n{SOURCE}"));
        program.output(&["check"]).expect_code(0);
        program.output(&["test"]).expect_code(0);
    }
}
