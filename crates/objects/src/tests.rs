//! A client against object storage in memory, which keeps the same rules as the real ones.

use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::throttle::{ThrottleConfig, ThrottledStore};
use store::{Object, Objects as _};

use crate::client::Client;
use crate::runtime::Thread;

fn client() -> Client {
    let (prefix, thread) = (Path::from("a/b"), Thread::start().unwrap());
    Client {
        whole_max: 1000,
        ..Client::new("s3://bucket/a/b".to_owned(), prefix, Arc::new(InMemory::new()), thread)
    }
}

fn object(key: &str, bytes: u64) -> Object {
    Object { key: key.to_owned(), bytes }
}

#[test]
fn objects_are_as_they_were_put() {
    let client = client();
    for len in [0, 1, 999, 1000, 1001, 2000, 4321] {
        let bytes: Vec<u8> = (0..len).map(|n| (n % 251) as u8).collect();
        let key = format!("logs/date=2026-11-22/hour=13/{len}");
        client.put(&key, &mut Cursor::new(&bytes), len).unwrap();
        assert_eq!(client.get(&key).unwrap(), bytes);
        for range in [0..0, 0..len, len / 3..len / 2, len.saturating_sub(1)..len] {
            let found = client.read(&key, range.clone(), len).unwrap();
            assert_eq!(found, bytes[range.start as usize..range.end as usize]);
        }
    }
    client.put("logs/x", &mut Cursor::new(b"one"), 3).unwrap();
    client.put("logs/x", &mut Cursor::new(b"other"), 5).unwrap();
    assert_eq!(client.get("logs/x").unwrap(), b"other");
}

#[test]
fn what_is_listed_is_below_the_prefix() {
    let client = client();
    for key in ["logs/one", "logs/deep/two", "manifest/1", "logsbook"] {
        client.put(key, &mut Cursor::new(b"12"), 2).unwrap();
    }
    let mut listed = client.list("logs/").unwrap();
    listed.sort_by(|one, other| one.key.cmp(&other.key));
    assert_eq!(listed, [object("logs/deep/two", 2), object("logs/one", 2)]);
    client.delete("logs/one").unwrap();
    client.delete("logs/one").unwrap();
    assert_eq!(client.list("logs/").unwrap(), [object("logs/deep/two", 2)]);
    assert_eq!(client.list("nothing/").unwrap(), []);
}

#[test]
fn of_two_who_create_an_object_one_does() {
    let client = client();
    assert!(client.create("manifest/1", b"first".to_vec()).unwrap());
    assert!(!client.create("manifest/1", b"second".to_vec()).unwrap());
    assert_eq!(client.get("manifest/1").unwrap(), b"first");
    for round in 0..50 {
        let key = format!("manifest/{round}-raced");
        let create = &|n| client.create(&key, vec![n]).unwrap();
        let made: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|n| scope.spawn(move || create(n))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(made.iter().filter(|made| **made).count(), 1);
    }
}

#[test]
fn gone_and_of_another_length_are_told_apart() {
    let client = client();
    client.put("logs/x", &mut Cursor::new([7; 100]), 100).unwrap();
    let kind = |key, range, of| client.read(key, range, of).unwrap_err().kind();
    assert_eq!(kind("logs/x", 0..10, 99), ErrorKind::UnexpectedEof);
    assert_eq!(kind("logs/x", 0..10, 101), ErrorKind::UnexpectedEof);
    assert_eq!(kind("logs/x", 100..110, 200), ErrorKind::UnexpectedEof);
    assert_eq!(kind("logs/x", 90..110, 200), ErrorKind::UnexpectedEof);
    assert_eq!(kind("logs/y", 0..10, 100), ErrorKind::NotFound);
    assert_eq!(client.get("logs/y").unwrap_err().kind(), ErrorKind::NotFound);
}

/// Some bytes, then an error.
struct Breaks(u64);

impl Read for Breaks {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let count = to.len().min(self.0 as usize);
        self.0 -= count as u64;
        if count == 0 { Err(io::Error::other("it broke")) } else { Ok(count) }
    }
}

#[test]
fn nothing_is_put_of_what_cannot_be_read_to_its_end() {
    let client = client();
    for (there, len) in [(10, 20), (1500, 3000), (3000, 3001)] {
        let error = client.put("logs/x", &mut Breaks(there), len).unwrap_err();
        assert_eq!(error.to_string(), "it broke");
        let short = client.put("logs/x", &mut Cursor::new(vec![0; there as usize]), len).unwrap_err();
        assert_eq!(short.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(client.get("logs/x").unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn a_call_ends_when_its_time_is_over() {
    let never = ThrottleConfig { wait_get_per_call: Duration::from_secs(3600), ..ThrottleConfig::default() };
    let bucket = Arc::new(ThrottledStore::new(InMemory::new(), never));
    let thread = Thread::start().unwrap().with_limit(Duration::from_millis(20));
    let client = Client::new("s3://bucket".to_owned(), Path::from(""), bucket, thread);
    client.put("x", &mut Cursor::new(b"x"), 1).unwrap();
    assert_eq!(client.get("x").unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn it_can_be_used_and_dropped_on_a_thread_of_another_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let client = client();
    runtime.block_on(async move {
        client.put("x", &mut Cursor::new(b"x"), 1).unwrap();
        assert_eq!(client.get("x").unwrap(), b"x");
        drop(client);
    });
}
