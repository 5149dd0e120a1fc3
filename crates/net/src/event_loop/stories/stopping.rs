use std::time::Duration;

use super::{HERE, Story, Turn, acks, is_closed, send, setup, source};
use crate::driver::sim::SimOptions;

#[test]
fn what_was_read_is_acked_and_nothing_more_is_read() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"read\n");
    story.turns(2);
    story.collector.stop(Duration::from_secs(5));
    send(&mut peer, b"not read\n");
    assert_eq!(story.turn(), Turn::More);
    story.collector.commit();
    assert_eq!(story.turn(), Turn::Stopped);
    assert_eq!(acks(&mut peer), 1);
    assert_eq!(story.texts(), ["read"]);
}

#[test]
fn connections_that_wait_to_be_accepted_do_not_hold_it_up() {
    let mut story = Story::new();
    story.listen();
    let mut waiting: Vec<_> = (0..128).map(|_| story.net.dial(HERE).expect("a listener")).collect();
    for peer in &mut waiting {
        send(peer, b"never read\n");
    }
    story.collector.stop(Duration::from_secs(5));
    story.collector.commit();
    let stopped = (0..3).any(|_| {
        story.collector.commit();
        story.turn() == Turn::Stopped
    });
    assert!(stopped);
    story.collector.end();
    for peer in &mut waiting {
        let _ = peer.read(&mut [0; 1]).expect_err("the connection was reset");
    }
    drop(waiting);
    assert_eq!(story.net.links(), 0);
}

#[test]
fn a_journal_that_stands_still_holds_it_up_so_long_and_no_longer() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"never durable\n");
    story.turns(2);
    story.collector.stop(Duration::from_secs(5));
    story.net.set_wait_max(Duration::MAX);
    let began = story.net.now();
    let mut turns = 0;
    while story.turn() == Turn::More {
        turns += 1;
        assert!(turns < 100, "it does not stop");
    }
    assert_eq!((story.net.now() - began).as_secs(), 5);
    assert_eq!(acks(&mut peer), 0);
}

#[test]
fn a_peer_that_does_not_read_its_acks_does_not_hold_it_up() {
    let options = SimOptions { buffer_bytes: 100, ..SimOptions::calm(1) };
    let mut story = Story::on(options, setup(), source());
    story.listen();
    let mut peer = story.peer();
    send(&mut peer, &b"\n".repeat(100));
    story.round();
    story.collector.stop(Duration::from_secs(5));
    let began = story.net.now();
    story.turns(3);
    assert!(!story.collector.is_running(0));
    assert_eq!(story.net.now(), began);
    story.collector.end();
    assert_eq!(acks(&mut peer), 25);
    assert!(is_closed(&mut peer));
}
