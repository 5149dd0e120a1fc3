//! The collector on a simulated network and disk: each seed is another story, and replays.

use std::thread;

use net::simulation::{Failure, Options, Report, run};

/// Seeds of which none may fail.
const SEEDS: u64 = 200;

#[test]
fn every_promise_holds_whatever_goes_wrong() {
    let halves = [0, 1].map(|half| thread::spawn(move || tell((half..SEEDS).step_by(2))));
    let mut sum = Report::default();
    for half in halves {
        let reports = half.join().expect("no panic").unwrap_or_else(|failure| panic!("{failure}"));
        reports.iter().for_each(|report| sum.add(report));
    }
    // A simulation in which little happens proves little.
    assert!(sum.acked > 20 * SEEDS && sum.duplicates > 5 * SEEDS && sum.unterminated > SEEDS, "{sum:?}");
    assert!(sum.heard > 20 * SEEDS && sum.missed > SEEDS, "{sum:?}");
    assert!(sum.starts > 3 * SEEDS && sum.disk_faults > SEEDS, "{sum:?}");
}

#[test]
fn the_same_seed_is_the_same_story() {
    let (once, again) = (tell(0..10), tell(0..10));
    let (once, again) = (once.expect("no failure"), again.expect("no failure"));
    assert_eq!(once, again);
    assert_ne!(once[1].trace, once[2].trace);
}

fn tell(seeds: impl Iterator<Item = u64>) -> Result<Vec<Report>, Failure> {
    seeds.map(|seed| run(seed, Options::default())).collect()
}
