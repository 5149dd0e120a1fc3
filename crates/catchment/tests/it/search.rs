//! `catchment search`: the words, the order, the surroundings.

use testkit::{Config, Peer, Program};

use crate::program;

/// Lines of two peers, in the store.
fn searched() -> Program {
    let program = program();
    let pipeline = "[[pipeline]]\nname = 'main'\nstages = [{ parse = 'json' }]\nto = ['store']";
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", "").sections(pipeline));
    let mut one = Peer::client(collector.address("in"));
    let mut other = Peer::client(collector.address("in"));
    for number in 0..20 {
        let level = if number % 5 == 0 { "error" } else { "info" };
        let text = if number == 10 { "connection refused by peer" } else { "all is well" };
        one.send(format!(
            "{{\"level\":\"{level}\",\"msg\":\"{text}\",\"status\":{},\"n\":{number}}}\n",
            490 + number
        ));
        one.wait_acked(number + 1);
        other.send(format!("{{\"msg\":\"noise {number}\"}}\n"));
        other.wait_acked(number + 1);
    }
    collector.terminate().expect_code(0);
    program
}

#[test]
fn words_phrases_fields_and_their_combinations() {
    let program = searched();
    let count = |words: &str| program.found(&["--", words]).len();
    for (words, found) in [
        ("", 40),
        ("refused", 1),
        ("REFUSED", 1),
        ("refuse", 0),
        ("refuse*", 1),
        ("\"connection refused\"", 1),
        ("\"refused connection\"", 0),
        ("noise", 20),
        ("noise -7", 19),
        ("level:error", 4),
        ("level:error -refused", 3),
        ("status:>=500", 10),
        ("status:>=500 level:info", 8),
        ("refused OR status:490", 2),
        ("(refused OR noise) -noise", 1),
        ("/noise 1[0-4]/", 5),
        ("nosuchfield:1", 0),
    ] {
        assert_eq!(count(words), found, "{words}");
    }
}

#[test]
fn the_newest_first_and_limited() {
    let program = searched();
    assert_eq!(program.found(&["-n", "2", "noise"]), ["noise 19", "noise 18"]);
    assert_eq!(program.found(&["-n", "2", "--oldest-first", "noise"]), ["noise 0", "noise 1"]);
    assert_eq!(program.found(&["--since", "1h", "noise"]).len(), 20);
    assert_eq!(program.found(&["--until", "1h", "noise"]).len(), 0);
    program.output(&["search", "--since", "yesterday"]).expect_code(2).expect_stderr("--since yesterday");
}

#[test]
fn what_the_same_peer_sent_around_it() {
    let program = searched();
    let shown = program.output(&["search", "-C", "2", "refused", "--format", "json"]).expect_code(0);
    let rows: Vec<serde_json::Value> = testkit::parse(&shown.stdout);
    let numbers: Vec<_> = rows.iter().map(|row| row["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [8, 9, 10, 11, 12]);
}

#[test]
fn a_mistake_is_shown_where_it_is() {
    let program = searched();
    let ended = program.output(&["search", "level:error (refused"]).expect_code(2);
    assert!(ended.stderr.contains("13") || ended.stderr.contains('^'), "{}", ended.stderr);
}

#[test]
fn the_sql_that_a_search_stands_for_gives_the_same() {
    let program = searched();
    let shown = program.output(&["search", "--sql", "level:error -refused status:>=500"]).expect_code(0);
    let sql = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(program.query(sql.trim()).len(), 1, "{sql}");
}

#[test]
fn text_for_people_has_no_control_characters() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let mut peer = Peer::client(collector.address("in"));
    peer.send("a\x1b[2Jb\n");
    peer.wait_acked(1);
    collector.terminate().expect_code(0);
    let shown = String::from_utf8(program.output(&["search"]).expect_code(0).stdout).unwrap();
    assert!(shown.contains("a\\u{1b}[2Jb") && !shown.contains('\x1b'), "{shown:?}");
}
