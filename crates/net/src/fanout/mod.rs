//! One stream of lines to many receivers.
//!
//! ```text
//!   publish ──► Ring (bytes, bounded) ◄── Receiver (a number: where it stands) ──► socket
//!      └──── wakes each loop once ──────► EventLoop: a round over its receivers, a slice in each turn
//! ```
//!
//! There is one ring for all receivers of a stream and no queue for any of them: one that takes nothing costs a number. Who
//! publishes waits for no receiver; a receiver for which the ring goes too fast misses lines and is told so, or is closed.

mod receiver;
mod ring;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub(crate) use self::receiver::Receiver;
use self::ring::{NOBODY, Ring};

/// Memory that one receiver takes beside what a peer does: where it stands, and its name among the senders.
pub const RECEIVER_BYTES: usize = 256;

/// How a fan-out is made.
#[derive(Clone, Copy, Debug)]
pub struct FanoutOptions {
    /// The memory of the ring. A line must fit into three quarters of it, or everybody misses it.
    pub ring_bytes: usize,
    /// What happens to a receiver for which the ring goes too fast.
    pub behind: Behind,
}

/// What happens to a receiver that did not take lines in time. Both are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// It is told how many lines it misses, and goes on with the oldest that is still there.
    Skip,
    /// It is closed.
    Close,
}

/// How a fan-out is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FanoutStatus {
    /// Receivers now.
    pub receivers: u64,
    /// What the ring holds, with its index.
    pub ring_bytes: u64,
    /// What it may hold.
    pub ring_bytes_max: u64,
    /// Lines that were published.
    pub published: u64,
    /// Lines that left whole, each counted once for each receiver.
    pub sent: u64,
    /// Lines that receivers missed, counted in the same way.
    pub skipped: u64,
    /// Receivers that were closed for it.
    pub closed: u64,
}

/// The stream, for who publishes and for the event loops. Clones are the same.
///
/// What it owns: the ring. What bounds it: [`FanoutOptions::ring_bytes`], and [`RECEIVER_BYTES`] for each receiver. It stops with its last clone. A
/// receiver that fails is closed by its loop; nothing else can.
#[derive(Clone)]
pub struct Fanout {
    shared: Arc<Shared>,
}

struct Shared {
    behind: Behind,
    ring_bytes_max: usize,
    ring: RwLock<Ring>,
    loops: Mutex<Vec<Bell>>,
    counters: Counters,
}

/// Wakes a loop. From the first ring on until the loop has heard it, it is silent: a flood of lines is one wake-up.
#[derive(Clone)]
struct Bell {
    rung: Arc<AtomicBool>,
    wake: Wake,
}

/// Wakes an event loop, from any thread.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

#[derive(Default)]
struct Counters {
    receivers: AtomicU64,
    published: AtomicU64,
    sent: AtomicU64,
    skipped: AtomicU64,
    closed: AtomicU64,
}

impl Fanout {
    /// Without receivers yet.
    pub fn new(options: FanoutOptions) -> Self {
        let FanoutOptions { ring_bytes, behind } = options;
        let shared = Shared {
            behind,
            ring_bytes_max: ring_bytes,
            ring: RwLock::new(Ring::new(ring_bytes)),
            loops: Mutex::default(),
            counters: Counters::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds lines, each with the peer that sent it if that may be a receiver, and without a newline, which none may contain. Never waits for a
    /// receiver: at most until each loop has done one write.
    pub fn publish<'a>(&self, lines: impl IntoIterator<Item = (Option<&'a str>, &'a [u8])>) {
        let mut published = 0;
        {
            let mut ring = self.write();
            // Who comes later gets what comes later.
            let wanted = self.shared.counters.receivers.load(Ordering::Relaxed) > 0;
            for (sender, line) in lines {
                published += 1;
                if wanted {
                    ring.push(sender, line);
                }
            }
        }
        self.shared.counters.published.fetch_add(published, Ordering::Relaxed);
        for bell in &*self.shared.loops.lock().unwrap_or_else(PoisonError::into_inner) {
            if !bell.rung.swap(true, Ordering::AcqRel) {
                (bell.wake)();
            }
        }
    }

    /// How it is.
    pub fn status(&self) -> FanoutStatus {
        let Shared { counters, ring_bytes_max, .. } = &*self.shared;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        FanoutStatus {
            receivers: read(&counters.receivers),
            ring_bytes: self.read().used() as u64,
            ring_bytes_max: *ring_bytes_max as u64,
            published: read(&counters.published),
            sent: read(&counters.sent),
            skipped: read(&counters.skipped),
            closed: read(&counters.closed),
        }
    }

    /// A loop that has receivers from now on. What is returned becomes true when there are new lines.
    pub(crate) fn connect(&self, wake: Wake) -> Arc<AtomicBool> {
        let rung = Arc::<AtomicBool>::default();
        let bell = Bell { rung: Arc::clone(&rung), wake };
        self.shared.loops.lock().unwrap_or_else(PoisonError::into_inner).push(bell);
        rung
    }

    /// A receiver of what comes from now on. Lines sent under `name` are its own: it does not get them.
    pub(crate) fn join(&self, name: Option<&Arc<str>>) -> Receiver {
        let mut ring = self.write();
        let place = name.map_or(NOBODY, |name| ring.enter(name));
        self.shared.counters.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver::new(&ring, place)
    }

    /// A receiver that joined under this name is there no more.
    pub(crate) fn leave(&self, receiver: &Receiver, name: &str) {
        if receiver.place() != NOBODY {
            self.write().leave(name, receiver.place());
        }
        self.shared.counters.receivers.fetch_sub(1, Ordering::Relaxed);
    }

    /// The ring as it is, for one visit to one receiver: whoever publishes waits meanwhile.
    pub(crate) fn look(&self) -> View<'_> {
        View { ring: self.read() }
    }

    pub(crate) fn behind(&self) -> Behind {
        self.shared.behind
    }

    pub(crate) fn count_sent(&self, lines: u64) {
        self.shared.counters.sent.fetch_add(lines, Ordering::Relaxed);
    }

    pub(crate) fn count_skipped(&self, lines: u64) {
        self.shared.counters.skipped.fetch_add(lines, Ordering::Relaxed);
    }

    pub(crate) fn count_closed(&self) {
        self.shared.counters.closed.fetch_add(1, Ordering::Relaxed);
    }

    /// True when both are the same stream.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        self.shared.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ring> {
        self.shared.ring.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// The ring, held still.
pub(crate) struct View<'f> {
    ring: RwLockReadGuard<'f, Ring>,
}

impl View<'_> {
    /// See [`Receiver::catch_up`].
    pub(crate) fn catch_up(&self, receiver: &mut Receiver) -> u64 {
        receiver.catch_up(&self.ring)
    }

    /// See [`Receiver::is_behind`].
    pub(crate) fn is_behind(&self, receiver: &Receiver) -> bool {
        receiver.is_behind(&self.ring)
    }

    /// See [`Receiver::next`].
    pub(crate) fn next<'a>(&'a self, receiver: &'a Receiver, rest_only: bool) -> Option<&'a [u8]> {
        receiver.next(&self.ring, rest_only)
    }

    /// See [`Receiver::sent`].
    pub(crate) fn sent(&self, receiver: &mut Receiver, bytes: usize) -> u64 {
        receiver.sent(bytes, &self.ring)
    }
}
