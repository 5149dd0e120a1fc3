//! Parts that are missing, cut off or wrong are named and set aside; the rest stays readable.

use std::fs;
use std::path::{Path, PathBuf};

use super::rows::{SECOND, append, open, positions_in};
use crate::compaction::Compaction;
use crate::flush::Flush;
use crate::{OpenError, Snapshot, verify};

/// A store with three parts of ten rows, of which the second one is to be damaged.
fn three_parts(dir: &Path) -> PathBuf {
    let core = open(dir);
    for ten in 0..3 {
        append(&core, ten * 10 + 1..=ten * 10 + 10);
        Flush::default().flush(&core).unwrap();
    }
    let view = core.snapshot();
    let second = view.parts.iter().find(|part| part.summary().position.0 == 11).unwrap();
    second.path().to_owned()
}

fn rest() -> Vec<u64> {
    (1..=10).chain(21..=30).collect()
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[200] ^= 4;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_missing_or_cut_off_part_is_found_at_the_opening() {
    for cut in [None, Some(0), Some(100)] {
        let dir = tempfile::tempdir().unwrap();
        let path = three_parts(dir.path());
        let whole = fs::read(&path).unwrap();
        match cut {
            None => fs::remove_file(&path).unwrap(),
            Some(len) => fs::write(&path, &whole[..len]).unwrap(),
        }
        let view = Snapshot::open(dir.path()).unwrap();
        assert_eq!((positions_in(&view), view.damaged.len()), (rest(), 1));
        assert_eq!(view.damaged[0].path, path);
        assert!(!verify(dir.path()).unwrap().is_good());

        let core = open(dir.path());
        let view = core.snapshot();
        assert_eq!(positions_in(&view), rest());
        assert_eq!((view.damaged.len(), view.damaged[0].rows), (1, 10));
        assert_eq!(core.status().damaged, view.damaged);
        assert_eq!(view.damaged[0].path.exists(), cut.is_some(), "what is left of it is kept");
        drop((view, core));

        // Put back, it counts again; what is not whole does not.
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(positions_in(&open(dir.path()).snapshot()), rest());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &whole).unwrap();
        let core = open(dir.path());
        assert_eq!(positions_in(&core.snapshot()), (1..=30).collect::<Vec<_>>());
        assert_eq!(core.status().damaged, []);
        append(&core, 31..=40);
        Flush::default().flush(&core).unwrap();
        drop(core);
        assert_eq!(positions_in(&open(dir.path()).snapshot()).len(), 40);
    }
}

#[test]
fn a_flipped_bit_is_found_by_a_merge() {
    let dir = tempfile::tempdir().unwrap();
    let path = three_parts(dir.path());
    flip(&path);
    let report = verify(dir.path()).unwrap();
    assert_eq!((report.good.len(), report.damaged.len()), (2, 1));
    assert_eq!(report.damaged[0].path, path);

    let core = open(dir.path());
    let mut compaction = Compaction::default();
    assert!(compaction.compact(&core, 400_000 * SECOND).unwrap(), "it is set aside");
    assert!(compaction.compact(&core, 400_000 * SECOND).unwrap(), "the others are merged");
    assert!(!compaction.compact(&core, 400_000 * SECOND).unwrap());
    let view = core.snapshot();
    assert_eq!((view.parts.len(), positions_in(&view)), (1, rest()));
    assert_eq!(view.damaged.len(), 1);
    crate::retention::remove_files(&core).unwrap();
    assert!(view.damaged[0].path.exists() && !path.exists());
    drop((view, core));
    let view = Snapshot::open(dir.path()).unwrap();
    assert_eq!((positions_in(&view), view.damaged.len()), (rest(), 1));
}

#[test]
fn a_part_that_a_reader_found_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = three_parts(dir.path());
    let store = crate::Store::open(dir.path(), super::rows::small()).unwrap();
    assert!(store.set_aside(&path, "a page has a wrong checksum").unwrap());
    assert!(!store.set_aside(&path, "again").unwrap());
    assert!(!store.set_aside(Path::new("/elsewhere"), "?").unwrap());
    let view = store.snapshot();
    assert_eq!(positions_in(&view), rest());
    assert_eq!(view.damaged[0].why, "a page has a wrong checksum");
}

#[test]
fn what_was_set_aside_is_forgotten_when_its_age_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let path = three_parts(dir.path());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[1..]).unwrap();
    let core = open(dir.path());
    let aside = core.snapshot().damaged[0].path.clone();
    assert!(aside.exists());
    core.set_limits(crate::limits::Limits {
        retention: crate::Retention { age: Some(std::time::Duration::from_secs(100)), bytes: None },
        ..Default::default()
    });
    crate::retention::retain(&core, 119 * SECOND).unwrap();
    assert!(aside.exists());
    crate::retention::retain(&core, 121 * SECOND).unwrap();
    assert!(!aside.exists() && core.status().damaged.is_empty());
    assert_eq!(positions_in(&core.snapshot()), (21..=30).collect::<Vec<_>>());
}

#[test]
fn parts_without_a_manifest_are_not_taken_for_an_empty_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = three_parts(dir.path());
    fs::remove_file(dir.path().join("manifest-0.cms")).unwrap();
    assert!(matches!(Snapshot::open(dir.path()), Err(OpenError::NoManifest { .. })));
    let error = crate::Store::open(dir.path(), super::rows::small()).unwrap_err();
    assert!(matches!(error, OpenError::NoManifest { .. }), "{error}");
    assert!(path.exists());
}

#[test]
fn two_stores_in_one_directory_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let one = crate::Store::open(dir.path(), super::rows::small()).unwrap();
    let error = crate::Store::open(dir.path(), super::rows::small()).unwrap_err();
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    drop(one);
    crate::Store::open(dir.path(), super::rows::small()).unwrap();
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = three_parts(dir.path());
    let own = path.with_file_name("notes.parquet");
    let left = path.with_file_name("part-00000000000000000099.parquet");
    let tmp = path.with_file_name("part-00000000000000000100.parquet.tmp");
    for file in [&own, &left, &tmp] {
        fs::write(file, b"x").unwrap();
    }
    assert_eq!(verify(dir.path()).unwrap().unknown.len(), 3);
    let core = open(dir.path());
    assert!(own.exists() && !left.exists() && !tmp.exists());
    assert_eq!(positions_in(&core.snapshot()).len(), 30);
}
