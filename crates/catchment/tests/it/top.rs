//! `catchment top` on a real terminal.

use testkit::{Config, Peer, Signal};

use crate::program;

fn config() -> Config {
    Config::new().listen("in", "127.0.0.1:0", "")
}

#[test]
fn it_shows_peers_obeys_keys_and_gives_the_terminal_back() {
    let mut program = program();
    // In colour: what is read is the same.
    program.env("NO_COLOR", "");
    let mut collector = program.run(config());
    let (mut one, other) = (Peer::client(collector.address("in")), Peer::client(collector.address("in")));
    one.send("first\n");
    one.wait_acked(1);
    let status = collector.until_status("both are there", |status| {
        status["totals"]["connected"] == 2 && status["totals"]["lines"] == 1
    });
    let mut peers: Vec<_> = status["peers"].as_array().expect("peers").iter().collect();
    peers.sort_by_key(|peer| peer["lines"].as_u64());
    let names: Vec<&str> = peers.iter().map(|peer| peer["peer"].as_str().expect("a name")).collect();
    let mut top = program.terminal(24, 100, &["top", "--interval", "100ms"]);
    top.until_screen("both are there", |screen| names.iter().all(|name| screen.contains(name)));
    top.until_shown("peers 2  2 connected");

    top.press(&format!("/{}\r", names[1]));
    top.until_shown("1 of 2 for");
    top.press("\r");
    top.until_shown(&format!("{}  of in  connected", names[1]));
    top.until_shown("first");
    one.send("clear \x1b[2J the screen\n");
    one.wait_acked(2);
    top.until_shown("clear \\u{1b}[2J the screen");
    top.resize(10, 40);
    top.until_screen("it fits", |screen| screen.contains("clear \\u{1b}[2J") && screen.contains("first"));
    top.resize(24, 100);
    top.press("\x1b");
    top.until_shown("1 of 2 for");
    top.press("?");
    top.until_shown("turn the order round");
    top.press("q\x1b");
    top.until_shown("peers 2  2 connected");
    top.press("q");
    let left = top.wait();
    assert_eq!((left.code, left.restored), (0, true), "{left:?}");
    drop(other);
    collector.terminate().expect_code(0);
}

#[test]
fn a_signal_ends_it_and_gives_the_terminal_back() {
    let program = program();
    let mut collector = program.run(config());
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut top = program.terminal(24, 80, &["top", "-c", "catchment.toml"]);
        top.until_shown("no peer is here");
        top.signal(signal);
        let left = top.wait();
        assert_eq!((left.code, left.restored), (0, true), "{left:?}");
    }
    collector.terminate().expect_code(0);
}

#[test]
fn a_collector_that_restarts_is_found_again_and_the_lines_go_on() {
    let program = program();
    let mut peer = Peer::server();
    let mut collector = program.run(Config::new().connect("out", &[peer.address()], ""));
    peer.accept();
    peer.send("before\n");
    peer.wait_acked(1);
    let mut top = program.terminal(24, 100, &["top", "--interval", "100ms"]);
    top.until_shown(&peer.address().to_string());
    top.press("f");
    top.until_shown("before");
    collector.terminate().expect_code(0);
    top.until_shown("NO ANSWER for");
    top.until_shown("it is tried again");
    top.until_shown("no collector runs in `data`");
    // Escape and a key right behind it would be one key.
    top.press("\x1b");
    top.until_shown("q quit");
    collector.start_again();
    peer.accept();
    // The last answer before the end may have been without peers.
    top.until_screen("the peer is there again", |screen| {
        screen.contains(&format!("{}  connected", peer.address()))
    });
    top.press("f");
    top.until_shown("Esc back");
    peer.send("after\n");
    top.until_screen("it goes on", |screen| screen.contains("after") && !screen.contains("NO ANSWER"));
    top.press("qq");
    assert_eq!(top.wait().code, 0);
    collector.terminate().expect_code(0);
}

#[test]
fn without_a_terminal_or_without_a_collector_it_says_so() {
    let program = program();
    let ended = program.output(&["top"]).expect_code(4).expect_stderr("needs a terminal");
    ended.expect_stderr("`catchment status` says the same once");
    let mut top = program.terminal(24, 80, &["top", "--data-dir", "nowhere"]);
    let left = top.wait();
    assert_eq!((left.code, left.restored), (4, true), "{left:?}");
    assert!(left.screen.contains("no collector runs in `nowhere`"), "{left:?}");
}
