//! The cache of blocks, against the object itself.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::Bucket;
use crate::Objects as _;
use crate::blocks::{Blocks, Wanted};

const KEY: &str = "logs/date=2026-11-22/hour=13/part-00000000000000000001-00000000.parquet";
const BLOCK: u64 = 1 << 10;

fn bytes(of: u64) -> Vec<u8> {
    (0..of).map(|n| (n * 31 / 7 % 251) as u8).collect()
}

fn bucket(of: u64) -> Bucket {
    let bucket = Bucket::new();
    bucket.insert(KEY, &bytes(of));
    bucket
}

fn wanted(bucket: &Bucket, of: u64) -> Wanted<'_> {
    Wanted { objects: bucket, key: KEY, of }
}

fn on_disk(dir: &Path) -> u64 {
    fs::read_dir(dir).map_or(0, |files| files.map(|file| file.unwrap().metadata().unwrap().len() - 4).sum())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_is_there_within_the_bound(
        of in 1_u64..20_000,
        bytes_max in prop::sample::select(vec![0, 1000, BLOCK, 3 * BLOCK, 100 * BLOCK]),
        reads in prop::collection::vec((any::<u64>(), 0_usize..15_000, any::<u8>()), 1..20),
    ) {
        let (dir, bucket, whole) = (tempfile::tempdir().unwrap(), bucket(of), bytes(of));
        let mut blocks = Blocks::open(dir.path(), bytes_max);
        for (at, len, harm) in reads {
            let at = at % of;
            let len = len.min((of - at) as usize);
            let found = blocks.read(wanted(&bucket, of), at, len).unwrap();
            prop_assert_eq!(found, &whole[at as usize..at as usize + len]);
            prop_assert!(blocks.bytes() <= bytes_max && on_disk(dir.path()) == blocks.bytes());
            let file = fs::read_dir(dir.path()).unwrap().next().map(|file| file.unwrap().path());
            match (harm % 8, file) {
                (0, _) => blocks = Blocks::open(dir.path(), bytes_max),
                // Another process made room, or the machine died while it was written.
                (1, Some(file)) => {
                    fs::remove_file(file).unwrap();
                    blocks = Blocks::open(dir.path(), bytes_max);
                }
                (2, Some(file)) => {
                    let mut torn = fs::read(&file).unwrap();
                    let last = torn.len() - 1;
                    torn[last] ^= 1;
                    fs::write(&file, torn).unwrap();
                    blocks = Blocks::open(dir.path(), bytes_max);
                }
                _ => {}
            }
        }
    }
}

#[test]
fn a_block_is_fetched_once_also_by_the_next_process() {
    let (dir, bucket) = (tempfile::tempdir().unwrap(), bucket(10 * BLOCK));
    let blocks = Blocks::open(dir.path(), 5 * BLOCK);
    let read =
        |blocks: &Blocks, block: u64| blocks.read(wanted(&bucket, 10 * BLOCK), block * BLOCK + 5, 9).unwrap();
    for block in [0, 1, 2, 0, 1, 2] {
        read(&blocks, block);
    }
    assert_eq!(bucket.reads(), 3);
    drop(blocks);
    let blocks = Blocks::open(dir.path(), 5 * BLOCK);
    read(&blocks, 2);
    assert_eq!((bucket.reads(), blocks.bytes()), (3, 3 * BLOCK));
    // The one that was not used for the longest time goes.
    for block in [3, 4, 0, 1, 5] {
        read(&blocks, block);
    }
    assert_eq!(bucket.reads(), 6);
    for block in [0, 1] {
        read(&blocks, block);
    }
    assert_eq!(bucket.reads(), 6);
    read(&blocks, 2);
    assert_eq!(bucket.reads(), 7);
}

#[test]
fn neighbours_are_fetched_in_one_go() {
    let (dir, bucket) = (tempfile::tempdir().unwrap(), bucket(10 * BLOCK));
    let blocks = Blocks::open(dir.path(), 100 * BLOCK);
    let all = blocks.read(wanted(&bucket, 10 * BLOCK), 0, 8 * BLOCK as usize).unwrap();
    assert_eq!((all, bucket.reads()), (bytes(8 * BLOCK), 1));
    assert_eq!(blocks.evict(2 * BLOCK), 2 * BLOCK);
    assert!(blocks.forget(wanted(&bucket, 10 * BLOCK)) && !blocks.forget(wanted(&bucket, 10 * BLOCK)));
    assert_eq!((blocks.bytes(), on_disk(dir.path())), (0, 0));
}

#[test]
fn what_object_storage_says_is_passed_on() {
    let (dir, bucket) = (tempfile::tempdir().unwrap(), bucket(5000));
    let blocks = Blocks::open(dir.path(), 100 * BLOCK);
    let kind = |of| blocks.read(wanted(&bucket, of), 0, 10).unwrap_err().kind();
    assert_eq!(kind(4999), std::io::ErrorKind::UnexpectedEof);
    bucket.set_down(true);
    assert_eq!(kind(5000), std::io::ErrorKind::TimedOut);
    bucket.set_down(false);
    bucket.delete(KEY).unwrap();
    assert_eq!(kind(5000), std::io::ErrorKind::NotFound);
}
