use std::io;
use std::time::Duration;

use journal::{PENDING_BATCHES_MAX, State};
use record::LineFlags;

use super::{Story, acks, is_closed, send, setup, source, tight};
use crate::Source;
use crate::driver::sim::SimOptions;

const PLAIN: LineFlags = LineFlags::UNTERMINATED;

#[test]
fn no_ack_leaves_before_its_line_is_durable() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"one\n");
    story.turns(10);
    assert_eq!((acks(&mut peer), story.status().unacked), (0, 1));
    story.collector.commit();
    story.turn();
    assert_eq!((acks(&mut peer), story.status().unacked), (1, 0));
    assert_eq!(story.texts(), ["one"]);
}

#[test]
fn a_failed_journal_means_no_ack_and_no_read_ever_after() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"before\n");
    story.round();
    assert_eq!(acks(&mut peer), 1);
    story.collector.disk.fail_sync(1);
    send(&mut peer, b"after\n");
    story.round();
    let failed = story.collector.journal().is_some_and(|one| matches!(one.state(), State::Failed { .. }));
    assert!(failed);
    let mut taken = 0;
    for _ in 0..200 {
        taken += peer.write(&[b'x'; 4096]).unwrap_or(0);
        story.round();
    }
    // The batches there were have been filled, and then the peer is not read any more.
    assert!(taken < 512 * 1024, "{taken} bytes were taken");
    assert!(peer.write(b"x").is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
    assert_eq!(acks(&mut peer), 0);
}

#[test]
fn a_full_disk_makes_the_peers_wait() {
    let (mut story, mut peer) = Story::with_peer();
    story.collector.disk.set_capacity(Some(0));
    let lines = [b"x".repeat(1023), b"\n".to_vec()].concat().repeat(8);
    let mut sent = 0;
    for _ in 0..100 {
        sent += peer.write(&lines).unwrap_or(0);
        story.round();
    }
    assert!(sent < lines.len() * 100);
    story.collector.disk.set_capacity(None);
    story.until(|story| {
        story.collector.counts().bytes == sent as u64 && story.collector.counts().unacked == 0
    });
    assert_eq!((acks(&mut peer), story.rows().len()), (sent / 1024, sent.div_ceil(1024)));
}

#[test]
fn what_a_peer_does_not_read_is_a_count() {
    let options = SimOptions { buffer_bytes: 4096, ..SimOptions::calm(1) };
    let mut story = Story::on(options, setup(), source());
    story.listen();
    let (mut silent, mut other) = (story.peer(), story.peer());
    for _ in 0..1000 {
        send(&mut silent, b"\n\n\n\n\n\n\n\n\n\n");
        send(&mut other, b"x\n");
        story.round();
        assert_eq!(acks(&mut other), 1);
    }
    assert_eq!(story.collector.counts().unacked, 10_000 - 1024);
    let mut total = 0;
    story.until(|_| {
        total += acks(&mut silent);
        total == 10_000
    });
    assert_eq!(story.collector.counts().unacked, 0);
}

#[test]
fn a_half_closed_peer_gets_its_acks() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"one\ntwo\ntail");
    peer.shutdown_write();
    story.turns(3);
    assert!(!is_closed(&mut peer));
    story.round();
    assert_eq!(acks(&mut peer), 2);
    assert!(is_closed(&mut peer));
    let rows = story.rows();
    assert_eq!(story.texts(), ["one", "two", "tail"]);
    assert_eq!(rows[2].1, LineFlags::UNTERMINATED);
    assert_eq!(story.collector.counts().connected, 0);
}

#[test]
fn a_reset_in_the_middle_of_a_line_keeps_what_came() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"whole\nhal");
    peer.reset();
    story.round();
    assert_eq!(story.rows(), [("whole".to_owned(), LineFlags::default()), ("hal".to_owned(), PLAIN)]);
    assert_eq!((story.collector.counts().connected, story.collector.counts().unacked), (0, 0));
}

#[test]
fn a_silent_peer_is_closed_after_its_idle_timeout() {
    let mut story = Story::with(setup(), Source { idle_timeout: Some(Duration::from_secs(60)), ..source() });
    story.listen();
    let mut peer = story.peer();
    story.net.advance(Duration::from_secs(50));
    send(&mut peer, b"still here\n");
    story.round();
    assert_eq!(acks(&mut peer), 1);
    story.until(|_| is_closed(&mut peer));
    assert_eq!(story.net.now().as_secs(), 110);
}

#[test]
fn a_peer_that_does_not_read_its_last_acks_is_closed_in_the_end() {
    let options = SimOptions { buffer_bytes: 100, ..SimOptions::calm(1) };
    let mut story = Story::on(options, setup(), source());
    story.listen();
    let mut peer = story.peer();
    send(&mut peer, &b"\n".repeat(100));
    peer.shutdown_write();
    story.until(|story| story.collector.counts().connected == 0);
    assert_eq!(acks(&mut peer), 25);
    assert_eq!(story.net.now().as_secs(), 10);
}

#[test]
fn one_byte_at_a_time() {
    let (mut story, mut peer) = Story::with_peer();
    for byte in b" 12 monkeys\r\n\n\xff\0x\n" {
        send(&mut peer, &[*byte]);
        story.round();
    }
    assert_eq!(acks(&mut peer), 3);
    assert_eq!(story.texts(), [" 12 monkeys", "", "\u{fffd}\0x"]);
}

#[test]
fn a_character_across_two_chunks_stays_whole() {
    let (mut story, mut peer) = Story::with_peer();
    let line = format!("{}\u{20ac}{}", "x".repeat(1023), "y".repeat(2000));
    send(&mut peer, line.as_bytes());
    story.round();
    send(&mut peer, b"\n");
    story.round();
    assert_eq!((story.texts(), acks(&mut peer)), (vec![line], 1));
}

#[test]
fn ten_mebibytes_without_a_newline_are_rows_of_one_line() {
    let (mut story, mut peer) = Story::with_peer();
    let line: Vec<u8> = (0..10 << 20).map(|byte: u32| b'a' + (byte % 26) as u8).collect();
    let mut sent = 0;
    while sent < line.len() {
        sent += peer.write(&line[sent..]).unwrap_or(0);
        story.round();
    }
    send(&mut peer, b"\nnext\n");
    story.round();
    assert_eq!(acks(&mut peer), 2);
    let rows = story.rows();
    assert_eq!(rows.len(), 11);
    assert!(rows[..10].iter().all(|(text, flags)| text.len() == 1 << 20 && *flags == LineFlags::SPLIT));
    assert!(rows[..10].iter().flat_map(|(text, _)| text.bytes()).eq(line));
    assert_eq!(rows[10], ("next".to_owned(), LineFlags::default()));
}

#[test]
fn a_line_that_began_too_long_ago_is_cut() {
    let mut story = Story::with(super::Setup { open_row_span: 20_000, ..setup() }, source());
    story.listen();
    let (mut slow, mut busy) = (story.peer(), story.peer());
    let begin = "b".repeat(1500);
    send(&mut slow, begin.as_bytes());
    for _ in 0..100 {
        send(&mut busy, &[b"x".repeat(999), b"\n".to_vec()].concat());
        story.round();
        story.net.advance(Duration::from_millis(100));
    }
    send(&mut slow, b"end\n");
    story.round();
    assert_eq!((acks(&mut slow), acks(&mut busy)), (1, 100));
    let cut: Vec<_> = story.rows().into_iter().filter(|(text, _)| !text.starts_with('x')).collect();
    assert_eq!(cut, [(begin, LineFlags::SPLIT), ("end".to_owned(), LineFlags::SPLIT)]);
}

#[test]
fn a_line_goes_on_after_a_thousand_batches_of_others() {
    let (mut story, mut slow) = Story::with_peer();
    let mut busy = story.peer();
    send(&mut slow, &b"b".repeat(1500));
    for _ in 0..2 * PENDING_BATCHES_MAX {
        send(&mut busy, b"x\n");
        story.round();
    }
    send(&mut slow, b"end\n");
    story.round();
    assert_eq!(acks(&mut slow), 1);
    assert_eq!(story.texts().last().map(String::len), Some(1503));
}

#[test]
fn while_the_disk_stands_still_the_loop_rests() {
    for length in (1..1500).step_by(19) {
        let source = Source { idle_timeout: Some(Duration::from_secs(3600)), ..source() };
        let mut story = Story::with(tight(&source, 2), source);
        story.listen();
        let mut peer = story.peer();
        send(&mut peer, &[b"x".repeat(length), b"\n".to_vec()].concat().repeat(30_000 / length));
        story.turns(40);
        let before = story.net.now();
        story.turns(2);
        // With work that it cannot do, it would let no time pass in its waits.
        assert!(story.net.now() > before, "busy with lines of {length} bytes waiting");
    }
}
