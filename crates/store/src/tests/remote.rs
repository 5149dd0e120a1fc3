//! Parts on object storage: what is there, what is here, and what happens when either is not.

use std::fs;
use std::time::Duration;

use super::rows::{SECOND, append, positions_in, small};
use super::world::{World, open};
use super::{Bucket, LINGER};
use crate::compaction::Compaction;
use crate::flush::Flush;
use crate::limits::Limits;
use crate::retention::{remove_files, retain};
use crate::service::Next;
use crate::upload::{GATHER, Upload};
use crate::{Options, Snapshot, listing};

const LATE: i64 = 400_000 * SECOND;

fn upto(last: u64) -> Vec<u64> {
    (1..=last).collect()
}

#[test]
fn parts_are_put_listed_and_then_need_no_file() {
    let mut world = World::new(0);
    world.ten(1);
    world.ten(11);
    assert!(matches!(world.upload.upload(&world.core, world.clock), Ok(Next::Wait(wait)) if wait == GATHER));
    assert_eq!((world.objects(), world.copies()), (0, 2), "what is merged at once is not uploaded");
    world.pass().unwrap();
    assert_eq!((world.objects(), world.copies()), (2, 0));
    assert_eq!((world.rows(), world.remote_rows()), (upto(20), upto(20)));
    let key = &world.bucket.keys("logs/")[0];
    assert!(key.starts_with("logs/date=1970-01-01/hour=00/part-") && key.ends_with(".parquet"), "{key}");
    let remote = world.core.status().remote.unwrap();
    // The first manifest is empty; what was there before it came one by one.
    assert_eq!((remote.parts, remote.waiting_parts, remote.copy_bytes, remote.manifest), (2, 0, 0, 3));

    world.reopen();
    assert_eq!((world.rows(), world.core.status().damaged.len()), (upto(20), 0));
    world.ten(21);
    while Compaction::default().compact(&world.core, LATE).unwrap() {}
    assert_eq!((world.core.snapshot().parts.len(), world.rows()), (1, upto(30)), "merged from there");
    world.pass().unwrap();
    assert_eq!((world.remote_rows(), world.objects()), (upto(30), 3), "who reads there may hold the others");
    world.clock += LINGER;
    world.pass().unwrap();
    assert_eq!(
        (world.remote_rows(), world.objects(), world.bucket.keys("manifest/").len()),
        (upto(30), 1, 1)
    );
}

#[test]
fn without_object_storage_all_else_goes_on() {
    let mut world = World::new(0);
    world.ten(1);
    world.pass().unwrap();
    world.bucket.set_down(true);
    world.ten(11);
    world.ten(21);
    let error = world.pass().unwrap_err();
    assert!(
        error.to_string().contains("mem://bucket/prefix") && error.to_string().contains("no answer"),
        "{error}"
    );
    // What is only there gives an error, which is no damage; the others are merged.
    let view = world.core.snapshot();
    let failed = view.parts.iter().filter_map(|part| part.verify().err()).collect::<Vec<_>>();
    assert!(failed.len() == 1 && !failed[0].is_damage(), "{failed:?}");
    let mut compaction = Compaction::default();
    assert!(compaction.compact(&world.core, LATE).is_err());
    assert!(!compaction.compact(&world.core, LATE).unwrap(), "they rest");
    world.reopen();
    let status = world.core.status();
    assert_eq!((status.part_rows, status.damaged.len()), (30, 0));
    world.ten(31);
    assert!(world.upload.upload(&world.core, world.clock).is_err());
    world.bucket.set_down(false);
    world.pass().unwrap();
    assert_eq!((world.rows(), world.remote_rows()), (upto(40), upto(40)));
}

#[test]
fn the_first_use_may_come_when_it_cannot_be_reached() {
    let (dir, bucket) = (tempfile::tempdir().unwrap(), Bucket::new());
    bucket.set_down(true);
    let core = open(dir.path(), &bucket, 0);
    append(&core, 1..=10);
    Flush::default().flush(&core).unwrap();
    assert!(Upload::new().upload(&core, Duration::ZERO).is_err());
    assert_eq!(positions_in(&core.snapshot()), upto(10));
}

#[test]
fn whichever_call_fails_or_gets_no_answer_it_is_tried_again() {
    let points = [
        "before-objects-listed",
        "before-object-created",
        "object-created",
        "before-object-put",
        "object-half-put",
        "object-put",
        "before-manifest-put",
        "before-part-put",
        "part-opened",
        "before-copy-evicted",
        "copy-evicted",
        "before-object-deleted",
        "object-deleted",
        "before-object-removed",
    ];
    for (point, reopen) in points.iter().flat_map(|point| [(*point, false), (*point, true)]) {
        let mut world = World::new(0);
        for ten in 0..4 {
            world.ten(ten * 10 + 1);
            if ten % 2 == 1 {
                while Compaction::default().compact(&world.core, LATE).unwrap() {}
            }
            if ten == 2 {
                world.reopen();
                world.faults().fail(point);
            }
            for _ in 0..2 {
                let failed = world.pass().is_err();
                assert!(!failed || (ten == 2 && world.faults().failed()), "{point}");
                if failed && reopen {
                    world.reopen();
                }
                world.clock += LINGER;
            }
            assert!(ten != 2 || reopen || world.faults().failed(), "{point} was not passed");
        }
        world.pass().unwrap();
        assert_eq!((world.rows(), world.remote_rows()), (upto(40), upto(40)), "{point}");
        for _ in 0..2 {
            world.clock += LINGER;
            world.pass().unwrap();
        }
        remove_files(&world.core).unwrap();
        assert_eq!((world.objects(), world.copies()), (1, 0), "{point}");
    }
}

#[test]
fn parts_of_before_come_a_few_at_a_time() {
    let (dir, bucket) = (tempfile::tempdir().unwrap(), Bucket::new());
    let core = super::rows::open(dir.path());
    for ten in 0..12 {
        append(&core, ten * 10 + 1..=ten * 10 + 10);
        Flush::default().flush(&core).unwrap();
    }
    drop(core);
    let mut world = World { core: open(dir.path(), &bucket, 0), dir, bucket, ..World::new(0) };
    let mut seen = Vec::new();
    let mut manifests = 0;
    loop {
        let next = world.upload.upload(&world.core, world.clock).unwrap();
        world.clock += GATHER;
        let rows = world.remote_rows();
        assert!(seen.iter().all(|row| rows.contains(row)), "{seen:?} {rows:?}");
        assert!(rows.is_sorted_by(|one, other| one < other));
        manifests += usize::from(rows.len() > seen.len());
        if rows.len() > seen.len() && manifests == 1 {
            assert!(rows.contains(&120), "the newest come first");
            // Of what is there and what is not, some parts become one.
            while Compaction::default().compact(&world.core, LATE).unwrap() {}
            world.ten(121);
        }
        seen = rows;
        if seen.len() == 130 && matches!(next, Next::Wait(_)) {
            break;
        }
    }
    assert!(manifests >= 2, "{manifests}");
}

#[test]
fn the_newest_copies_stay_as_long_as_they_fit() {
    let world = World::new(0);
    world.ten(1);
    let bytes = world.core.snapshot().parts[0].summary().bytes;
    // Two parts and a half, and as much for blocks.
    let mut world = World::new(bytes * 5);
    for ten in 0..5 {
        world.ten(ten * 10 + 1);
    }
    world.pass().unwrap();
    assert_eq!((world.copies(), world.rows()), (2, upto(50)));
    let view = world.core.snapshot();
    let here: Vec<bool> = view.parts.iter().map(|part| part.path().exists()).collect();
    assert_eq!(here, [true, true, false, false, false]);
    let blocks: u64 = fs::read_dir(world.dir.path().join("cache"))
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len() - 4)
        .sum();
    assert!(blocks > 0 && blocks <= bytes * 5 / 2, "{blocks}");
}

#[test]
fn a_damaged_copy_is_read_from_object_storage() {
    for merge in [false, true] {
        let mut world = World::new(1 << 30);
        world.ten(1);
        world.ten(11);
        world.pass().unwrap();
        let path = world.core.snapshot().parts[0].path().to_owned();
        let mut bytes = fs::read(&path).unwrap();
        bytes[200] ^= 4;
        if merge {
            fs::write(&path, bytes).unwrap();
            while Compaction::default().compact(&world.core, LATE).unwrap() {}
            assert_eq!(world.core.snapshot().parts.len(), 1);
        } else {
            fs::write(&path, &bytes[1..]).unwrap();
            assert_eq!(
                positions_in(&Snapshot::open_with(world.dir.path(), &world.bucket.remote(0)).unwrap()),
                upto(20)
            );
            world.reopen();
        }
        assert_eq!((world.rows(), world.core.status().damaged.len()), (upto(20), 0));
    }
}

#[test]
fn a_damaged_object_is_set_aside_and_named() {
    let harms: [fn(&Bucket, &str); 3] = [
        |bucket, key| bucket.change(key, |bytes| bytes[200] ^= 4),
        |bucket, key| bucket.change(key, |bytes| bytes.truncate(300)),
        |bucket, key| bucket.remove(key),
    ];
    for (harm, reopen) in harms.iter().flat_map(|harm| [(harm, false), (harm, true)]) {
        let mut world = World::new(0);
        world.ten(1);
        world.ten(11);
        world.pass().unwrap();
        let key = world.bucket.keys("logs/")[0].clone();
        harm(&world.bucket, &key);
        if reopen {
            world.reopen();
            world.pass().unwrap();
        }
        let mut compaction = Compaction::default();
        while compaction.compact(&world.core, LATE).unwrap() {}
        assert_eq!(world.rows(), (11..=20).collect::<Vec<_>>());
        let status = world.core.status();
        assert_eq!((status.damaged.len(), status.damaged[0].rows), (1, 10));
        world.pass().unwrap();
        assert_eq!(world.remote_rows(), (11..=20).collect::<Vec<_>>());
    }
}

#[test]
fn a_damaged_file_is_not_uploaded() {
    for cut in [false, true] {
        let mut world = World::new(0);
        world.ten(1);
        world.ten(11);
        let path = world.core.snapshot().parts[0].path().to_owned();
        let mut bytes = fs::read(&path).unwrap();
        bytes[200] ^= 4;
        fs::write(&path, &bytes[usize::from(cut)..]).unwrap();
        world.pass().unwrap();
        assert_eq!((world.remote_rows(), world.rows(), world.objects()), (upto(10), upto(10), 1));
        assert_eq!(world.core.status().damaged.len(), 1);
    }
}

#[test]
fn what_retention_drops_goes_there_too_when_nobody_holds_it() {
    let mut world = World::new(0);
    for ten in 0..3 {
        world.ten(ten * 10 + 1);
    }
    world.pass().unwrap();
    let bytes = world.core.snapshot().parts[0].summary().bytes;
    let held = world.core.snapshot();
    let retention = crate::Retention { age: None, bytes: Some(bytes * 3 / 2) };
    world.core.set_limits(Limits { retention, ..Limits::default() });
    retain(&world.core, 0).unwrap();
    remove_files(&world.core).unwrap();
    assert_eq!(
        world.rows(),
        (21..=30).collect::<Vec<_>>(),
        "the bytes of the table count, wherever they are"
    );
    world.pass().unwrap();
    assert_eq!((world.remote_rows(), world.objects()), ((21..=30).collect::<Vec<_>>(), 3));
    world.clock += LINGER;
    world.pass().unwrap();
    assert_eq!((positions_in(&held), world.objects()), (upto(30), 3), "held by a snapshot");
    drop(held);
    world.clock += LINGER;
    world.pass().unwrap();
    assert_eq!((world.objects(), world.bucket.keys("manifest/").len()), (1, 1));
}

#[test]
fn for_the_free_disk_copies_go_and_no_rows() {
    let mut world = World::new(1 << 30);
    for ten in 0..3 {
        world.ten(ten * 10 + 1);
    }
    world.pass().unwrap();
    world.ten(31);
    assert_eq!(world.copies(), 4);
    world.core.set_limits(Limits { disk_free_min: 1 << 20, ..Limits::default() });
    world.faults().set_free_bytes((1 << 20) - 1);
    retain(&world.core, 0).unwrap();
    assert_eq!((world.copies(), world.rows()), (3, upto(40)));
    world.faults().set_free_bytes(0);
    retain(&world.core, 0).unwrap();
    assert_eq!((world.copies(), world.rows()), (1, upto(40)));
    // Now the blocks that were read go, and then only what is nowhere else is left to drop.
    retain(&world.core, 0).unwrap();
    retain(&world.core, 0).unwrap();
    assert_eq!(world.rows(), upto(30));
}

#[test]
fn what_crashes_left_is_removed_and_nothing_else() {
    let mut world = World::new(0);
    world.ten(1);
    world.pass().unwrap();
    let left = "logs/date=1970-01-01/hour=00/part-00000000000000000099-0badcafe.parquet";
    for key in [left, "logs/date=1970-01-01/notes.txt", "other/part-00000000000000000099-0badcafe.parquet"] {
        world.bucket.insert(key, b"x");
    }
    world.reopen();
    world.pass().unwrap();
    assert_eq!(world.objects(), 3, "it might be of someone who is still writing it");
    world.clock += LINGER;
    world.pass().unwrap();
    assert_eq!(
        (world.objects(), world.bucket.keys(left).len(), world.bucket.keys("other/").len()),
        (2, 0, 1)
    );
    assert_eq!(listing::numbers(&world.bucket).unwrap().len(), 1);
}

#[test]
fn a_store_that_stops_does_not_wait_for_the_network() {
    let (dir, bucket) = (tempfile::tempdir().unwrap(), Bucket::new());
    let gate = bucket.hang_when_listed("logs/");
    let remote = Some(bucket.remote(0));
    let store = crate::Store::open(dir.path(), Options { remote, ..small() }).unwrap();
    store.append("main", &super::rows::records(&[(1, 0, "s")]), record::Position(1)).unwrap();
    gate.wait_for_someone();
    store.stop(Duration::from_secs(20)).unwrap();
    assert_eq!(positions_in(&Snapshot::open(dir.path()).unwrap()), [1]);
    gate.open();
}
