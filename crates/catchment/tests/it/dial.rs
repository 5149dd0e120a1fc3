//! Sources that dial: targets that are not there, come back, come and go.

use serde_json::Value;
use testkit::{Config, MuteServer, Peer, until, unused_address};

use crate::program;

/// What the status says of a target.
fn target<'a>(status: &'a Value, name: &str) -> &'a Value {
    let peers = status["peers"].as_array().expect("a list of peers");
    peers.iter().find(|peer| peer["peer"] == name).unwrap_or(&Value::Null)
}

#[test]
fn a_closed_port_is_told_and_tried_again() {
    let program = program();
    let address = unused_address("127.0.0.1");
    let collector = program.run(Config::new().connect("out", &[address], ""));
    let name = address.to_string();
    collector.until_status("refused", |status| {
        let target = target(status, &name);
        target["state"] == "backing_off"
            && target["last_error"].as_str().is_some_and(|error| error.contains("refused"))
    });
    let mut server = Peer::server_on(address);
    server.accept();
    server.send("at last\n");
    server.wait_acked(1);
    let status = collector.until_status("connected", |status| target(status, &name)["state"] == "connected");
    assert_eq!(target(&status, &name)["last_error"], Value::Null);
    assert!(status["totals"]["connect_failures"].as_u64() >= Some(1));
}

#[test]
fn a_name_that_does_not_resolve_is_told() {
    let program = program();
    let collector = program.run(Config::new().connect("out", &["no-such-host.invalid:514"], ""));
    collector.until_status("not resolved", |status| {
        let target = target(status, "no-such-host.invalid:514");
        let error = target["last_error"].as_str().unwrap_or_default();
        target["state"] == "backing_off"
            && target["backing_off_until"].is_string()
            && error.starts_with("cannot resolve `no-such-host.invalid`: ")
    });
}

#[test]
fn names_are_resolved_and_rows_have_the_target_as_it_was_written() {
    let program = program();
    let mut server = Peer::server();
    let name = format!("localhost:{}", server.address().port());
    let mut collector = program.run(Config::new().connect("out", &[&name], ""));
    server.accept();
    server.send("hello\n");
    server.wait_acked(1);
    collector.terminate().expect_code(0);
    let rows = program.rows(&[]);
    assert_eq!(
        (rows[0].source.as_str(), rows[0].peer.as_str(), rows[0].line.as_str()),
        ("out", name.as_str(), "hello")
    );
}

#[test]
fn both_address_families() {
    let program = program();
    let mut servers = [Peer::server(), Peer::server_on("[::1]:0".parse().expect("an address"))];
    let addresses = servers.each_ref().map(Peer::address);
    let mut collector = program.run(Config::new().connect("out", &addresses, ""));
    for server in &mut servers {
        server.accept();
        server.send("x\n");
        server.wait_acked(1);
    }
    collector.terminate().expect_code(0);
    let mut peers: Vec<String> = program.rows(&[]).into_iter().map(|row| row.peer).collect();
    peers.sort();
    let mut expected = addresses.map(|address| address.to_string());
    expected.sort();
    assert_eq!(peers, expected);
}

#[test]
fn after_a_broken_connection_it_dials_again() {
    let program = program();
    let mut server = Peer::server();
    let collector = program.run(Config::new().connect("out", &[server.address()], ""));
    for connection in 1..=5 {
        server.accept();
        server.send(format!("connection {connection}\n"));
        server.wait_acked(1);
        if connection % 2 == 0 { server.reset() } else { server.close() }
    }
    server.accept();
    let name = server.address().to_string();
    let status = collector.until_status("again", |status| target(status, &name)["reconnects"] == 5);
    assert_eq!(target(&status, &name)["lines"], 5);
    assert_eq!(
        program.lines(),
        ["connection 1", "connection 2", "connection 3", "connection 4", "connection 5"]
    );
}

#[test]
fn targets_come_and_go_with_their_file() {
    let program = program();
    let [mut stays, mut goes, mut comes] = std::array::from_fn(|_| Peer::server());
    let list =
        |peers: [&Peer; 2]| format!("# boxes\n\n{}\n{} # why\n", peers[0].address(), peers[1].address());
    program.write("boxes.txt", list([&stays, &goes]));
    let none: [&str; 0] = [];
    let collector = program.run(Config::new().connect("out", &none, "targets_file = 'boxes.txt'"));
    stays.accept();
    goes.accept();
    stays.send("1\n");
    stays.wait_acked(1);
    // Of another length, so that it is another file even within the clock's tick.
    program.write("boxes.txt", list([&stays, &comes]) + "# changed\n");
    comes.accept();
    until("the target that went is let go", || goes.is_closed().then_some(()));
    stays.send("2\n");
    stays.wait_acked(2);
    let gone = goes.address().to_string();
    collector.until_status("it is not listed either", |status| target(status, &gone).is_null());
    assert_eq!(
        target(&collector.status(), &stays.address().to_string())["reconnects"],
        0,
        "the other stays connected"
    );
}

#[test]
fn a_targets_file_that_is_wrong_changes_nothing() {
    let program = program();
    let mut server = Peer::server();
    program.write("boxes.txt", format!("{}\n", server.address()));
    let none: [&str; 0] = [];
    let collector = program.run(Config::new().connect("out", &none, "targets_file = 'boxes.txt'"));
    server.accept();
    program.write("boxes.txt", format!("{}\nno port here\n", server.address()));
    collector.until_log("boxes.txt:2");
    server.send("still\n");
    server.wait_acked(1);
}

#[test]
fn a_target_listed_twice_is_a_mistake() {
    let program = program();
    let ended = program.run_to_end(Config::new().connect("out", &["h:1", "h:2", "h:1"], "")).expect_code(3);
    assert!(ended.stderr.contains("h:1") && ended.stderr.contains("catchment.toml:"), "{}", ended.stderr);
}

#[test]
fn an_address_that_never_answers_is_given_up_in_time() {
    let mute = MuteServer::start();
    let address = mute.address();
    let program = program();
    let collector = program.run(Config::new().connect("out", &[address], "connect_timeout = '200ms'"));
    collector.until_status("given up", |status| {
        let error =
            target(status, &address.to_string())["last_error"].as_str().unwrap_or_default().to_owned();
        error.contains("no answer within 200ms")
    });
}

#[test]
fn a_silent_peer_is_let_go_after_the_idle_timeout() {
    let program = program();
    let mut server = Peer::server();
    let _collector = program.run(Config::new().connect("out", &[server.address()], "idle_timeout = '200ms'"));
    server.accept();
    server.send("one\n");
    server.wait_acked(1);
    assert_eq!(server.wait_closed(), 1);
    server.accept();
}
