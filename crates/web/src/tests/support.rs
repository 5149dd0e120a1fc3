use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use query::{Engine, Limits};
use record::{Batch, Level, Line, LineFlags, Micros, Position, Value};
use search::Query;
use serde_json::json;
use store::{Snapshot, Store};
use tempfile::TempDir;

use crate::{Collector, FileWriter, Metrics, Options, Peer, Queue, Report, Tail, Token, Web};

/// 2026-01-01T00:00:00Z
pub(super) const START: i64 = 1_767_225_600_000_000;

/// A served API, and what it serves.
pub(super) struct Served {
    web: Option<Web>,
    pub(super) fake: Arc<Fake>,
    _dir: TempDir,
}

/// A collector that has a store, and a tail that tests feed.
pub(super) struct Fake {
    store: Store,
    feed: Feed,
    pub(super) unready: Mutex<Option<String>>,
}

/// The newest records of the tail; older ones are in the past, which a tail with a position still reads.
#[derive(Clone, Default)]
pub(super) struct Feed(Arc<(Mutex<Fed>, Condvar)>);

#[derive(Default)]
pub(super) struct Fed {
    all: Vec<u64>,
    closed: bool,
}

/// Live tails skip when they are so many records behind.
const RING: usize = 1000;

impl Served {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut Options)) -> Self {
        Self::limited(Duration::from_secs(30), change)
    }

    pub(super) fn limited(time: Duration, change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path(), store::Options::default()).expect("a store");
        let fake = Arc::new(Fake { store, feed: Feed::default(), unready: Mutex::new(None) });
        let mut options = Options {
            address: "127.0.0.1:0".parse().expect("an address"),
            tls: None,
            token: None,
            hosts: Vec::new(),
            tails_max: 1100,
        };
        change(&mut options);
        let limits = Limits { memory_bytes: 64 << 20, time, threads: 2 };
        let engine = Arc::new(Engine::new(limits).expect("threads"));
        let collector: Arc<dyn Collector> = fake.clone();
        let web = Web::start(options, collector, engine).expect("a free port");
        Self { web: Some(web), fake, _dir: dir }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.web.as_ref().expect("it runs").address()
    }

    pub(super) fn stop(&mut self) {
        self.web.take().expect("it runs").stop();
    }

    #[track_caller]
    pub(super) fn get(&self, path: &str) -> testkit::http::Answer {
        testkit::http::get(self.address(), path)
    }

    #[track_caller]
    pub(super) fn sql(&self, sql: &str, format: &str) -> testkit::http::Answer {
        let body = json!({ "sql": sql }).to_string();
        let headers = [("content-type", "application/json")];
        let path = format!("/api/v1/sql?format={format}");
        testkit::http::request(self.address(), "POST", &path, &headers, body.as_bytes())
    }
}

/// A token for tests.
pub(super) fn token() -> Token {
    Token::from_text("0123456789abcdef").expect("long enough")
}

impl Fake {
    /// Stores `count` records of two peers, one each second, positions 10, 20 and so on. Half of them are in a part.
    pub(super) fn store(&self, count: u64) {
        let mut batch = Batch::new();
        for number in 1..=count {
            let peer = if number % 2 == 0 { "even:1" } else { "odd:1" };
            let message = format!("number {number} \u{1b}[31m<b>");
            let (position, received) = (Position(number * 10), Micros(number));
            let index = batch.len();
            let bytes = if number == 3 { &b"three \xff"[..] } else { message.as_bytes() };
            batch.push(&Line { position, received, source: "app", peer, bytes, flags: LineFlags::default() });
            batch.set_time(index, START + i64::try_from(number).expect("small") * 1_000_000);
            batch.set_level(index, [None, Some(Level::Info), Some(Level::Error)][(number % 3) as usize]);
            batch.set_field(index, "number", Value::Int(i64::try_from(number).expect("small")));
            if number == count / 2 {
                self.store.append("main", &batch, Position(number * 10)).expect("room");
                self.store.flush().expect("a part");
                batch.clear();
            }
        }
        self.store.append("main", &batch, Position(count * 10)).expect("room");
    }

    /// Stores two lines, each of which became three records of the same time.
    pub(super) fn store_several(&self) {
        let mut batch = Batch::new();
        for (position, nth) in
            [10, 20].into_iter().flat_map(|position| (0..3).map(move |nth| (position, nth)))
        {
            let (bytes, flags) = (format!("{position} {nth}").into_bytes(), LineFlags::default());
            let (position, received, index) = (Position(position), Micros(1), batch.len());
            batch.push(&Line { position, received, source: "app", peer: "p:1", bytes: &bytes, flags });
            batch.set_time(index, START);
            batch.set_nth(index, nth);
        }
        self.store.append("main", &batch, Position(20)).expect("room");
    }

    /// The file of the first part.
    pub(super) fn snapshot_part(&self) -> std::path::PathBuf {
        self.store.snapshot().parts[0].path().to_owned()
    }

    pub(super) fn feed(&self) -> &Feed {
        &self.feed
    }
}

impl Feed {
    fn fed(&self) -> MutexGuard<'_, Fed> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records with these positions come.
    pub(super) fn push(&self, positions: impl IntoIterator<Item = u64>) {
        self.fed().all.extend(positions);
        self.0.1.notify_all();
    }

    pub(super) fn close(&self) {
        self.fed().closed = true;
        self.0.1.notify_all();
    }
}

struct FakeTail {
    feed: Feed,
    next: usize,
    position: u64,
    live: bool,
}

impl Tail for FakeTail {
    fn next(
        &mut self,
        timeout: Duration,
        each: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> io::Result<Option<bool>> {
        let mut fed = self.feed.fed();
        if fed.all.len() == self.next && !fed.closed {
            fed = self.feed.0.1.wait_timeout(fed, timeout).unwrap_or_else(PoisonError::into_inner).0;
        }
        let mut events = VecDeque::new();
        let behind = fed.all.len() - self.next;
        if self.live && behind > RING {
            events.push_back(format!("{{\"skipped\":{}}}", behind - RING));
            self.next = fed.all.len() - RING;
        }
        let end = fed.all.len().min(self.next + 100);
        events.extend(fed.all[self.next..end].iter().map(|position| {
            format!("{{\"position\":{position},\"message\":\"record {position} {}\"}}", "x".repeat(100))
        }));
        self.position = fed.all[..end].last().copied().unwrap_or(0).max(self.position);
        self.next = end;
        let closed = fed.closed;
        drop(fed);
        events.iter().try_for_each(|event| each(event))?;
        Ok(if events.is_empty() && closed { None } else { Some(!events.is_empty()) })
    }

    fn position(&self) -> u64 {
        self.position
    }

    fn furthest(&self) -> u64 {
        self.position
    }

    fn is_ordered(&self) -> bool {
        true
    }
}

/// The number of rows, as a file.
struct CountFile(Vec<u8>, usize);

impl FileWriter for CountFile {
    fn rows(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.1 += batch.num_rows();
        Ok(())
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.0).into()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.0.extend(format!("{} rows", self.1).bytes());
        Ok(())
    }
}

impl Collector for Fake {
    fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    fn set_aside(&self, part: &Path, why: &str) {
        self.store.set_aside(part, why).expect("it can be set aside");
    }

    fn ready(&self) -> Result<(), String> {
        let unready = self.unready.lock().unwrap_or_else(PoisonError::into_inner);
        unready.clone().map_or(Ok(()), Err)
    }

    fn report(&self) -> Report {
        let status = json!({
            "version": "0", "process": 1, "uptime_seconds": 2,
            "journal": { "state": "running" }, "totals": {}, "tail": {}, "store": {}, "sources": [],
            "pipelines": [{ "name": "main", "state": "running" }],
        });
        let peer = Peer {
            source: "app".into(),
            peer: "even:1".into(),
            state: "connected".into(),
            ..Peer::default()
        };
        let queue =
            Queue { name: "q".into(), label: "a queue".into(), unit: "bytes".into(), ..Queue::default() };
        Report {
            status: status.as_object().cloned().unwrap_or_default(),
            peers: vec![peer.clone(), Peer { peer: "odd:1".into(), state: "done".into(), ..peer }],
            queues: vec![queue],
        }
    }

    fn metrics(&self, metrics: &mut Metrics) {
        metrics.counter("catchment_lines_received_total", "Lines.", &[], 7);
    }

    fn tail(&self, _: &Query, after: Option<u64>) -> Result<Box<dyn Tail>, String> {
        let fed = self.feed.fed();
        let end = fed.all.last().copied().unwrap_or(0);
        let next = after.map_or(fed.all.len(), |after| fed.all.partition_point(|at| *at <= after));
        let position = after.unwrap_or(end);
        Ok(Box::new(FakeTail { feed: self.feed.clone(), next, position, live: after.is_none() }))
    }

    fn parquet(&self, _: SchemaRef) -> io::Result<Box<dyn FileWriter>> {
        Ok(Box::new(CountFile(Vec::new(), 0)))
    }
}
