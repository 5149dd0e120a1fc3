use std::time::Duration;

use super::{Story, acks, send, source};
use crate::PeerState;
use crate::driver::sim::{Answer, SimListener};

#[test]
fn a_trickle_takes_turns_with_a_hundred_fire_hoses() {
    let mut story = Story::new();
    story.listen();
    let mut hoses: Vec<_> = (0..100).map(|_| story.peer()).collect();
    let mut trickle = story.peer();
    let water = b"water\n".repeat(20_000);
    let mut pour = |story: &mut Story| {
        for hose in &mut hoses {
            let _ = hose.write(&water);
            acks(hose);
        }
        story.turn();
        story.collector.commit();
    };
    for _ in 0..10 {
        pour(&mut story);
    }
    for _ in 0..20 {
        send(&mut trickle, b"drop\n");
        let mut turns = 0;
        while acks(&mut trickle) == 0 {
            pour(&mut story);
            turns += 1;
        }
        // A turn of the loop serves 64 peers or fills its batches, of which four hold sixteen turns of a hose.
        assert!(turns <= 10, "{turns} turns for one line");
    }
}

#[test]
fn five_thousand_dead_targets_do_not_slow_fifty_live_ones() {
    let mut story = Story::new();
    let live = |number: usize| number.is_multiple_of(100);
    let mut listeners = Vec::new();
    for number in 0..5050 {
        let host = format!("192.0.{}.{}", number / 250, number % 250 + 1);
        let address = format!("{host}:514").parse().expect("an address");
        match number {
            _ if live(number) => listeners.push(story.net.listen(address).expect("a free address")),
            _ if number % 2 == 0 => story.net.answer(address, Answer::Silence),
            _ => {}
        }
        story.dial(&host, &host);
        if number % 200 == 199 {
            story.turn();
        }
    }
    // 64 are dialled in a turn.
    story.turns(5050 / 64 + 2);
    assert_eq!(story.collector.counts().connected, 51);
    assert!(story.net.now() < Duration::from_secs(1), "{:?}", story.net.now());

    let mut servers: Vec<_> = listeners.iter_mut().filter_map(SimListener::accept).collect();
    for _ in 0..20 {
        let before = story.net.now();
        for server in &mut servers {
            send(server, b"alive\n");
        }
        story.round();
        assert!(servers.iter_mut().all(|server| acks(server) == 1));
        assert!(story.net.now() - before < Duration::from_secs(1));
        story.net.advance(Duration::from_secs(7));
    }
    let connected = |story: &mut Story| {
        let peers = story.collector.status(0).peers;
        peers.iter().filter(|peer| peer.state == PeerState::Connected).count()
    };
    assert_eq!(connected(&mut story), 51);
}

#[test]
fn ten_thousand_idle_peers_cost_a_busy_one_no_turn() {
    let mut story = Story::with(super::setup(), source());
    story.listen();
    let idle: Vec<_> = (0..10_000 / 200)
        .flat_map(|_| {
            let sockets: Vec<_> =
                (0..200).map(|_| story.net.dial(super::HERE).expect("a listener")).collect();
            story.turns(8);
            sockets
        })
        .collect();
    let mut busy = idle.into_iter().collect::<Vec<_>>();
    let mut last = busy.pop().expect("a peer");
    for _ in 0..10 {
        send(&mut last, b"line\n");
        story.turns(2);
        story.collector.commit();
        story.turn();
        assert_eq!(acks(&mut last), 1);
    }
}
