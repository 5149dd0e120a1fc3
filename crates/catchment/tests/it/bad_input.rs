//! What clients of the page do wrong, against the real program.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::json;
use testkit::http::{Stream, get, request};
use testkit::{Config, Peer, until};

use crate::program;

fn config(web: &str) -> Config {
    Config::new().listen("in", "127.0.0.1:0", "").sections(&format!("[web]\naddress = '127.0.0.1:0'\n{web}"))
}

/// Asks for the tail, without waiting for an answer.
fn ask(page: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(page).expect("it listens");
    // If it was closed already, there is nothing to be read either.
    let _ = client.write_all(b"GET /api/v1/tail HTTP/1.1\r\nhost: localhost\r\n\r\n");
    client.set_read_timeout(Some(Duration::from_secs(60))).expect("a time");
    client
}

/// The beginning of what is answered; nothing when the connection was closed instead.
fn answer(client: &mut TcpStream) -> String {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while !String::from_utf8_lossy(&bytes).contains('}') {
        match client.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn ten_thousand_who_ask_for_the_tail_are_told_how_many_may_and_cost_nothing() {
    const MAY: usize = 20;
    let program = program();
    let mut collector = program.run(config(&format!("tails_max = {MAY}")));
    let page = collector.page();
    let (mut followers, mut refused, mut closed, mut after_the_first) = (Vec::new(), 0, 0, 0);
    for round in 0..50 {
        // All of these are open at once, more than there are connections.
        let clients: Vec<TcpStream> = (0..200).map(|_| ask(page)).collect();
        for mut client in clients {
            let answer = answer(&mut client);
            match answer.split(' ').nth(1) {
                Some("200") => followers.push(client),
                Some("503") => {
                    assert!(
                        answer.contains("\"code\":\"too_many\"") && answer.contains("tails_max"),
                        "{answer}"
                    );
                    assert!(answer.to_lowercase().contains("retry-after: 1"), "{answer}");
                    refused += 1;
                }
                _ => {
                    assert_eq!(answer, "");
                    closed += 1;
                }
            }
        }
        if round == 4 {
            after_the_first = collector.memory().anonymous;
        }
    }
    assert_eq!((followers.len(), followers.len() + refused + closed), (MAY, 10_000));
    assert!(refused > 500, "{refused} were told, {closed} only closed");
    let grown = collector.memory().anonymous.saturating_sub(after_the_first);
    assert!(grown < 8 << 20, "it took {grown} bytes more");
    // Who follows does so still, and others are answered.
    let mut peer = Peer::client(collector.address("in"));
    peer.send("a line\n");
    peer.wait_acked(1);
    assert!(followers.iter_mut().all(|client| answer(client).contains("a line")));
    drop(followers);
    until("there is room again", || {
        (get(page, "/api/v1/status").expect(200).json()["web"]["tails"] == 0).then_some(())
    });
    collector.terminate().expect_code(0);
}

/// A script, a colour, a title, C1 controls, an override of direction, and what would end an event.
const EVIL: &str = "<script>alert(1)</script> \x1b[31m\x1b]0;title\x07 \u{9b}2J \u{202e}txt.exe\u{2066} a\rb \u{2028}data: x";

#[test]
fn what_a_line_says_is_shown_by_the_page_and_the_terminal_and_never_obeyed() {
    let program = program();
    let mut collector = program.run(config(""));
    let page = collector.page();
    let mut tail = Stream::open(page, "GET", "/api/v1/tail", &[], b"");
    assert_eq!(tail.event().expect("the start").event, "start");
    let mut shown = program.start("shown", &["tail"]);
    until("it follows", || (collector.status()["tail"]["subscribers"] == 2).then_some(()));
    let mut peer = Peer::client(collector.address("in"));
    peer.send(format!("{EVIL}\n"));
    peer.wait_acked(1);
    // Through the API it comes as it is, as JSON, of a kind that no browser takes for a page.
    let event = tail.event().expect("the record");
    assert_eq!((event.event.as_str(), &event.json()["message"]), ("record", &json!(EVIL)));
    let found = until("it can be found", || {
        let found = get(page, "/api/v1/search?q=script").expect(200);
        found.json_lines().iter().any(|line| line["message"] == EVIL).then_some(found)
    });
    assert!(!found.header("content-type").unwrap_or_default().contains("html"));
    assert_eq!(found.header("x-content-type-options"), Some("nosniff"));
    for answer in [&event.data, &found.text()] {
        assert!(!answer.chars().any(|c| c < ' ' && c != '\n'), "{answer:?}");
    }
    // A page that is asked for by such a name answers no page.
    let wrong = get(page, "/api/v1/search?q=%3Cscript%3E%28").expect(400);
    assert_eq!(wrong.header("content-type"), Some("application/problem+json"));
    // On a terminal nothing of it moves, colours or turns anything.
    until("it is shown", || shown.stdout().ends_with(b"\n").then_some(()));
    let texts = [
        String::from_utf8(shown.stdout()).expect("text"),
        program.output(&["search", "script"]).expect_code(0).text(),
        program.cat(&[]).expect_code(0).text(),
    ];
    for text in texts {
        assert!(text.contains("<script>alert(1)</script> \\u{1b}[31m"), "{text:?}");
        let obeyed = |c: char| c.is_control() && !"\n\t".contains(c) || "\u{202e}\u{2066}".contains(c);
        assert!(!text.contains(obeyed), "{text:?}");
    }
    shown.kill();
    drop(tail);
    collector.terminate().expect_code(0);
}

#[test]
fn a_wrong_token_is_answered_as_none_is_wherever_it_is_wrong() {
    let program = program();
    program.write("web.token", "0123456789abcdef0123456789abcdef\n");
    let mut collector = program.run(config("token_file = 'web.token'"));
    let page = collector.page();
    let ask = |token: &str| {
        let header = format!("Bearer {token}");
        let headers = [("authorization", header.as_str())];
        request(page, "GET", "/api/v1/status", &headers[..usize::from(!token.is_empty())], b"")
    };
    ask("0123456789abcdef0123456789abcdef").expect(200);
    let none = ask("").expect(401);
    let told = |answer: &testkit::http::Answer| {
        let headers = answer.headers.iter().filter(|(name, _)| name != "date").cloned();
        (headers.collect::<Vec<_>>(), answer.body.clone())
    };
    let long = "0".repeat(4000);
    for wrong in [
        // Wrong at its first letter, at its last, shorter, longer, and far too long.
        "1123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdee",
        "0123456789abcdef",
        "0123456789abcdef0123456789abcdef0",
        &long,
    ] {
        assert_eq!(told(&ask(wrong).expect(401)), told(&none), "{wrong}");
    }
    collector.terminate().expect_code(0);
}

#[test]
fn a_link_to_what_retention_has_dropped_says_so() {
    let program = program();
    let mut collector = program
        .run(config("[store]\nmemtable_bytes = '1 MiB'\nflush_after = '1s'\nretention = { age = '5s' }"));
    let page = collector.page();
    let mut peer = Peer::client(collector.address("in"));
    peer.send("long ago\n");
    peer.wait_acked(1);
    let position = until("it can be found", || {
        let found = get(page, "/api/v1/search").expect(200).json_lines();
        found.first().and_then(|line| line["position"].as_u64())
    });
    // The row goes with its part, and the page is asked by a link that was kept.
    until("it is gone", || (get(page, &format!("/api/v1/record/{position}")).status == 404).then_some(()));
    for link in [format!("/api/v1/record/{position}"), format!("/api/v1/context?position={position}&n=5")] {
        let problem = get(page, &link).expect(404).json();
        assert_eq!(problem["code"], "not_found", "{problem}");
        assert!(problem["detail"].as_str().unwrap_or_default().contains("retention dropped it"), "{problem}");
    }
    // A range of times without anything is an empty answer and no mistake.
    let range = "/api/v1/search?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z";
    let lines = get(page, range).expect(200).json_lines();
    assert!(lines.len() == 1 && lines[0]["end"].is_object(), "{lines:?}");
    collector.terminate().expect_code(0);
}
