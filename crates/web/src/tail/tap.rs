use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use record::clock;
use search::Query;
use tokio::sync::{Semaphore, watch};

use super::chunk::{Chunk, turn};
use crate::limits::{CATCH_UPS_MAX, TAPS_BYTES, TAPS_MAX};
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::{Collector, Tail};

/// How often a tap looks whether anybody is left.
const HEARTBEAT: Duration = Duration::from_millis(200);

/// So long a tap gathers before the next chunk, and so much longer for each follower, since each is woken by each chunk.
const GATHER: Duration = Duration::from_millis(5);
const GATHER_EACH: Duration = Duration::from_micros(200);
const GATHER_MAX: Duration = Duration::from_millis(250);

/// Every search that is followed.
///
/// What it owns: a tap for each search. What bounds it: [`TAPS_MAX`], [`TAPS_BYTES`], [`crate::Options::tails_max`], [`CATCH_UPS_MAX`].
pub(crate) struct Taps {
    pub(super) collector: Arc<dyn Collector>,
    open: Mutex<HashMap<String, Arc<Tap>>>,
    /// Places for followers.
    pub(super) places: Arc<Semaphore>,
    places_max: usize,
    /// Places for those who go through the past.
    pub(super) catch_ups: Arc<Semaphore>,
    pub(super) skipped: AtomicU64,
}

/// The tail of one search.
///
/// What it owns: a thread that puts what comes into a ring. What bounds it: the ring has its share of [`TAPS_BYTES`], or one chunk. How it
/// stops: when its last follower goes. What happens when the tail fails: followers are told why it ended.
pub(super) struct Tap {
    ring: Mutex<Ring>,
    changed: watch::Sender<u64>,
    followers: AtomicUsize,
    /// What the ring may take.
    share: AtomicUsize,
    pub(super) ordered: bool,
}

struct Ring {
    chunks: VecDeque<Arc<Chunk>>,
    /// The number of the first chunk.
    first: u64,
    /// Records in chunks that are gone.
    gone: u64,
    bytes: usize,
    /// Everything up to here has been put.
    end: u64,
    ended: Option<String>,
}

/// A follower's place.
pub(super) struct Place {
    pub(super) tap: Arc<Tap>,
    next: u64,
    /// Everything up to here had been put before it.
    pub(super) begin: u64,
    /// Records before it, since the tap began.
    records: u64,
    changed: watch::Receiver<u64>,
}

/// What a follower finds.
pub(super) enum Found {
    Chunk(Arc<Chunk>),
    /// So many records were put and are gone.
    Skipped(u64),
    Ended(String),
}

impl Taps {
    pub(crate) fn new(collector: Arc<dyn Collector>, places_max: usize) -> Self {
        Self {
            collector,
            open: Mutex::new(HashMap::new()),
            places: Arc::new(Semaphore::new(places_max)),
            places_max,
            catch_ups: Arc::new(Semaphore::new(CATCH_UPS_MAX)),
            skipped: AtomicU64::new(0),
        }
    }

    /// How many follow.
    pub(crate) fn followers(&self) -> usize {
        self.places_max - self.places.available_permits()
    }

    pub(crate) fn add_to(&self, metrics: &mut Metrics) {
        let (followers, max) = (self.followers() as f64, self.places_max as f64);
        metrics.gauge("catchment_web_tails", "Followers of the tail over HTTP.", &[], followers);
        metrics.gauge("catchment_web_tails_max", "The most there may be of them.", &[], max);
        let skipped = self.skipped.load(Ordering::Relaxed);
        metrics.counter(
            "catchment_web_tail_skipped_records_total",
            "Records that followers over HTTP were too slow for.",
            &[],
            skipped,
        );
    }

    /// Takes a place at the end of what comes. It may block for a moment.
    pub(super) fn follow(self: &Arc<Self>, query: &Query) -> Result<Place, Problem> {
        let name = query.to_string();
        let mut open = self.open();
        if let Some(tap) = open.get(&name) {
            return Ok(tap.at_end());
        }
        if open.len() >= TAPS_MAX {
            return Err(Problem::too_many("too many different searches are followed"));
        }
        let tail = self.collector.tail(query, None).map_err(Problem::unavailable)?;
        let tap = Arc::new(Tap::new(&*tail));
        let place = tap.at_end();
        let (taps, put) = (Arc::clone(self), Arc::clone(&tap));
        let thread = std::thread::Builder::new().name("tap".to_owned());
        let key = name.clone();
        thread
            .spawn(move || put.run(tail, &taps, &key))
            .map_err(|error| Problem::unavailable(error.to_string()))?;
        open.insert(name, tap);
        Ok(place)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Arc<Tap>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap {
    fn new(tail: &dyn Tail) -> Self {
        let ring =
            Ring { chunks: VecDeque::new(), first: 0, gone: 0, bytes: 0, end: tail.position(), ended: None };
        Self {
            ring: Mutex::new(ring),
            changed: watch::Sender::new(0),
            followers: AtomicUsize::new(0),
            share: AtomicUsize::new(TAPS_BYTES / TAPS_MAX),
            ordered: tail.is_ordered(),
        }
    }

    fn run(&self, mut tail: Box<dyn Tail>, taps: &Taps, name: &str) {
        loop {
            let ended = self.gather(&mut *tail);
            let is_over = ended.is_some();
            self.reach(tail.position(), ended);
            let mut open = taps.open();
            // A search that came or went has changed everybody's share.
            self.share.store(TAPS_BYTES / open.len().max(1), Ordering::Relaxed);
            let followers = self.followers.load(Ordering::Acquire);
            if followers == 0 || is_over {
                // Whoever comes next finds another one.
                open.remove(name);
                return;
            }
            drop(open);
            let each = GATHER_EACH.saturating_mul(u32::try_from(followers).unwrap_or(u32::MAX));
            std::thread::sleep((GATHER + each).min(GATHER_MAX));
        }
    }

    /// Waits for what comes, and takes what has come since until it is quiet: the pause behind it is not to be paid for each turn. Says why the
    /// tail has ended.
    fn gather(&self, tail: &mut dyn Tail) -> Option<String> {
        let (mut timeout, mut deadline) = (HEARTBEAT, None);
        loop {
            let any = turn(tail, timeout, &mut |chunk| {
                self.put(chunk);
                Ok(())
            });
            match any {
                Ok(Some(true)) => {
                    let now = clock::monotonic();
                    if *deadline.get_or_insert(now + GATHER_MAX) <= now {
                        return None;
                    }
                    timeout = Duration::ZERO;
                }
                Ok(Some(false)) => return None,
                Ok(None) => return Some("the collector is stopping".to_owned()),
                Err(error) => return Some(error.to_string()),
            }
        }
    }

    fn put(&self, chunk: Chunk) {
        let mut ring = self.ring();
        ring.bytes += chunk.bytes();
        ring.end = chunk.upto;
        ring.chunks.push_back(Arc::new(chunk));
        ring.shrink_to(self.share.load(Ordering::Relaxed));
        let next = ring.next();
        drop(ring);
        self.changed.send_replace(next);
    }

    fn reach(&self, end: u64, ended: Option<String>) {
        let mut ring = self.ring();
        ring.end = ring.end.max(end);
        ring.shrink_to(self.share.load(Ordering::Relaxed));
        if ended.is_some() {
            ring.ended = ended;
            drop(ring);
            self.changed.send_modify(|_| {});
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place behind everything that was put.
    fn at_end(self: &Arc<Self>) -> Place {
        let ring = self.ring();
        let records = ring.gone + ring.chunks.iter().map(|chunk| chunk.records()).sum::<u64>();
        self.place(ring.next(), ring.end, records)
    }

    fn place(self: &Arc<Self>, next: u64, begin: u64, records: u64) -> Place {
        self.followers.fetch_add(1, Ordering::AcqRel);
        Place { tap: Arc::clone(self), next, begin, records, changed: self.changed.subscribe() }
    }

    /// A place from which nothing is missing for who was told everything up to `told`; none when that is gone already.
    pub(super) fn join(self: &Arc<Self>, told: u64) -> Option<Place> {
        let ring = self.ring();
        // What lies before a gap leads nowhere.
        let gap = ring.chunks.iter().rev().find(|chunk| chunk.has_gap()).map(|chunk| chunk.upto);
        let begin = gap.unwrap_or_else(|| ring.chunks.front().map_or(ring.end, |first| first.from));
        if !self.ordered || told < begin {
            return None;
        }
        let passed = ring.chunks.iter().take_while(|chunk| chunk.upto <= told);
        let (chunks, records) =
            passed.fold((0, ring.gone), |(chunks, records), chunk| (chunks + 1, records + chunk.records()));
        Some(self.place(ring.first + chunks, told, records))
    }
}

impl Ring {
    /// Lets the oldest go, but never all.
    fn shrink_to(&mut self, bytes: usize) {
        while self.bytes > bytes && self.chunks.len() > 1 {
            if let Some(gone) = self.chunks.pop_front() {
                self.bytes -= gone.bytes();
                self.gone += gone.records();
                self.first += 1;
            }
        }
    }

    /// The number of the next chunk.
    fn next(&self) -> u64 {
        self.first + self.chunks.len() as u64
    }
}

impl Place {
    /// What comes next. It may be given up at any time, and nothing is lost.
    pub(super) async fn next(&mut self) -> Found {
        loop {
            self.changed.mark_unchanged();
            if let Some(found) = self.find() {
                return found;
            }
            if self.changed.changed().await.is_err() {
                return Found::Ended("the collector is stopping".to_owned());
            }
        }
    }

    fn find(&mut self) -> Option<Found> {
        let ring = self.tap.ring();
        if self.next < ring.first {
            let skipped = ring.gone - self.records;
            (self.next, self.records) = (ring.first, ring.gone);
            return Some(Found::Skipped(skipped));
        }
        let at = usize::try_from(self.next - ring.first).unwrap_or(usize::MAX);
        if let Some(chunk) = ring.chunks.get(at) {
            self.next += 1;
            self.records += chunk.records();
            return Some(Found::Chunk(Arc::clone(chunk)));
        }
        ring.ended.clone().map(Found::Ended)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.tap.followers.fetch_sub(1, Ordering::AcqRel);
    }
}
