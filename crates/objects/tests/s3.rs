//! Against a server that speaks S3, for example one on this machine: see `.ci/object-storage`. Without `CATCHMENT_S3`,
//! its endpoint, nothing is tested here.

use std::collections::BTreeMap;
use std::io::{Cursor, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use record::{Batch, Line, LineFlags, Micros, Position};
use store::{Objects, Options, Remote, Snapshot, Store};

fn var(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn options() -> BTreeMap<String, String> {
    let endpoint =
        std::env::var("CATCHMENT_S3").expect("`CATCHMENT_S3` is the endpoint, like `http://127.0.0.1:8014`");
    [
        ("endpoint", endpoint),
        ("allow_http", "true".to_owned()),
        ("region", "us-east-1".to_owned()),
        ("access_key_id", var("CATCHMENT_S3_KEY", "catchment")),
        ("secret_access_key", var("CATCHMENT_S3_SECRET", "catchment-secret")),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// A prefix that nobody used before.
fn url(name: &str) -> String {
    let clock = record::clock::wall().0;
    format!("s3://{}/{name}-{clock}-{}", var("CATCHMENT_S3_BUCKET", "catchment"), std::process::id())
}

fn connect(url: &str) -> Arc<dyn Objects> {
    objects::connect(url, &options()).unwrap()
}

#[test]
#[ignore = "it needs a server: `.ci/object-storage`"]
fn objects_keep_the_rules_that_the_store_depends_on() {
    let objects = connect(&url("rules"));
    for len in [0, 1, 100_000, 20 << 20] {
        let bytes: Vec<u8> = (0..len).map(|n: u64| (n * 7 % 251) as u8).collect();
        let key = format!("logs/date=2026-11-22/hour=__HIVE_DEFAULT_PARTITION__/part-{len}.parquet");
        objects.put(&key, &mut Cursor::new(&bytes), len).unwrap();
        let range = len / 3..len / 2;
        assert_eq!(
            objects.read(&key, range.clone(), len).unwrap(),
            bytes[range.start as usize..range.end as usize]
        );
        assert!(objects.get(&key).unwrap() == bytes);
    }
    assert!(objects.create("manifest/1", b"first".to_vec()).unwrap());
    assert!(!objects.create("manifest/1", b"second".to_vec()).unwrap());
    assert_eq!(objects.get("manifest/1").unwrap(), b"first");

    let key = "logs/date=2026-11-22/hour=__HIVE_DEFAULT_PARTITION__/part-100000.parquet";
    let kind = |key: &str, range, of| objects.read(key, range, of).unwrap_err().kind();
    assert_eq!(kind(key, 0..10, 99_999), ErrorKind::UnexpectedEof);
    assert_eq!(kind(key, 100_000..100_010, 200_000), ErrorKind::UnexpectedEof);
    assert_eq!(kind("logs/gone", 0..10, 99_999), ErrorKind::NotFound);
    let listed = objects.list("logs/").unwrap();
    assert!(
        listed.len() == 4 && listed.iter().any(|object| object.key == key && object.bytes == 100_000),
        "{listed:?}"
    );
    objects.delete(key).unwrap();
    objects.delete(key).unwrap();
    assert_eq!(objects.list("logs/").unwrap().len(), 3);
}

#[test]
#[ignore = "it needs a server: `.ci/object-storage`"]
fn more_objects_than_one_answer_lists() {
    let objects = connect(&url("many"));
    for n in 0..1005 {
        objects.put(&format!("logs/{n}"), &mut Cursor::new(b"x"), 1).unwrap();
    }
    assert_eq!(objects.list("logs/").unwrap().len(), 1005);
}

#[test]
#[ignore = "it needs a server: `.ci/object-storage`"]
fn errors_say_what_is_wrong_and_no_secret() {
    let nowhere = objects::connect("s3://no-such-bucket-here/p", &options()).unwrap();
    let error = nowhere.list("manifest/").unwrap_err();
    assert_ne!(error.kind(), ErrorKind::NotFound, "a missing bucket is no missing object: {error}");

    let mut wrong = options();
    wrong.insert("secret_access_key".to_owned(), "geheim".to_owned());
    let error = objects::connect(&url("wrong"), &wrong).unwrap().get("manifest/1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    assert!(!error.to_string().contains("geheim"));

    let mut away = options();
    away.insert("endpoint".to_owned(), "http://127.0.0.1:1".to_owned());
    let error = objects::connect(&url("away"), &away).unwrap().list("logs/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("refused"), "{error}");
}

fn records(positions: std::ops::RangeInclusive<u64>) -> Batch {
    let mut batch = Batch::new();
    for (index, position) in positions.enumerate() {
        let text = format!("line {position}: user logged in");
        batch.push(&Line {
            position: Position(position),
            received: Micros(1_700_000_000_000_000 + position),
            source: "source",
            peer: "peer.example:514",
            bytes: text.as_bytes(),
            flags: LineFlags::default(),
        });
        batch.set_time(index, 1_699_970_000_000_000 + (position as i64 % 3) * 3_600_000_000);
    }
    batch
}

fn rows(view: &Snapshot) -> u64 {
    let in_parts: usize = view
        .parts
        .iter()
        .flat_map(|part| part.scan(Some(&["message"]), None, 8192).unwrap())
        .map(|batch| batch.unwrap().num_rows())
        .sum();
    in_parts as u64 + view.memory.iter().map(|batch| batch.num_rows() as u64).sum::<u64>()
}

fn open(dir: &Path, url: &str) -> Store {
    let remote = Some(Remote::new(connect(url), 0));
    Store::open(dir, Options { remote, ..Options::default() }).unwrap()
}

/// Waits until everything is there and nothing of it is here.
fn wait_for_upload(store: &Store) {
    let deadline = record::clock::monotonic() + Duration::from_secs(120);
    loop {
        let status = store.status();
        assert!(record::clock::monotonic() < deadline, "{status:?}");
        let done = |remote: &store::RemoteStatus| {
            remote.waiting_parts == 0 && remote.parts == status.parts && remote.copy_bytes == 0
        };
        if status.remote.as_ref().is_some_and(done) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "it needs a server: `.ci/object-storage`"]
fn a_store_is_kept_there_and_read_from_elsewhere() {
    let (dir, url) = (tempfile::tempdir().unwrap(), url("store"));
    let store = open(dir.path(), &url);
    store.append("main", &records(1..=5000), Position(5000)).unwrap();
    store.flush().unwrap();
    wait_for_upload(&store);
    assert_eq!(rows(&store.snapshot()), 5000);
    store.append("main", &records(5001..=6000), Position(6000)).unwrap();
    store.stop(Duration::from_secs(60)).unwrap();

    let cache = tempfile::tempdir().unwrap();
    let elsewhere = || objects::open_snapshot(&url, &options(), cache.path(), 64 << 20).unwrap();
    assert_eq!(rows(&elsewhere()), 5000, "as of the last upload");
    let store = open(dir.path(), &url);
    assert_eq!(rows(&store.snapshot()), 6000);
    wait_for_upload(&store);
    assert_eq!(rows(&elsewhere()), 6000);
    assert!(std::fs::read_dir(cache.path()).unwrap().next().is_some(), "what was read is kept");
    store.stop(Duration::from_secs(60)).unwrap();

    // Another store is not let in.
    let other = tempfile::tempdir().unwrap();
    let remote = Some(Remote::new(connect(&url), 0));
    let error = Store::open(other.path(), Options { remote, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains(&url), "{error}");
}
