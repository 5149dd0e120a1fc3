//! Sources that listen: address families, bounds, and stopping.

use testkit::{Config, Peer, Signal, until};

use crate::program;

#[test]
fn ipv4_ipv6_and_unix_sockets() {
    let program = program();
    let config = Config::new().listen("v4", "127.0.0.1:0", "").listen("v6", "[::1]:0", "").listen(
        "unix",
        "unix:in.sock",
        "",
    );
    let mut collector = program.run(config);
    let socket = program.dir().join("in.sock");
    let peers = [
        Peer::client(collector.address("v4")),
        Peer::client(collector.address("v6")),
        Peer::unix_client(&socket),
    ];
    for mut peer in peers {
        peer.send("hello\n");
        peer.wait_acked(1);
    }
    collector.terminate().expect_code(0);
    assert!(!socket.exists(), "the socket file goes with the listener");
    let rows = program.rows(&[]);
    let sources: Vec<&str> = rows.iter().map(|row| row.source.as_str()).collect();
    assert_eq!(sources, ["v4", "v6", "unix"]);
    assert!(rows[0].peer.starts_with("127.0.0.1:") && rows[1].peer.starts_with("[::1]:"), "{rows:?}");
}

#[test]
fn a_socket_file_of_a_killed_collector_is_replaced() {
    let program = program();
    let mut collector = program.run(Config::new().listen("unix", "unix:in.sock", ""));
    collector.restart();
    let mut peer = Peer::unix_client(&program.dir().join("in.sock"));
    peer.send("hello\n");
    peer.wait_acked(1);
}

#[test]
fn one_peer_more_than_peers_max_is_refused_and_counted() {
    let program = program();
    let collector = program.run(Config::new().listen("in", "127.0.0.1:0", "peers_max = 3"));
    let address = collector.address("in");
    let mut kept: Vec<Peer> = (0..3).map(|_| Peer::client(address)).collect();
    for peer in &mut kept {
        peer.send("in\n");
        peer.wait_acked(1);
    }
    for _ in 0..5 {
        assert_eq!(Peer::client(address).wait_closed(), 0);
    }
    let source = &collector.status()["sources"][0];
    assert_eq!((source["accepted"].as_u64(), source["refused"].as_u64()), (Some(3), Some(5)));
    // Where one has gone another may come.
    kept.pop();
    collector.until_status("one is gone", |status| status["totals"]["connected"] == 2);
    let mut next = Peer::client(address);
    next.send("in\n");
    next.wait_acked(1);
}

#[test]
fn running_out_of_descriptors_is_waited_out() {
    let program = program();
    program.configure(Config::new().listen("in", "127.0.0.1:0", "peers_max = 136"));
    // The configuration fits into 200 descriptors; but somebody else has put 100 into the process.
    let script = "ulimit -n 200; for fd in $(seq 20 119); do eval \"exec $fd</dev/null\"; done; exec \"$@\"";
    let mut collector = program.collector_by(program.command_in_bash(script, &["run"]));
    let address = collector.address("in");
    let mut peers: Vec<Peer> = (0..120).map(|_| Peer::client(address)).collect();
    collector.until_log("accepting waits");
    for peer in &mut peers {
        peer.send("x\n");
    }
    peers[0].wait_acked(1);
    // Those who go make room for those who wait in the kernel.
    for mut peer in peers.drain(..60) {
        peer.wait_acked(1);
        peer.close();
    }
    for peer in &mut peers {
        peer.wait_acked(1);
    }
    let status = collector.status();
    assert!(status["totals"]["descriptor_waits"].as_u64() > Some(0), "{}", status["totals"]);
    assert_eq!(status["sources"][0]["refused"], 0);
    collector.terminate().expect_code(0);
    assert_eq!(program.lines().len(), 120);
}

#[test]
fn other_machines_are_let_in_only_when_the_configuration_says_so() {
    let program = program();
    for address in ["0.0.0.0:0", "[::]:0"] {
        program
            .run_to_end(Config::new().listen("in", address, ""))
            .expect_code(3)
            .expect_stderr("can be reached from other machines")
            .expect_stderr("public = true");
    }
}

#[test]
fn an_address_that_is_taken_is_told() {
    let program = program();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    program
        .run_to_end(Config::new().listen("in", address, ""))
        .expect_code(4)
        .expect_stderr(&format!("cannot listen on `{address}`"));
}

#[test]
fn it_stops_in_order_with_connections_pending() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", "").top("stop_timeout = '5s'"));
    let address = collector.address("in");
    collector.signal(Signal::STOP);
    let mut peers: Vec<Peer> = (0..128).map(|_| Peer::client(address)).collect();
    for peer in &mut peers {
        peer.send("pending\n");
    }
    collector.signal(Signal::TERM);
    collector.signal(Signal::CONT);
    collector.wait().expect_code(0);
    let acked: u64 = peers.iter_mut().map(Peer::wait_closed).sum();
    let lines = program.lines();
    assert!(lines.len() as u64 >= acked, "{} lines, {acked} acked", lines.len());
    assert!(lines.iter().all(|line| line == "pending"));
}

#[test]
fn a_stop_acks_what_was_read() {
    let program = program();
    let mut collector = program.run(Config::new().listen("in", "127.0.0.1:0", ""));
    let mut peer = Peer::client(collector.address("in"));
    peer.send("a line\n".repeat(20_000));
    peer.send("half a li");
    collector.until_status("some are in", |status| status["totals"]["lines"].as_u64() > Some(0));
    collector.terminate().expect_code(0);
    let acked = peer.wait_closed();
    let rows = program.rows(&[]);
    assert!(
        rows.iter().all(|row| row.line == "a line" && row.flags.is_empty()),
        "its tail is still the peer's"
    );
    assert_eq!(rows.len() as u64, acked, "everything read is acked");
}

#[test]
fn a_firehose_does_not_keep_a_trickle_waiting() {
    let program = program();
    let collector = program.run(Config::new().listen("in", "127.0.0.1:0", "").top("loops = 1"));
    let address = collector.address("in");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut firehose = Peer::client(address);
            let lines = "a hundred bytes of text, more or less, that come as fast as the collector takes them, for ever\n".repeat(100);
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                firehose.send_some(&lines);
                firehose.acked();
            }
        });
        collector.until_status("it rushes", |status| status["totals"]["lines"].as_u64() > Some(10_000));
        let mut trickle = Peer::client(address);
        for line in 1..=20 {
            trickle.send("drop\n");
            trickle.wait_acked(line);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    until("the firehose is gone", || (collector.status()["totals"]["connected"] == 0).then_some(()));
}
