//! `examples/relay`: a collector hands its lines on to another one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};

use testkit::{Fleet, Peer, Row, until, unused_address};

use crate::program;

const RELAY: &str = include_str!("../../../../examples/relay/relay/relay.toml");
const HUB: &str = include_str!("../../../../examples/relay/hub/hub.toml");

/// The relay of the example, with a source as a fleet wants it, at other addresses.
fn relay(at: SocketAddr, hub: SocketAddr) -> String {
    let config = RELAY.replace("127.0.0.1:5140", &at.to_string()).replace("127.0.0.1:5141", &hub.to_string());
    let config =
        config.replace("\"127.0.0.1:8515\"", "false").replace("\"apps\"", "\"dialling\"\npeers_max = 250");
    format!(
        "stop_timeout = '100s'\n{config}backoff_min = '10ms'\nbackoff_max = '100ms'\n[journal]\nkeep_bytes = '1 GiB'\n"
    )
}

fn hub(at: SocketAddr) -> String {
    let config = HUB.replace("127.0.0.1:5141", &at.to_string());
    format!("stop_timeout = '100s'\n{config}peers_max = 250\n[web]\naddress = false\n")
}

/// The numbers of each peer's lines, each where it came first.
fn first_times(rows: &[Row]) -> BTreeMap<u64, Vec<u64>> {
    let mut seen = BTreeSet::new();
    let mut peers: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.is("unterminated")) {
        let mut words = row.line.split_whitespace().map(|word| word.parse().expect("a number"));
        let (peer, number) = (words.next().expect("a peer"), words.next().expect("a number"));
        if seen.insert(&row.line) {
            peers.entry(peer).or_default().push(number);
        }
    }
    peers
}

#[test]
fn every_line_that_the_relay_acked_arrives_in_order_whoever_is_killed() {
    let (edge, center) = (program(), program());
    let (at_edge, at_hub) = (unused_address("127.0.0.1"), unused_address("127.0.0.1"));
    let mut behind = center.run(hub(at_hub));
    let mut front = edge.run(relay(at_edge, at_hub));
    let fleet = Fleet::start(11, 0, 6, at_edge);
    for round in 0..6 {
        let before = fleet.acked();
        until("lines are acked", || (fleet.acked() > before + 400).then_some(()));
        if round % 2 == 0 {
            front.restart();
        } else {
            behind.restart();
        }
    }
    let oracle = fleet.finish();
    front.until_status("the hub has acked everything", |status| {
        status["forwards"][0]["unacked"] == 0 && status["pipelines"][0]["behind_bytes"] == 0
    });
    front.terminate().expect_code(0);
    behind.terminate().expect_code(0);
    let taken = edge.rows(&[]);
    oracle.judge(&taken).unwrap_or_else(|violation| panic!("the relay itself: {violation}"));
    // What a broken connection cut short at the relay went on as a line of its own.
    let (cut, whole): (Vec<&Row>, Vec<&Row>) = taken.iter().partition(|row| row.is("unterminated"));
    let whole: BTreeSet<&str> = whole.iter().map(|row| row.line.as_str()).collect();
    let cut: BTreeSet<&str> = cut.iter().map(|row| row.line.as_str()).collect();
    let mut arrived = center.rows(&[]);
    arrived.retain(|row| whole.contains(row.line.as_str()) || !cut.contains(row.line.as_str()));
    let (sent, arrived) = (first_times(&taken), first_times(&arrived));
    assert_eq!(sent.len(), 6);
    assert_eq!(sent, arrived);
}

#[test]
fn lines_wait_at_the_relay_until_there_is_a_hub() {
    let edge = program();
    let (at_edge, at_hub) = (unused_address("127.0.0.1"), unused_address("127.0.0.1"));
    let mut front = edge.run(relay(at_edge, at_hub));
    let mut app = Peer::client(at_edge);
    app.send("one\ntwo\n");
    app.wait_acked(2);
    let status = front.until_status("it says why it waits", |status| {
        status["forwards"][0]["unacked"] == 2 && status["forwards"][0]["failures"].as_u64() > Some(1)
    });
    let forward = &status["forwards"][0];
    assert_eq!((&forward["output"], &forward["connected"]), (&"hub".into(), &false.into()));
    assert!(forward["last_error"].as_str().unwrap().contains("cannot connect"), "{forward}");
    let said = edge.output(&["status"]).expect_code(0).text();
    assert!(said.contains(&format!("hub: not connected to {at_hub}, 0 lines acked, 2 unacked")), "{said}");

    // A stop does not wait for a hub that is not there, and nothing is lost by it.
    front.terminate().expect_code(0);
    let server = TcpListener::bind(at_hub).expect("the address is free");
    front.start_again();
    let (mut stream, _) = server.accept().expect("the relay dials");
    let lines: Vec<_> = BufReader::new(&stream).lines().take(2).map(|line| line.expect("text")).collect();
    assert_eq!(lines, ["one", "two"]);
    stream.write_all(b"ACK\nACK\n").expect("the relay reads");
    front.until_status("it is acked", |status| status["forwards"][0]["acked"] == 2);
    front.terminate().expect_code(0);
}
