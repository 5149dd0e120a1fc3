//! What goes over the connection: lines, acks, and what is sent again.

mod support;

use std::time::Duration;

use serve::{Input, Options, Summary};
use support::{Log, Running, follow, loopback, numbered, once};

#[test]
fn every_line_arrives_as_it_is() {
    let content = b"first\n\n\n 12 begins with digits\r\n\x00\xff\xfe not text\n\nlast\n";
    let log = Log::new(content);
    let server = Running::start(once(&log.path));
    let mut collector = server.dial();
    let lines: Vec<Vec<u8>> = (0..7).map(|_| collector.line_bytes()).collect();
    assert_eq!(lines.concat(), content);
    collector.ack(7);
    assert_eq!(collector.read_to_end(), b"", "the server ends when all is acked");
    assert_eq!(server.end(), Summary { sent: 7, acked: 7, resent: 0, refused: 0 });
}

#[test]
fn an_empty_file_served_once_needs_no_collector() {
    let log = Log::new("");
    assert_eq!(Running::start(once(&log.path)).end(), Summary::default());
}

#[test]
fn a_broken_connection_sends_exactly_the_unacked_again() {
    let log = Log::new(numbered(1_000));
    let server = Running::start(once(&log.path));
    let mut collector = server.dial();
    assert_eq!(collector.lines(1_000), numbered(1_000));
    collector.ack(300);
    drop(collector);

    let mut collector = server.dial();
    assert_eq!(collector.line(), "line 300\n");
    collector.lines(699);
    collector.ack(100);
    drop(collector);

    let mut collector = server.dial();
    assert_eq!(collector.line(), "line 400\n");
    assert_eq!(collector.lines(599).lines().last(), Some("line 999"));
    collector.ack(600);
    assert_eq!(collector.read_to_end(), b"");
    assert_eq!(server.end(), Summary { sent: 2_300, acked: 1_000, resent: 1_300, refused: 0 });
}

#[test]
fn acks_may_come_one_byte_at_a_time() {
    let log = Log::new(numbered(20));
    let server = Running::start(once(&log.path));
    let mut collector = server.dial();
    collector.lines(20);
    for byte in b"ACK\n".repeat(20) {
        collector.answer(&[byte]);
    }
    assert_eq!(server.end().acked, 20);
}

#[test]
fn a_wrong_answer_ends_the_connection_but_not_the_acks_before_it() {
    let log = Log::new(numbered(5));
    let server = Running::start(once(&log.path));
    let mut collector = server.dial();
    collector.lines(5);
    collector.answer(b"ACK\nACK\nNACK\n");
    assert_eq!(collector.read_to_end(), b"");

    let mut collector = server.dial();
    assert_eq!(collector.lines(3), "line 2\nline 3\nline 4\n");
    collector.ack(3);
    assert_eq!(server.end(), Summary { sent: 8, acked: 5, resent: 3, refused: 0 });
}

#[test]
fn more_acks_than_lines_end_the_connection() {
    let log = Log::new(numbered(2));
    let server = Running::start(follow(&log.path));
    let mut collector = server.dial();
    collector.lines(2);
    collector.ack(3);
    assert_eq!(collector.read_to_end(), b"");

    log.append("third\n");
    let mut collector = server.dial();
    assert_eq!(collector.line(), "third\n", "the two acks that were owed hold");
}

#[test]
fn a_second_collector_is_refused_and_the_first_not_disturbed() {
    let log = Log::new(numbered(2));
    let server = Running::start(once(&log.path));
    let mut first = server.dial();
    assert_eq!(first.line(), "line 0\n");
    assert_eq!(server.dial().read_to_end(), b"");
    assert_eq!(server.dial().read_to_end(), b"");
    assert!(server.stats.collector().is_some());
    first.line();
    first.ack(2);
    assert_eq!(server.end(), Summary { sent: 2, acked: 2, resent: 0, refused: 2 });
}

#[test]
fn a_collector_that_reconnects_at_once_is_served() {
    let log = Log::new("line\n");
    let server = Running::start(follow(&log.path));
    for _ in 0..200 {
        assert_eq!(server.dial().line(), "line\n");
    }
    assert_eq!(server.stop().refused, 0);
}

#[test]
fn a_collector_that_will_answer_no_more_is_gone() {
    let log = Log::new(numbered(3));
    let server = Running::start(once(&log.path));
    let mut collector = server.dial();
    collector.lines(3);
    collector.ack(1);
    collector.close_answers();
    assert_eq!(collector.read_to_end(), b"");
    let mut collector = server.dial();
    assert_eq!(collector.line(), "line 1\n");
}

#[test]
fn no_more_lines_are_in_flight_than_the_window() {
    let log = Log::new(numbered(100));
    let server = Running::start(Options { window: 7, ..once(&log.path) });
    let mut collector = server.dial();
    let mut expected = numbered(100);
    assert_eq!(collector.lines(7), expected.drain(..7 * 7).collect::<String>());
    for acked in 1..=93 {
        server.let_it_turn();
        assert_eq!(collector.received_now(), b"", "after {acked} acks");
        collector.ack(1);
        assert_eq!(collector.line(), expected.drain(..=expected.find('\n').unwrap()).collect::<String>());
    }
    collector.ack(7);
    assert_eq!(server.end().acked, 100);
}

#[test]
fn no_more_bytes_are_in_flight_than_the_window() {
    let log = Log::new("123456789\n".repeat(10));
    let server = Running::start(Options { window_bytes: 35, ..once(&log.path) });
    let mut collector = server.dial();
    collector.lines(3);
    server.let_it_turn();
    assert_eq!(collector.received_now(), b"");
    collector.ack(2);
    collector.lines(2);
    server.let_it_turn();
    assert_eq!(collector.received_now(), b"");
}

#[test]
fn a_collector_that_does_not_ack_is_given_up() {
    let log = Log::new(numbered(3));
    let server = Running::start(Options { ack_timeout: Duration::from_millis(400), ..once(&log.path) });
    let mut collector = server.dial();
    collector.lines(3);
    collector.ack(1);
    assert_eq!(collector.read_to_end(), b"");
    let mut collector = server.dial();
    assert_eq!(collector.lines(2), "line 1\nline 2\n");
    collector.ack(2);
    assert_eq!(server.end().acked, 3);
}

#[test]
fn a_collector_that_reads_on_but_does_not_ack_is_given_up() {
    let log = Log::new("line\n");
    let server = Running::start(Options { ack_timeout: Duration::from_millis(200), ..follow(&log.path) });
    let mut collector = server.dial();
    let given_up = (0..50_000).any(|_| {
        let closed = collector.receive() == 0;
        log.append("line\n");
        closed
    });
    assert!(given_up, "taking more lines is no answer to the first");
}

#[test]
fn a_collector_that_does_not_read_is_given_up() {
    let log = Log::new(vec![b'x'; 64 << 20]);
    let options = Options { ack_timeout: Duration::from_millis(150), ..once(&log.path) };
    let server = Running::start(options);
    let mut collector = server.dial();
    while server.dial().receive() == 0 {
        // Refused: the first one is still being served.
        std::thread::yield_now();
    }
    assert!(collector.read_to_end().len() < 64 << 20);
}

#[test]
fn a_collector_with_nothing_to_ack_is_not_given_up() {
    let log = Log::new("one\n");
    let server = Running::start(Options { ack_timeout: Duration::from_millis(300), ..follow(&log.path) });
    let mut collector = server.dial();
    collector.line();
    collector.ack(1);
    // Every line waits for the next look at the file, so all together take longer than the ack timeout.
    for _ in 0..12 {
        server.let_it_turn();
        log.append("next\n");
        assert_eq!(collector.line(), "next\n");
        collector.ack(1);
    }
}

#[test]
fn a_line_longer_than_the_window_passes_and_is_sent_again() {
    let mut content = vec![b'x'; 10 << 20];
    content.extend_from_slice(b"\nshort\n");
    let log = Log::new(&content);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let piped = content.clone();
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut writer, &piped).unwrap());
    let pipe = Options::new(Input::Pipe(reader.into()), loopback());
    for options in [once(&log.path), pipe] {
        let server = Running::start(Options { window_bytes: 10_000, ..options });
        let mut collector = server.dial();
        let mut got = 0;
        while got < 5 << 20 {
            got += collector.receive();
        }
        drop(collector);

        let mut collector = server.dial();
        assert!(collector.line_bytes() == content[..content.len() - 6]);
        collector.ack(1);
        assert_eq!(collector.line(), "short\n");
        collector.ack(1);
        let summary = server.end();
        // The system may have taken all of the line that the first collector did not read to its end.
        assert!(summary.acked == 2 && (2..=3).contains(&summary.sent), "{summary:?}");
    }
    feeder.join().unwrap();
}

#[test]
fn another_ack_may_be_agreed() {
    let log = Log::new(numbered(3));
    let server = Running::start(Options { ack: b"+".to_vec(), ..once(&log.path) });
    let mut collector = server.dial();
    collector.lines(3);
    collector.answer(b"+++");
    assert_eq!(server.end().acked, 3);
}
