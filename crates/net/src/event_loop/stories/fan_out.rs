use std::net::SocketAddr;
use std::time::Duration;

use super::{Story, Turn, is_closed, send, setup, source};
use crate::driver::sim::{SimOptions, SimSocket};
use crate::{Behind, Fanout, FanoutOptions, Role, Source};

fn fanout(ring_bytes: usize, behind: Behind) -> Fanout {
    Fanout::new(FanoutOptions { ring_bytes, behind })
}

/// A room whose lines go to all peers, and sockets that hold so many bytes.
fn room(ring_bytes: usize, behind: Behind, buffer_bytes: usize) -> (Story, Fanout) {
    let fanout = fanout(ring_bytes, behind);
    let source = Source { fanout: Some(fanout.clone()), ..source() };
    let options = SimOptions { buffer_bytes, ..SimOptions::calm(1) };
    let mut story = Story::on(options, setup(), source);
    story.listen();
    (story, fanout)
}

fn publish(fanout: &Fanout, sender: Option<&SimSocket>, line: &str) {
    let sender = sender.map(|sender| sender.local_addr().to_string());
    fanout.publish([(sender.as_deref(), line.as_bytes())]);
}

/// What has come.
fn heard(socket: &mut SimSocket) -> String {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(taken @ 1..) = socket.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..taken]);
    }
    String::from_utf8(bytes).expect("text")
}

#[test]
fn a_line_goes_to_all_but_its_sender() {
    let (mut story, fanout) = room(4096, Behind::Skip, 64 << 10);
    let (mut ann, mut bob) = (story.peer(), story.peer());
    publish(&fanout, Some(&ann), "hello");
    publish(&fanout, None, "to both");
    story.turn();
    assert_eq!((heard(&mut ann), heard(&mut bob)), ("to both\n".to_owned(), "hello\nto both\n".to_owned()));
    drop(ann);
    story.turns(2);
    publish(&fanout, Some(&bob), "is anybody there");
    story.turns(2);
    assert_eq!(heard(&mut bob), "");
    assert_eq!((fanout.status().receivers, fanout.status().sent), (1, 3));
}

#[test]
fn who_does_not_read_holds_nobody_up_and_is_told_what_it_missed() {
    let (mut story, fanout) = room(1000, Behind::Skip, 100);
    let (mut slow, mut quick) = (story.peer(), story.peer());
    for number in 0..100 {
        publish(&fanout, None, &format!("line {number:02}"));
        story.turns(2);
        assert_eq!(heard(&mut quick), format!("line {number:02}\n"));
    }
    let mut late = String::new();
    while !late.ends_with("line 99\n") {
        late += &heard(&mut slow);
        story.turn();
    }
    assert!(late.starts_with("line 00\nline 01\n"), "{late}");
    let notice = late.lines().find_map(|line| line.strip_prefix("# ")).expect("a notice");
    let missed: usize = notice.split(' ').next().expect("a number").parse().expect("a number");
    let whole = late.lines().filter(|line| line.starts_with("line ") && line.len() == "line 00".len());
    assert_eq!(whole.count() + missed, 100, "{late}");
    assert_eq!(fanout.status().skipped, missed as u64);
}

#[test]
fn who_is_to_be_closed_when_it_is_behind_is_closed_and_counted() {
    let (mut story, fanout) = room(1000, Behind::Close, 100);
    let (slow, mut quick) = (story.peer(), story.peer());
    for _ in 0..100 {
        publish(&fanout, None, "a line");
        story.turns(2);
        heard(&mut quick);
    }
    drop(slow);
    story.until(|_| fanout.status().receivers == 1);
    assert_eq!(fanout.status().closed, 1);
    assert!(!is_closed(&mut quick));
}

#[test]
fn acks_and_lines_are_never_within_each_other() {
    let (mut story, fanout) = room(100_000, Behind::Skip, 7);
    let mut peer = story.peer();
    let mut wire = String::new();
    for number in 0..200 {
        publish(&fanout, None, &format!("line {number}"));
        publish(&fanout, Some(&peer), "its own");
        let _ = peer.write(b"\n");
        story.round();
        wire += &heard(&mut peer);
    }
    while !wire.ends_with("line 199\n") {
        story.round();
        wire += &heard(&mut peer);
    }
    let (acks, lines): (Vec<_>, Vec<_>) = wire.lines().partition(|line| *line == "ACK");
    assert_eq!(acks.len() as u64, story.collector.counts().acked);
    assert!(acks.len() > 100, "{}", acks.len());
    assert_eq!(lines, (0..200).map(|number| format!("line {number}")).collect::<Vec<_>>());
}

#[test]
fn however_many_receive_reading_goes_on() {
    let (mut story, fanout) = room(4096, Behind::Skip, 64 << 10);
    let mut crowd: Vec<_> = (0..1000).map(|_| story.peer()).collect();
    let mut speaker = story.peer();
    send(&mut speaker, b"a line\n");
    publish(&fanout, None, "to all");
    story.turns(2);
    assert_eq!(story.collector.counts().lines, 1);
    let reached = crowd.iter_mut().map(heard).filter(|text| !text.is_empty()).count();
    assert!((1..=256).contains(&reached), "{reached} in two turns");
    story.until(|_| fanout.status().sent == 1001);
}

#[test]
fn subscribers_get_lines_and_what_they_send_is_thrown_away() {
    let fanout = fanout(4096, Behind::Skip);
    let source = Source { role: Role::Subscribers, fanout: Some(fanout.clone()), ..source() };
    let mut story = Story::with(setup(), source);
    story.listen();
    let mut subscriber = story.peer();
    send(&mut subscriber, &b"what is this?\n".repeat(3000));
    publish(&fanout, Some(&subscriber), "a line");
    story.turns(5);
    assert_eq!(heard(&mut subscriber), "a line\n");
    assert!(story.collector.status(0).peers.is_empty());
    assert_eq!((story.collector.counts(), story.texts()), (crate::Counts::default(), Vec::new()));
    subscriber.shutdown_write();
    story.turns(2);
    assert!(is_closed(&mut subscriber));
    assert_eq!((fanout.status().receivers, story.source.counters.peers()), (0, 0));
}

#[test]
fn at_a_stop_a_line_that_was_begun_is_finished() {
    let (mut story, fanout) = room(100_000, Behind::Skip, 4096);
    let mut peer = story.peer();
    publish(&fanout, None, &"x".repeat(6000));
    publish(&fanout, None, "too late");
    story.turn();
    let begun = heard(&mut peer);
    assert_eq!(begun.len(), 4096);
    story.collector.stop(Duration::from_secs(5));
    while story.turn() == Turn::More {}
    story.collector.end();
    assert_eq!(begun + &heard(&mut peer), "x".repeat(6000) + "\n");
    assert!(is_closed(&mut peer));
}

#[test]
fn a_peer_that_is_dialled_is_in_the_room_by_its_name_for_as_long_as_it_is_connected() {
    let (mut story, fanout) = room(4096, Behind::Skip, 64 << 10);
    let address = SocketAddr::from(([192, 0, 2, 1], 514));
    let mut listener = story.net.listen(address).expect("a free address");
    story.dial("target", "192.0.2.1");
    for _ in 0..3 {
        story.until(|_| fanout.status().receivers == 1);
        let mut target = listener.accept().expect("a connection");
        fanout.publish([(Some("target"), &b"its own"[..]), (Some("192.0.2.1:514"), &b"another's"[..])]);
        story.turns(2);
        assert_eq!(heard(&mut target), "another's\n");
        drop(target);
        story.until(|_| fanout.status().receivers == 0);
    }
}
