//! A prefix belongs to one store.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Bucket;
use super::rows::{append, positions_in, small};
use super::world::{World, open};
use crate::disk::Disk;
use crate::flush::Flush;
use crate::store::open_core_on;
use crate::upload::{GATHER, Upload};
use crate::{OpenError, Options, Snapshot, StoreError};

fn flushed(world: &mut World, positions: std::ops::RangeInclusive<u64>) {
    append(&world.core, positions);
    Flush::default().flush(&world.core).unwrap();
}

fn try_open(dir: &Path, bucket: &Bucket) -> Result<(), OpenError> {
    let options = Options { remote: Some(bucket.remote(0)), ..small() };
    open_core_on(Disk::new(dir), options).map(drop)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn the_prefix_of_another_store_is_refused() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    world.pass().unwrap();
    let other = tempfile::tempdir().unwrap();
    let error = try_open(other.path(), &world.bucket).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("mem://bucket/prefix"), "{error}");
    // The own one is not.
    world.reopen();
    world.pass().unwrap();
}

#[test]
fn of_two_that_come_at_once_one_stays_and_the_other_says_so() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    let other_dir = tempfile::tempdir().unwrap();
    let other = open(other_dir.path(), &world.bucket, 0);
    append(&other, 101..=110);
    Flush::default().flush(&other).unwrap();
    world.pass().unwrap();
    let objects = world.bucket.keys("");
    let mut upload = Upload::new();
    for _ in 0..3 {
        let error = upload.upload(&other, Duration::ZERO).unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    }
    assert_eq!(world.bucket.keys(""), objects, "nothing was written");
    append(&other, 111..=120);
    Flush::default().flush(&other).unwrap();
    assert_eq!(positions_in(&other.snapshot()), (101..=120).collect::<Vec<_>>(), "it goes on collecting");
    assert_eq!(world.remote_rows(), (1..=10).collect::<Vec<_>>());
}

#[test]
fn a_copy_of_the_store_on_another_machine_is_noticed() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    world.pass().unwrap();
    let twin_dir = tempfile::tempdir().unwrap();
    copy(world.dir.path(), twin_dir.path());
    let twin = open(twin_dir.path(), &world.bucket, 0);
    append(&twin, 11..=20);
    Flush::default().flush(&twin).unwrap();
    flushed(&mut world, 11..=30);
    let mut upload = Upload::new();
    let mut clock = Duration::ZERO;
    for _ in 0..3 {
        upload.upload(&twin, clock).unwrap();
        clock += GATHER;
    }
    let before = world.remote_rows();
    assert_eq!(before, (1..=20).collect::<Vec<_>>());
    let error = world.pass().unwrap_err();
    assert!(error.to_string().contains("copy of this store"), "{error}");
    assert!(world.pass().is_err(), "until it is opened again");
    assert_eq!(world.remote_rows(), before);
}

#[test]
fn a_prefix_that_was_copied_is_the_stores_own() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    world.pass().unwrap();
    world.bucket = world.bucket.copied_to("mem://other/place");
    world.reopen();
    assert_eq!(positions_in(&world.core.snapshot()), (1..=10).collect::<Vec<_>>());
    flushed(&mut world, 11..=20);
    world.pass().unwrap();
    assert_eq!(world.remote_rows(), (1..=20).collect::<Vec<_>>());
    world.bucket.set_down(true);
    world.reopen();
    world.bucket.set_down(false);
    assert_eq!(positions_in(&world.core.snapshot()), (1..=20).collect::<Vec<_>>(), "it is noted");
}

#[test]
fn another_url_without_the_parts_says_where_they_are() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    world.pass().unwrap();
    let before = std::mem::replace(&mut world.bucket, Bucket::new().copied_to("mem://wrong/place"));
    world.reopen();
    let error = world.pass().unwrap_err().to_string();
    assert!(error.contains("mem://wrong/place") && error.contains("mem://bucket/prefix"), "{error}");
    let error = world.core.snapshot().parts[0].verify().unwrap_err();
    assert!(!error.is_damage() && error.to_string().contains("mem://bucket/prefix"), "{error}");
    let offline = Snapshot::open_with(world.dir.path(), &world.bucket.remote(0)).unwrap();
    assert!(!offline.parts[0].verify().unwrap_err().is_damage());
    flushed(&mut world, 11..=20);
    world.bucket = before;
    world.reopen();
    world.pass().unwrap();
    assert_eq!(world.remote_rows(), (1..=20).collect::<Vec<_>>());
}

#[test]
fn a_prefix_that_was_emptied_is_no_damage() {
    let mut world = World::new(1 << 30);
    flushed(&mut world, 1..=10);
    world.pass().unwrap();
    let whole = world.bucket.copied_to("mem://bucket/prefix");
    world.bucket.remove("");
    // All of it is here as well: it is put again.
    world.reopen();
    world.pass().unwrap();
    assert_eq!(world.remote_rows(), (1..=10).collect::<Vec<_>>());
    // Nothing of it is here: it is not given up.
    let path = world.core.snapshot().parts[0].path().to_owned();
    fs::remove_file(path).unwrap();
    world.bucket.remove("");
    world.reopen();
    let error = world.pass().unwrap_err();
    assert!(matches!(error, StoreError::Moved { parts: 1, .. }), "{error}");
    let error = world.core.snapshot().parts[0].verify().unwrap_err();
    assert!(!error.is_damage(), "{error}");
    world.bucket = whole;
    world.reopen();
    world.pass().unwrap();
    assert_eq!((positions_in(&world.core.snapshot()), world.remote_rows().len()), ((1..=10).collect(), 10));
}

#[test]
fn parts_without_a_manifest_are_left_alone() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    let key = "logs/date=1970-01-01/hour=00/part-00000000000000000099-0badcafe.parquet";
    world.bucket.insert(key, b"x");
    let error = world.pass().unwrap_err();
    assert!(matches!(error, StoreError::NoRemoteManifest { parts: 1, .. }), "{error}");
    world.bucket.remove("logs/");
    world.pass().unwrap();
    assert_eq!(world.remote_rows(), (1..=10).collect::<Vec<_>>());
}

#[test]
fn what_is_on_object_storage_needs_it_to_be_configured() {
    let mut world = World::new(0);
    flushed(&mut world, 1..=10);
    world.pass().unwrap();
    let view = Snapshot::open(world.dir.path()).unwrap();
    assert_eq!(view.damaged, []);
    let error = view.parts[0].verify().unwrap_err();
    assert!(!error.is_damage() && error.to_string().contains("no URL"), "{error}");
    let report = crate::verify(world.dir.path()).unwrap();
    assert_eq!((report.elsewhere.len(), report.is_good()), (1, true));
    let report = crate::verify_with(world.dir.path(), &world.bucket.remote(0)).unwrap();
    assert_eq!((report.elsewhere.len(), report.good.len()), (0, 1));
}

#[test]
fn a_manifest_of_a_later_program_is_refused() {
    let mut world = World::new(0);
    world.pass().unwrap();
    let key = world.bucket.keys("manifest/").pop().unwrap();
    let cache = tempfile::tempdir().unwrap();
    for (bytes, says) in [(&b"{\"format\":2,\"new\":1}"[..], "format 2"), (b"<html>", "no manifest")] {
        world.bucket.insert(&key, bytes);
        let error = Snapshot::remote(&world.bucket.remote(0), cache.path()).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(&key), "{error}");
    }
    world.bucket.remove("");
    let error = Snapshot::remote(&world.bucket.remote(0), cache.path()).unwrap_err().to_string();
    assert_eq!(error, "there is no store below `mem://bucket/prefix`");
}
