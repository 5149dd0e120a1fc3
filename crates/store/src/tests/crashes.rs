//! Killed at any point, again and again: every row is there exactly once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use record::Position;

use super::rows::{SECOND, positions_in, records, small};
use super::{Bucket, LINGER};
use crate::compaction::Compaction;
use crate::core::{Core, Stage};
use crate::disk::Disk;
use crate::flush::Flush;
use crate::retention::{remove_files, retain};
use crate::service::Next;
use crate::store::open_core_on;
use crate::upload::{GATHER, Upload};
use crate::{Objects as _, RemoteError, Retention, Snapshot, listing};

/// What a run does, one after the other.
#[derive(Clone, Debug)]
enum Action {
    /// So many rows of the first or second pipeline.
    Append(bool, u8),
    Flush,
    Compact,
    Retain,
    RemoveFiles,
    Hold,
    LetGo,
    /// Perhaps after so long that what nobody needs is removed from object storage.
    Upload(bool),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (any::<bool>(), 1_u8..40).prop_map(|(first, rows)| Action::Append(first, rows)),
        3 => Just(Action::Flush),
        3 => Just(Action::Compact),
        1 => Just(Action::Retain),
        2 => Just(Action::RemoveFiles),
        1 => Just(Action::Hold),
        1 => Just(Action::LetGo),
        3 => any::<bool>().prop_map(Action::Upload),
    ]
}

/// Where both pipelines read: positions from 1 on, the odd ones for the first, the even ones for the second.
const NAMES: [&str; 2] = ["odd", "even"];
/// Rows are kept for so long, in seconds. A row is received at the second of its position.
const AGE: u64 = 150;

#[derive(Default)]
struct Run {
    /// How many rows of each pipeline were given, over all lives.
    given: [u64; 2],
    /// Rows received before this second may be missing.
    may_miss: u64,
    held: Vec<(Arc<Snapshot>, Vec<u64>)>,
    /// What was on object storage at the last look.
    remote: Vec<u64>,
    clock: Duration,
}

/// What works in one life.
#[derive(Default)]
struct Services {
    flush: Flush,
    compaction: Compaction,
    upload: Option<Upload>,
}

impl Run {
    /// The positions of a pipeline, from the first behind `after` on.
    fn positions(which: usize, after: Position) -> impl Iterator<Item = u64> {
        (after.0 + 1..).filter(move |position| position % 2 == 1 - which as u64)
    }

    fn give(&mut self, core: &Core, which: usize, rows: u64) {
        let after = core.state().appended.get(NAMES[which]).copied().unwrap_or_default();
        let positions: Vec<u64> = Self::positions(which, after).take(rows as usize).collect();
        // Times of four hours in two past days, some far away; the clock jumps back now and then.
        let time = |position: u64| match position % 97 {
            0 => -5,
            1 => 4_102_444_800 * SECOND,
            _ => (position as i64 % 4 * 43_000 + position as i64 * 7 % 31) * SECOND,
        };
        // Some are given again, as after a crash.
        let again = after.0.saturating_sub(6).max(1)..=after.0;
        let again = again.filter(|position| position % 2 == 1 - which as u64);
        let rows: Vec<_> =
            again.chain(positions.iter().copied()).map(|p| (p, time(p), NAMES[which])).collect();
        let last = positions.last().copied().unwrap_or_default();
        core.append(NAMES[which], &records(&rows), Position(last)).unwrap();
        self.given[which] = self.given[which].max(last);
    }

    fn act(&mut self, core: &Core, action: &Action, services: &mut Services) {
        let Services { flush, compaction, upload } = services;
        // Errors are the death of the process, which is what is tested.
        match action {
            Action::Append(first, rows) => self.give(core, usize::from(!first), u64::from(*rows)),
            Action::Flush => drop(flush.flush(core)),
            Action::Compact => drop(compaction.compact(core, 400_000 * SECOND)),
            Action::Retain => {
                let now = self.given[0].max(self.given[1]);
                self.may_miss = self.may_miss.max(now.saturating_sub(AGE));
                drop(retain(core, now as i64 * SECOND));
            }
            Action::RemoveFiles => drop(remove_files(core)),
            Action::Hold => {
                let view = core.snapshot();
                let rows = positions_in(&view);
                self.held.push((view, rows));
            }
            Action::LetGo => drop(self.held.pop()),
            Action::Upload(late) => {
                let upload = upload.get_or_insert_with(Upload::new);
                for wait in [GATHER, GATHER, if *late { LINGER } else { GATHER }] {
                    self.clock += wait;
                    while let Ok(Next::Go) = upload.upload(core, self.clock) {}
                }
            }
        }
    }

    /// Every row up to the view's checkpoints is there once, but for those that retention may have dropped.
    fn check(&self, view: &Snapshot) -> Vec<u64> {
        let there = positions_in(view);
        assert!(there.is_sorted_by(|one, next| one < next), "twice: {there:?}");
        for (which, name) in NAMES.iter().enumerate() {
            let upto = view.checkpoints.get(*name).copied().unwrap_or_default();
            let mine = |position: &u64| position % 2 == 1 - which as u64;
            let found: Vec<u64> =
                there.iter().copied().filter(mine).filter(|p| *p >= self.may_miss).collect();
            let wanted: Vec<u64> = Self::positions(which, Position(0)).take_while(|p| *p <= upto.0).collect();
            let wanted: Vec<u64> = wanted.into_iter().filter(|p| *p >= self.may_miss).collect();
            assert_eq!(found, wanted, "{name} up to {upto}");
        }
        there
    }
}

/// Everything that any manifest on object storage lists is there, and the newest one has each row once, and none less than
/// the one before.
fn check_remote(run: &mut Run, bucket: &Bucket) {
    for number in listing::numbers(bucket).unwrap() {
        for part in listing::get(bucket, number).unwrap().parts {
            let bytes = bucket.get(&part.key).expect("what is listed is there");
            assert_eq!(bytes.len() as u64, part.part.summary.bytes);
        }
    }
    let cache = tempfile::tempdir().unwrap();
    let there = match Snapshot::remote(&bucket.remote(0), cache.path()) {
        Err(RemoteError::Empty { .. }) => Vec::new(),
        view => positions_in(&view.unwrap()),
    };
    assert!(there.is_sorted_by(|one, next| one < next), "twice: {there:?}");
    for row in run.remote.iter().filter(|row| **row >= run.may_miss) {
        assert!(there.binary_search(row).is_ok(), "{row} was there before");
    }
    run.remote = there;
}

fn view(dir: &Path, bucket: &Bucket) -> Snapshot {
    Snapshot::open_with(dir, &bucket.remote(0)).unwrap()
}

/// Opens the store, does this, and dies after so many points; false when it did not come to that.
fn live(dir: &Path, bucket: &Bucket, run: &mut Run, actions: &[Action], die_after: u64) -> bool {
    let disk = Disk::new(dir);
    let faults = disk.faults.clone();
    let options = crate::Options {
        retention: Retention { age: Some(Duration::from_secs(AGE)), bytes: None },
        remote: Some(bucket.seen_with(&faults).remote(0)),
        ..small()
    };
    let seen = run.check(&view(dir, bucket));
    let core = open_core_on(disk, options).unwrap();
    assert_eq!(run.check(&core.snapshot()), seen, "what a reader saw is what is there");
    // What was given and is not durable comes again.
    for (which, name) in NAMES.iter().enumerate() {
        let from = core.state().checkpoints.get(*name).copied().unwrap_or_default();
        let rows = Run::positions(which, from).take_while(|p| *p <= run.given[which]).count();
        if rows > 0 {
            run.give(&core, which, rows as u64);
        }
    }
    run.check(&core.snapshot());
    faults.kill_after(die_after);
    let mut services = Services::default();
    for action in actions {
        if faults.is_dead() {
            break;
        }
        run.act(&core, action, &mut services);
        check_remote(run, bucket);
        if !faults.is_dead() {
            run.check(&core.snapshot());
        }
    }
    // Held snapshots stay as they were, whatever happened since.
    for (view, rows) in &run.held {
        assert_eq!(&positions_in(view), rows);
    }
    run.held.clear();
    core.set_stage(Stage::CutOff);
    faults.is_dead()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn exactly_once_however_often_it_is_killed(
        lives in prop::collection::vec((prop::collection::vec(action(), 1..14), 1_u64..90), 1..5),
    ) {
        let (dir, bucket) = (tempfile::tempdir().unwrap(), Bucket::new());
        let mut run = Run::default();
        for (actions, die_after) in lives {
            live(dir.path(), &bucket, &mut run, &actions, die_after);
        }
        live(dir.path(), &bucket, &mut run, &[Action::Flush, Action::Compact, Action::Upload(true)], u64::MAX);
        let rows = run.check(&view(dir.path(), &bucket));
        prop_assert_eq!(&run.remote, &rows);
    }
}

#[test]
fn killed_at_every_point_of_a_flush_and_of_a_merge() {
    for die_after in 1.. {
        let (dir, bucket) = (tempfile::tempdir().unwrap(), Bucket::new());
        let mut run = Run::default();
        use Action::{Append, Compact, Flush, RemoveFiles, Upload};
        let actions = [
            Append(true, 30),
            Flush,
            Upload(false),
            Append(false, 30),
            Flush,
            Compact,
            RemoveFiles,
            Upload(true),
            Append(true, 5),
        ];
        if !live(dir.path(), &bucket, &mut run, &actions, die_after) {
            assert!(die_after > 70, "{die_after} points");
            break;
        }
        live(
            dir.path(),
            &bucket,
            &mut run,
            &[Flush, Compact, RemoveFiles, Upload(true), Upload(true)],
            u64::MAX,
        );
        let view = view(dir.path(), &bucket);
        assert_eq!(run.check(&view), run.remote);
        let report = crate::verify_with(dir.path(), &bucket.remote(0)).unwrap();
        assert!(report.is_good() && report.unknown.is_empty(), "nothing is left behind: {report:?}");
        assert_eq!(bucket.keys("logs/").len(), view.parts.len(), "nor on object storage");
    }
}

#[test]
fn the_order_of_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let core = open_core_on(Disk::new(dir.path()), small()).unwrap();
    super::rows::append(&core, 1..=9);
    core.disk.faults.take_passed();
    Flush::default().flush(&core).unwrap();
    let order = [
        "before-part",
        "part-begun",
        "part-written",
        "part-renamed",
        "parts-synced",
        "before-manifest-append",
        "manifest-half-appended",
        "manifest-appended",
        "before-manifest-sync",
        "manifest-synced",
    ];
    assert_eq!(core.disk.faults.take_passed(), order);
}
