//! The collector under a simulated network and disk: each seed is another story, and replays.

use net::simulation::{Options, run};

/// Seeds of which none may fail.
const SEEDS: u64 = 200;

#[test]
fn every_promise_holds_whatever_goes_wrong() {
    let (mut acked, mut duplicates, mut starts, mut unterminated) = (0, 0, 0, 0);
    for seed in 0..SEEDS {
        match run(seed, Options::default()) {
            Ok(report) => {
                acked += report.acked;
                duplicates += report.duplicates;
                starts += report.starts;
                unterminated += report.unterminated;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    // A simulation in which nothing happens proves nothing.
    assert!(
        acked > 10_000 && duplicates > 500 && starts > 500 && unterminated > 20,
        "{acked} {duplicates} {starts} {unterminated}"
    );
}

#[test]
fn the_same_seed_is_the_same_story() {
    for seed in 0..10 {
        let reports = [0, 1].map(|_| run(seed, Options::default()).expect("a story that holds"));
        assert_eq!(reports[0], reports[1], "seed {seed}");
    }
    let trace = |seed| run(seed, Options::default()).expect("a story that holds").trace;
    assert_ne!(trace(1), trace(2));
}
