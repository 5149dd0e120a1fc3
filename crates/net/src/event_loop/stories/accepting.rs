use std::sync::Arc;
use std::time::Duration;

use super::{HERE, Story, acks, is_closed, send, setup, source};
use crate::Source;
use crate::command::Command;
use crate::simulation::Setup;

#[test]
fn one_peer_too_many_is_refused_and_counted() {
    let mut story = Story::with(setup(), Source { peers_max: 3, ..source() });
    story.listen();
    let mut peers: Vec<_> = (0..5).map(|_| story.peer()).collect();
    let closed = peers.iter_mut().map(is_closed).collect::<Vec<_>>();
    assert_eq!(closed, [false, false, false, true, true]);
    let counters = &story.source.counters;
    assert_eq!((counters.peers(), counters.accepted(), counters.refused()), (3, 3, 2));

    drop(peers.remove(0));
    story.round();
    let mut next = story.peer();
    send(&mut next, b"room again\n");
    story.round();
    assert_eq!((acks(&mut next), story.source.counters.peers()), (1, 3));
}

#[test]
fn running_out_of_descriptors_is_waited_out() {
    let mut story = Story::new();
    story.listen();
    story.net.exhaust_descriptors(Duration::from_secs(2));
    let mut peers: Vec<_> = (0..10).map(|_| story.net.dial(HERE).expect("a listener")).collect();
    for peer in &mut peers {
        send(peer, b"patience\n");
    }
    story.until(|story| story.collector.counts().lines == 10);
    assert!((2000..2200).contains(&story.net.now().as_millis()), "{:?}", story.net.now());
    assert!((10..=22).contains(&story.collector.counts().descriptor_waits));
    story.round();
    assert!(peers.iter_mut().all(|peer| acks(peer) == 1));
}

#[test]
fn one_failed_accept_is_tried_again() {
    let mut story = Story::new();
    story.listen();
    story.net.fail_accepts(1);
    let mut peer = story.net.dial(HERE).expect("a listener");
    send(&mut peer, b"once more\n");
    story.until(|story| story.collector.counts().acked == 1);
    assert_eq!((acks(&mut peer), story.collector.counts().descriptor_waits), (1, 1));
}

#[test]
fn a_socket_that_cannot_be_watched_is_closed_and_no_other() {
    let mut story = Story::new();
    story.listen();
    let mut before = story.peer();
    story.net.fail_watches(1);
    let (mut unlucky, mut after) = (story.peer(), story.peer());
    assert!(is_closed(&mut unlucky));
    for peer in [&mut before, &mut after] {
        send(peer, b"line\n");
    }
    story.round();
    assert_eq!((acks(&mut before), acks(&mut after)), (1, 1));
    assert_eq!((story.collector.counts().watch_failures, story.source.counters.peers()), (1, 2));
}

#[test]
fn a_listener_that_cannot_be_watched_is_tried_again() {
    let mut story = Story::new();
    story.net.fail_watches(3);
    story.listen();
    let mut peer = story.net.dial(HERE).expect("a listener");
    send(&mut peer, b"line\n");
    story.until(|story| story.collector.counts().acked == 1);
    assert_eq!(acks(&mut peer), 1);
}

#[test]
fn accepted_peers_are_shared_among_the_loops() {
    let mut story = Story::with(Setup { loops: 2, ..setup() }, source());
    story.listen();
    let mut peers: Vec<_> = (0..10).map(|_| story.net.dial(HERE).expect("a listener")).collect();
    for peer in &mut peers {
        send(peer, b"line\n");
    }
    for _ in 0..5 {
        story.turn();
        let _ = story.collector.turn(1);
        story.collector.commit();
    }
    assert!(peers.iter_mut().all(|peer| acks(peer) == 1));
    assert_eq!([0, 1].map(|index| story.collector.status(index).peers.len()), [5, 5]);
}

#[test]
fn a_source_that_leaves_the_configuration_closes_what_it_accepted() {
    let (mut story, mut peer) = Story::with_peer();
    send(&mut peer, b"last\n");
    story.turns(2);
    story.collector.tell(0, Command::Unlisten { source: Arc::clone(&story.source.name) });
    story.round();
    assert_eq!(acks(&mut peer), 1);
    assert!(is_closed(&mut peer));
    assert!(story.net.dial(HERE).is_err());
    assert_eq!(story.source.counters.peers(), 0);
}
