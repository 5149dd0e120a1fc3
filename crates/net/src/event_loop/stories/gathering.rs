use std::time::Duration;

use super::{Story, acks, send, setup, source};
use crate::driver::sim::SimSocket;
use crate::simulation::Setup;

/// More peers than one turn serves.
const PEERS: usize = 200;

/// So many are served in one turn.
const SERVED: usize = 64;

/// Peers each of which has sent a line that nobody has looked at.
fn story(hold_back: Duration) -> (Story, Vec<SimSocket>) {
    let mut story = Story::with(Setup { hold_back, ..setup() }, source());
    story.listen();
    let mut peers: Vec<_> = (0..PEERS).map(|_| story.peer()).collect();
    peers.iter_mut().for_each(|peer| send(peer, b"line\n"));
    // The sockets are named, and nothing is read.
    story.turn();
    (story, peers)
}

/// Turns until every peer has its ACK; returns how many commits that took.
fn commits(story: &mut Story, peers: &mut [SimSocket]) -> usize {
    let (mut commits, mut acked) = (0, 0);
    for _ in 0..20 {
        story.turn();
        acked += peers.iter_mut().map(acks).sum::<usize>();
        commits += usize::from(story.collector.commit());
    }
    assert_eq!(acked, PEERS);
    commits
}

#[test]
fn what_waits_in_the_sockets_is_committed_together() {
    let (mut story, mut peers) = story(Duration::from_millis(1));
    assert_eq!(commits(&mut story, &mut peers), 1);
}

#[test]
fn what_was_read_does_not_wait_for_ever_for_what_was_not() {
    let (mut story, mut peers) = story(Duration::from_millis(1));
    story.turn();
    story.net.advance(Duration::from_millis(20));
    assert_eq!(commits(&mut story, &mut peers), 2);
}

#[test]
fn without_holding_back_each_turn_is_committed() {
    let (mut story, mut peers) = story(Duration::ZERO);
    assert_eq!(commits(&mut story, &mut peers), PEERS.div_ceil(SERVED));
}
