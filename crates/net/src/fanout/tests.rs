use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::receiver::Receiver;
use super::ring::Ring;
use super::{Behind, Fanout, FanoutOptions};

#[derive(Clone, Debug)]
enum Step {
    /// A line of this length comes, from the receiver itself or from somebody else.
    Publish { own: bool, length: usize },
    /// The socket takes so many bytes, in one write.
    Take(usize),
    /// Only the rest of what was begun, because something else is to be sent.
    Finish(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<bool>(), 0_usize..40).prop_map(|(own, length)| Step::Publish { own, length }),
        1 => (any::<bool>(), 40_usize..400).prop_map(|(own, length)| Step::Publish { own, length }),
        4 => (0_usize..80).prop_map(Step::Take),
        1 => (0_usize..20).prop_map(Step::Finish),
    ]
}

/// A ring and a receiver of it, and all that its socket took.
struct Bench {
    ring: Ring,
    receiver: Receiver,
    wire: Vec<u8>,
    skipped: u64,
}

impl Bench {
    /// Others were there before, and one of them had the place that the receiver has now.
    fn new(ring_bytes: usize) -> Self {
        let (mut ring, me) = (Ring::new(ring_bytes), Arc::from("me"));
        let before = ring.enter(&me);
        for _ in 0..3 {
            ring.push(Some("me"), b"of another time");
        }
        ring.leave(&me, before);
        let place = ring.enter(&me);
        assert_eq!(place, before);
        let receiver = Receiver::new(&ring, place);
        Self { ring, receiver, wire: Vec::new(), skipped: 0 }
    }

    fn take(&mut self, most: usize, rest_only: bool) -> bool {
        self.skipped += self.receiver.catch_up(&self.ring);
        let Some(bytes) = self.receiver.next(&self.ring, rest_only) else { return false };
        assert!(!bytes.is_empty());
        let taken = most.min(bytes.len());
        self.wire.extend_from_slice(&bytes[..taken]);
        self.receiver.sent(taken, &self.ring);
        assert!(self.receiver.is_amid() || matches!(self.wire.last(), None | Some(b'\n')));
        true
    }
}

/// Follows what a receiver reads. Returns the numbers of the lines that it got, and how many it was told of that it did not.
fn read(wire: &[u8], published: &[String]) -> (Vec<usize>, u64) {
    let wire = std::str::from_utf8(wire).expect("as it was published");
    assert!(wire.is_empty() || wire.ends_with('\n'), "{wire}");
    let (mut next, mut got, mut skipped) = (0, Vec::new(), 0);
    let mut cut = None;
    for line in wire.lines() {
        if let Some(notice) = line.strip_prefix("# ") {
            let (count, rest) = notice.split_once(' ').expect("a number");
            let count: usize = count.parse().expect("a number");
            assert_eq!(rest, if count == 1 { "line skipped" } else { "lines skipped" });
            assert!(count > 0);
            next += count;
            skipped += count as u64;
            cut = None;
            continue;
        }
        assert_eq!(cut, None, "a line that was cut is followed by a notice");
        if published.get(next).is_some_and(|whole| whole == line) {
            got.push(next);
            next += 1;
        } else {
            assert!(published[next].starts_with(line), "{line:?} is no part of {:?}", published[next]);
            cut = Some(line);
        }
    }
    assert_eq!((cut, next), (None, published.len()));
    (got, skipped)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn whatever_the_socket_takes_it_gets_whole_lines_in_order_and_gaps_are_told(
        steps in prop::collection::vec(step(), 0..80),
        ring_bytes in 80_usize..2000,
    ) {
        let mut bench = Bench::new(ring_bytes);
        let (mut published, mut bytes) = (Vec::new(), 0);
        for step in &steps {
            match *step {
                Step::Publish { own, length } => {
                    let line = format!("{}:{}", published.len(), "x".repeat(length));
                    bytes += line.len() + 1 + 16;
                    if own {
                        bench.ring.push(Some("me"), b"mine");
                    } else {
                        bench.ring.push(Some("you"), line.as_bytes());
                        published.push(line);
                    }
                    prop_assert!(bench.ring.used() <= ring_bytes);
                }
                Step::Take(most) => {
                    bench.take(most, false);
                }
                Step::Finish(most) => {
                    bench.take(most, true);
                }
            }
        }
        while bench.take(usize::MAX, true) {}
        prop_assert!(!bench.receiver.is_amid());
        while bench.take(usize::MAX, false) {}
        let (_, skipped) = read(&bench.wire, &published);
        prop_assert_eq!(skipped, bench.skipped);
        prop_assert!(skipped == 0 || bytes > ring_bytes / 4, "nothing was in want of room");
    }
}

#[test]
fn a_line_larger_than_the_ring_is_missed_by_all() {
    let mut bench = Bench::new(400);
    bench.ring.push(None, b"before");
    bench.ring.push(None, &b"x".repeat(1000));
    bench.ring.push(None, b"after");
    while bench.take(usize::MAX, false) {}
    assert_eq!(bench.wire, b"# 2 lines skipped\nafter\n");
}

#[test]
fn empty_lines_are_bounded_by_the_index() {
    let mut ring = Ring::new(4000);
    for _ in 0..10_000 {
        ring.push(None, b"");
        assert!(ring.used() <= 4000);
    }
    assert!(ring.used() > 900);
}

#[test]
fn a_flood_of_lines_is_one_wake_up() {
    let fanout = Fanout::new(FanoutOptions { ring_bytes: 4000, behind: Behind::Skip });
    let woken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&woken);
    let rung = fanout.connect(Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
    }));
    for _ in 0..100 {
        fanout.publish([(None, &b"a line"[..])]);
    }
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    assert!(rung.swap(false, Ordering::AcqRel));
    fanout.publish([(None, &b"a line"[..])]);
    assert_eq!((woken.load(Ordering::Relaxed), fanout.status().published), (2, 101));
}

#[test]
fn without_a_receiver_nothing_is_kept() {
    let fanout = Fanout::new(FanoutOptions { ring_bytes: 4000, behind: Behind::Skip });
    fanout.publish([(None, &b"nobody hears this"[..])]);
    assert_eq!((fanout.status().ring_bytes, fanout.status().published), (0, 1));
    let receiver = fanout.join(Some(&Arc::from("me")));
    fanout.publish([(None, &b"heard"[..])]);
    assert!(fanout.status().ring_bytes > 0);
    assert_eq!(fanout.look().next(&receiver, false), Some(&b"heard\n"[..]));
    fanout.leave(&receiver, "me");
    assert_eq!(fanout.status().receivers, 0);
}
