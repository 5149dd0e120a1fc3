//! Records as they come.

use serde_json::{Value, json};
use testkit::http::{ServerEvent, Stream};
use testkit::until;

use super::support::Served;

fn follow(served: &Served, path: &str, headers: &[(&str, &str)]) -> Stream {
    let stream = Stream::open(served.address(), "GET", path, headers, b"");
    assert_eq!(stream.status, 200);
    stream
}

fn started(served: &Served, path: &str) -> (Stream, ServerEvent) {
    let mut stream = follow(served, path, &[]);
    let start = stream.event().expect("the start");
    assert_eq!(start.event, "start");
    (stream, start)
}

/// The positions of the next records.
fn next(stream: &mut Stream, count: usize) -> Vec<u64> {
    let mut positions = Vec::new();
    while positions.len() < count {
        let event = stream.event().expect("an event");
        assert_eq!(event.event, "record", "{event:?}");
        let position = event.json()["position"].as_u64().expect("a position");
        assert_eq!(event.id, Some(position.to_string()));
        positions.push(position);
    }
    positions
}

#[test]
fn what_comes_is_told_to_all() {
    let served = Served::new();
    served.fake.feed().push(1..=5);
    let (mut one, start) = started(&served, "/api/v1/tail");
    assert_eq!((start.json(), start.id.as_deref()), (json!({ "after": 5 }), Some("5")));
    let (mut other, _) = started(&served, "/api/v1/tail?q=*");
    served.fake.feed().push(6..=300);
    assert!(next(&mut one, 295).into_iter().eq(6..=300));
    assert!(next(&mut other, 295).into_iter().eq(6..=300));
    assert_eq!(served.get("/api/v1/status").json()["web"]["tails"], 2);
    drop((one, other));
    served.fake.feed().push([301]);
    until("they are gone", || {
        served.fake.feed().push([]);
        (served.get("/api/v1/status").json()["web"]["tails"] == 0).then_some(())
    });
}

#[test]
fn it_goes_on_from_its_cursor_without_a_gap() {
    let served = Served::new();
    served.fake.feed().push(1..=5000);
    let (mut behind, start) = started(&served, "/api/v1/tail?after=10");
    assert_eq!(start.json(), json!({ "after": 10 }));
    assert!(next(&mut behind, 4000).into_iter().eq(11..=4010));
    drop(behind);
    // A browser connects again to the same address, and says what it saw last.
    let mut again = follow(&served, "/api/v1/tail?after=10", &[("last-event-id", "4010")]);
    assert_eq!(again.event().expect("the start").json(), json!({ "after": 4010 }));
    let feed = served.fake.feed().clone();
    let feeder = std::thread::spawn(move || (5001..=9000).for_each(|position| feed.push([position])));
    assert!(next(&mut again, 4990).into_iter().eq(4011..=9000));
    feeder.join().expect("it fed");
}

#[test]
fn who_is_too_slow_is_told_so_unless_it_came_with_a_cursor() {
    let served = Served::new();
    let (mut slow, _) = started(&served, "/api/v1/tail");
    let (mut whole, _) = started(&served, "/api/v1/tail?after=0");
    // More than all buffers between here and there hold.
    const COUNT: u64 = 250_000;
    for from in (1..=COUNT).step_by(500) {
        served.fake.feed().push(from..from + 500);
        std::thread::yield_now();
    }
    let (mut told, mut skipped, mut last) = (0, 0, 0);
    while told + skipped < COUNT {
        let event = slow.event().expect("an event");
        match event.event.as_str() {
            "record" => {
                let position = event.json()["position"].as_u64().expect("a position");
                assert!(position > last);
                (told, last) = (told + 1, position);
            }
            "skipped" => skipped += event.json()["records"].as_u64().expect("a number"),
            _ => panic!("{event:?}"),
        }
    }
    assert_eq!((told + skipped, last), (COUNT, COUNT));
    assert!(skipped > 0, "nothing was skipped");
    assert!(next(&mut whole, COUNT as usize).into_iter().eq(1..=COUNT));
}

#[test]
fn an_end_is_told() {
    let mut served = Served::new();
    let (mut closed, _) = started(&served, "/api/v1/tail");
    served.fake.feed().close();
    let end = closed.event().expect("the end");
    assert_eq!((end.event.as_str(), end.json()), ("end", json!({ "reason": "the collector is stopping" })));
    assert_eq!(closed.event(), None);
    let other = Served::new();
    let (mut stopped, _) = started(&other, "/api/v1/tail");
    let mut other = other;
    other.stop();
    assert_eq!(stopped.event().expect("the end").event, "end");
    served.stop();
}

#[test]
fn there_are_only_so_many_followers() {
    let served = Served::with(|options| options.tails_max = 2);
    let (_one, _) = started(&served, "/api/v1/tail");
    let (other, _) = started(&served, "/api/v1/tail");
    let refused = served.get("/api/v1/tail").expect(503);
    assert_eq!(
        (refused.json()["code"].as_str(), refused.header("retry-after")),
        (Some("too_many"), Some("1"))
    );
    drop(other);
    until("there is room again", || {
        let stream = Stream::open(served.address(), "GET", "/api/v1/tail", &[], b"");
        (stream.status == 200).then_some(())
    });
}

#[test]
fn a_thousand_followers_hear_all() {
    const FOLLOWERS: usize = 1000;
    let served = Served::new();
    let mut all: Vec<Stream> = (0..FOLLOWERS).map(|_| started(&served, "/api/v1/tail").0).collect();
    // How fast they can is for `cargo xtask bench tails`.
    served.fake.feed().push(1..=100);
    for stream in &mut all {
        assert!(next(stream, 100).into_iter().eq(1..=100));
    }
}

#[test]
fn the_same_over_a_websocket() {
    let served = Served::new();
    served.fake.feed().push(1..=3);
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let mut socket = Stream::open(served.address(), "GET", "/api/v1/tail/ws?after=1", &headers, b"");
    assert_eq!(
        (socket.status, socket.header("sec-websocket-accept")),
        (101, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    );
    let mut message = || -> Value {
        let head = socket.bytes(2);
        assert_eq!(head[0], 0x81, "a text");
        let length = match head[1] {
            126 => socket.bytes(2).iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
            short => usize::from(short),
        };
        serde_json::from_slice(&socket.bytes(length)).expect("JSON")
    };
    assert_eq!(message(), json!({ "event": "start", "id": "1", "data": { "after": 1 } }));
    for position in [2, 3, 4] {
        if position == 4 {
            served.fake.feed().push([4]);
        }
        let record = message();
        assert_eq!(
            (&record["event"], &record["id"], &record["data"]["position"]),
            (&json!("record"), &json!(position.to_string()), &json!(position))
        );
    }
    served.get("/api/v1/tail/ws").expect(400);
    let evil = [&headers[..], &[("origin", "http://evil.example")]].concat();
    assert_eq!(Stream::open(served.address(), "GET", "/api/v1/tail/ws", &evil, b"").status, 403);
}
