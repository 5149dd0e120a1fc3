//! The manifest, cut anywhere and damaged anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::rows::summary;
use crate::OpenError;
use crate::catalog::Catalog;
use crate::change::{Added, Aside, Change, Identity};
use crate::core::Ledger;
use crate::disk::{Disk, manifest_path};
use crate::frame::{self, FORMAT, HEADER_BYTES, Header};
use crate::manifest::{Manifest, newest, replay};
use crate::place::Place;
use crate::prefix::Shelf;

const NUMBER: u64 = 3;

fn shelf(dir: impl AsRef<Path>) -> Shelf {
    Shelf::local(dir.as_ref())
}

fn replayed(bytes: &[u8]) -> Result<Vec<Change>, OpenError> {
    replay(bytes, NUMBER, Path::new("m"), &shelf("d")).map(|replayed| replayed.catalog.changes().collect())
}

/// Steps that follow on each other, from a list of numbers.
fn steps(numbers: &[u8]) -> Vec<Change> {
    let mut live = BTreeSet::new();
    let mut next = 1;
    let step = |number: &u8| {
        let mut change = Change::default();
        let oldest = live.first().copied();
        for _ in 0..number % 4 {
            let sources = BTreeMap::from([("s".to_owned(), u64::from(*number))]);
            change.added.push(Added {
                id: next,
                place: Place::Hour(i64::from(*number)),
                summary: summary(sources),
                uploaded: number.is_multiple_of(5),
            });
            live.insert(next);
            next += 1;
        }
        match (number / 4 % 3, oldest) {
            (1, Some(id)) => {
                change.removed.push(id);
                live.remove(&id);
            }
            (2, Some(id)) => {
                let part =
                    Added { id, place: Place::Scattered, summary: summary(BTreeMap::new()), uploaded: false };
                change.aside.push(Aside { part, why: "bits".to_owned() });
                live.remove(&id);
            }
            (0, Some(id)) if number.is_multiple_of(3) => {
                change.uploaded.push(id);
                change.identity = Some(Identity {
                    store: id.to_string(),
                    url: number.is_multiple_of(2).then(|| "u".to_owned()),
                });
            }
            _ => drop(change.checkpoints.insert(format!("p{}", number % 2), u64::from(*number) * next)),
        }
        change
    };
    numbers.iter().map(step).collect()
}

/// A manifest of these steps, where each record ends, and the state after each.
fn manifest(steps: &[Change]) -> (Vec<u8>, Vec<usize>, Vec<Vec<Change>>) {
    let mut bytes = Header { format: FORMAT, number: NUMBER, base: 0 }.encode().to_vec();
    let (mut ends, mut states) = (vec![bytes.len()], vec![Catalog::default().changes().collect()]);
    let mut catalog = Catalog::default();
    for (number, step) in steps.iter().enumerate() {
        frame::put(&mut bytes, NUMBER, number as u64, &serde_json::to_vec(step).unwrap());
        catalog.apply(step.clone(), &shelf("d")).unwrap();
        ends.push(bytes.len());
        states.push(catalog.changes().collect());
    }
    (bytes, ends, states)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn cut_anywhere_it_opens_as_of_the_last_whole_record(numbers in prop::collection::vec(any::<u8>(), 1..8)) {
        let (bytes, ends, states) = manifest(&steps(&numbers));
        for cut in HEADER_BYTES..=bytes.len() {
            let whole = ends.iter().filter(|end| **end <= cut).count() - 1;
            prop_assert_eq!(&replayed(&bytes[..cut]).unwrap(), &states[whole], "cut at {}", cut);
        }
        for cut in 0..HEADER_BYTES {
            prop_assert!(replayed(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn a_flipped_bit_before_the_last_record_is_refused(
        numbers in prop::collection::vec(any::<u8>(), 2..6), bit in 0_u8..8,
    ) {
        let (bytes, ends, states) = manifest(&steps(&numbers));
        let last = ends[ends.len() - 2];
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 1 << bit;
            match replayed(&bytes) {
                Err(error) => prop_assert!(error.to_string().contains("`m`"), "{}", error),
                // It cannot be told from a record that was being written.
                Ok(state) => prop_assert!(at >= last && state == states[states.len() - 2], "at {}", at),
            }
        }
    }

    #[test]
    fn a_rewritten_manifest_says_the_same_and_must_be_whole(numbers in prop::collection::vec(any::<u8>(), 1..30)) {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::new(dir.path());
        disk.make().unwrap();
        let mut ledger = Ledger { manifest: Manifest::create(&disk).unwrap(), catalog: Catalog::default() };
        for step in steps(&numbers) {
            ledger.manifest.append(&disk, &ledger.catalog, &step).unwrap();
            ledger.catalog.apply(step, &shelf(&dir)).unwrap();
        }
        let found = newest(&disk, &shelf(&dir)).unwrap().unwrap();
        prop_assert_eq!(found.catalog.changes().collect::<Vec<_>>(), ledger.catalog.changes().collect::<Vec<_>>());
        prop_assert_eq!(disk.manifests().unwrap(), [found.number], "old ones are removed");
    }
}

#[test]
fn what_a_manifest_began_with_cannot_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(dir.path());
    disk.make().unwrap();
    let mut manifest = Manifest::create(&disk).unwrap();
    let mut catalog = Catalog::default();
    for step in steps(&[3; 40]) {
        manifest.append(&disk, &catalog, &step).unwrap();
        catalog.apply(step, &shelf(&dir)).unwrap();
    }
    let number = manifest.number();
    assert!(number > 0, "it was rewritten");
    let path = manifest_path(dir.path(), number);
    let bytes = std::fs::read(&path).unwrap();
    let base = Header::decode(&bytes).unwrap().base as usize;
    assert!(base > 4000);
    for cut in (0..HEADER_BYTES + base).rev().step_by(97) {
        assert!(replay(&bytes[..cut], number, &path, &shelf(&dir)).is_err(), "cut at {cut}");
    }
    assert!(replay(&bytes[..HEADER_BYTES + base], number, &path, &shelf(&dir)).is_ok());
}

#[test]
fn a_later_format_and_another_file_are_refused() {
    let bytes = Header { format: 2, number: NUMBER, base: 0 }.encode();
    assert!(matches!(replayed(&bytes), Err(OpenError::Version { version: 2, .. })));
    let bytes = Header { format: FORMAT, number: NUMBER + 1, base: 0 }.encode();
    assert!(matches!(replayed(&bytes), Err(OpenError::Damaged { .. })));
}

#[test]
fn a_record_of_another_manifest_does_not_count() {
    let (mut bytes, _, states) = manifest(&steps(&[1]));
    frame::put(&mut bytes, NUMBER - 1, 1, b"{}");
    assert_eq!(replayed(&bytes).unwrap(), states[1]);
}
