//! Killed at any point, again and again: every row is there exactly once.

use std::sync::Arc;

use proptest::prelude::*;
use record::Position;

use super::rows::{SECOND, positions_in, records, small};
use crate::compaction::Compaction;
use crate::core::{Core, Stage};
use crate::disk::Disk;
use crate::flush::Flush;
use crate::retention::{remove_files, retain};
use crate::store::open_core_on;
use crate::{Retention, Snapshot};

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

    fn act(&mut self, core: &Core, action: &Action, flush: &mut Flush, compaction: &mut Compaction) {
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

/// Opens the store, does this, and dies after so many points; false when it did not come to that.
fn live(dir: &std::path::Path, run: &mut Run, actions: &[Action], die_after: u64) -> bool {
    let disk = Disk::new(dir);
    let faults = disk.faults.clone();
    let options = crate::Options {
        retention: Retention { age: Some(std::time::Duration::from_secs(AGE)), bytes: None },
        ..small()
    };
    let seen = run.check(&Snapshot::open(dir).unwrap());
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
    let (mut flush, mut compaction) = (Flush::default(), Compaction::default());
    for action in actions {
        if faults.is_dead() {
            break;
        }
        run.act(&core, action, &mut flush, &mut compaction);
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
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::default();
        for (actions, die_after) in lives {
            live(dir.path(), &mut run, &actions, die_after);
        }
        live(dir.path(), &mut run, &[Action::Flush, Action::Compact], u64::MAX);
        run.check(&Snapshot::open(dir.path()).unwrap());
    }
}

#[test]
fn killed_at_every_point_of_a_flush_and_of_a_merge() {
    for die_after in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::default();
        use Action::{Append, Compact, Flush, RemoveFiles};
        let actions =
            [Append(true, 30), Flush, Append(false, 30), Flush, Compact, RemoveFiles, Append(true, 5)];
        if !live(dir.path(), &mut run, &actions, die_after) {
            assert!(die_after > 40, "{die_after} points");
            break;
        }
        live(dir.path(), &mut run, &[Flush, Compact, RemoveFiles], u64::MAX);
        let view = Snapshot::open(dir.path()).unwrap();
        run.check(&view);
        let (_, unknown) = (view, crate::verify(dir.path()).unwrap().unknown);
        assert_eq!(unknown, Vec::<std::path::PathBuf>::new(), "nothing is left behind");
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
