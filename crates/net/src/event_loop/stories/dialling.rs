use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Story, acks, is_closed, send, setup, source};
use crate::driver::sim::Answer;
use crate::{DialOptions, PeerState, Source};

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], 514))
}

#[test]
fn an_address_that_does_not_answer_is_followed_by_the_next() {
    let mut story = Story::new();
    story.collector.names.set("target.test", vec![address(1), address(2), address(3)]);
    story.net.answer(address(1), Answer::Silence);
    story.net.answer(address(2), Answer::Unroutable);
    story.net.answer(address(3), Answer::Late(Duration::from_secs(9)));
    let mut listener = story.net.listen(address(3)).expect("a free address");
    story.dial("target.test", "target.test");
    story.until(|story| story.collector.counts().connected == 1);
    // The connect timeout of the first, and the delay of the third.
    assert_eq!(story.net.now().as_secs(), 19);
    send(&mut listener.accept().expect("a connection"), b"hello\n");
    story.round();
    assert_eq!(story.texts(), ["hello"]);
}

#[test]
fn attempts_come_again_with_growing_waits_until_one_succeeds() {
    let mut story = Story::new();
    story.dial("192.0.2.1", "192.0.2.1");
    let mut waits = Vec::new();
    while story.collector.counts().connect_failures < 40 {
        let (before, failures) = (story.net.now(), story.collector.counts().connect_failures);
        story.until(|story| story.collector.counts().connect_failures > failures);
        waits.push(story.net.now() - before);
    }
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(60)), "{waits:?}");
    assert!(waits[..4].iter().sum::<Duration>() < Duration::from_secs(8), "{waits:?}");
    assert!(waits[20..].iter().max() > Some(&Duration::from_secs(20)), "{waits:?}");
    assert!(matches!(story.state(), PeerState::BackingOff { .. }));
    assert_eq!(story.status().last_error.as_deref(), Some("cannot connect: connection refused"));

    let mut listener = story.net.listen(address(1)).expect("a free address");
    story.until(|story| story.state() == PeerState::Connected);
    assert_eq!(story.status().last_error, None);
    send(&mut listener.accept().expect("a connection"), b"line\n");
    story.round();
    story.until(|story| story.state() == PeerState::Connected);
    let status = story.status();
    assert_eq!((status.lines, status.reconnects), (1, 1));
}

#[test]
fn a_server_that_accepts_and_closes_is_not_dialled_in_a_tight_loop() {
    let mut story = Story::new();
    let mut listener = story.net.listen(address(1)).expect("a free address");
    story.dial("192.0.2.1", "192.0.2.1");
    let mut closed = 0;
    story.until(|story| {
        closed += usize::from(listener.accept().is_some());
        story.net.now() > Duration::from_secs(600)
    });
    assert!((10..60).contains(&closed), "{closed} connections in ten minutes");
}

#[test]
fn a_target_is_dialled_once_however_often_it_is_listed() {
    let mut story = Story::new();
    let mut listener = story.net.listen(address(1)).expect("a free address");
    story.dial("192.0.2.1", "192.0.2.1");
    story.dial("192.0.2.1", "192.0.2.1");
    story.turns(5);
    assert!(listener.accept().is_some());
    assert!(listener.accept().is_none());
}

#[test]
fn a_name_without_an_address_is_asked_for_again() {
    let mut story = Story::new();
    story.dial("target.test", "target.test");
    story.turns(5);
    assert_eq!(story.status().last_error.as_deref(), Some("cannot resolve `target.test`: no such name"));
    story.collector.names.set("target.test", vec![address(1)]);
    let _listener = story.net.listen(address(1)).expect("a free address");
    story.until(|story| story.state() == PeerState::Connected);
}

#[test]
fn dialling_waits_for_descriptors_like_for_anything_else() {
    let mut story = Story::new();
    let _listener = story.net.listen(address(1)).expect("a free address");
    story.net.exhaust_descriptors(Duration::from_secs(30));
    story.dial("192.0.2.1", "192.0.2.1");
    story.turns(3);
    let error = story.status().last_error.expect("an error");
    assert!(error.contains("open files"), "{error}");
    story.until(|story| story.state() == PeerState::Connected);
    assert!(story.net.now() >= Duration::from_secs(30));
}

#[test]
fn a_target_that_leaves_the_configuration_is_closed_and_forgotten() {
    let mut story = Story::new();
    let mut listener = story.net.listen(address(1)).expect("a free address");
    story.dial("192.0.2.1", "192.0.2.1");
    story.turns(5);
    let mut server = listener.accept().expect("a connection");
    send(&mut server, b"last\n");
    story.turns(2);
    let (source, name) = (story.source.name.clone(), "192.0.2.1".into());
    story.collector.tell(0, crate::command::Command::Forget { source, name });
    story.round();
    assert_eq!(acks(&mut server), 1);
    assert!(is_closed(&mut server));
    story.turns(100);
    assert!(listener.accept().is_none());
    assert!(story.collector.status(0).peers.is_empty());
}

#[test]
fn once_means_once() {
    let dial = DialOptions { once: true, ..source().dial };
    let mut story = Story::with(setup(), Source { dial, ..source() });
    let mut listener = story.net.listen(address(1)).expect("a free address");
    story.dial("192.0.2.1", "192.0.2.1");
    story.turns(5);
    let mut server = listener.accept().expect("a connection");
    send(&mut server, b"line\n");
    server.shutdown_write();
    story.round();
    assert_eq!((acks(&mut server), story.state()), (1, PeerState::Done));
    assert_eq!(story.collector.counts().targets_done, 1);
    assert!(matches!(server.write(b"x"), Err(error) if error.kind() == io::ErrorKind::BrokenPipe));
}
