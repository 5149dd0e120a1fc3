//! The loop that serves many peers with one thread.
//!
//! ```text
//!            ┌────────────── turn ──────────────────────────────────────────────────────────┐
//!   wait ──► note who is ready ──► settle ──► obey ──► fire ──► dial ──► accept ──► serve ──► hand over ──► fan out ──► pause
//!    ▲                             (durable     (commands) (timers)                 (reads      (batch to     (lines to   │
//!    │                              batches,                                         into the     the journal)  receivers)  │
//!    │                              ACKs out)                                        open batch)                            │
//!    └──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! One file for each step. The loop blocks nowhere but in `wait`.

mod accept;
mod connection;
mod dial;
mod fan_out;
mod obey;
mod pace;
mod serve;
mod settle;
#[cfg(test)]
mod stories;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use journal::Inlet;

use self::accept::Listening;
use self::connection::Connection;
use self::fan_out::Feed;
use self::pace::Pace;
use crate::command::{Command, Resolved};
use crate::driver::{Driver, Ready};
use crate::fanout::Wake;
use crate::peer::{OpenBatch, Run};
use crate::slab::{Key, Slab};
use crate::source::Role;
use crate::status::{LoopCounters, LoopStatus, PeerStatus};
use crate::target::Target;
use crate::timers::{Timer, Timers};

/// Tokens from here on belong to listeners, below to peers.
const LISTENERS: usize = 1 << 32;

/// Who turns names into addresses. The answer comes as a command.
pub(crate) trait Resolve: Send {
    /// Asks for the addresses of `host`.
    fn resolve(&self, host: &str, port: u16, answer: Answer);
}

/// Where an answer of the resolver goes.
pub(crate) type Answer = Box<dyn FnOnce(io::Result<Vec<std::net::SocketAddr>>) + Send>;

/// Delivers a resolver's answer to a loop.
pub(crate) type Deliver = Arc<dyn Fn(Resolved) + Send + Sync>;

/// What a loop is made of.
pub(crate) struct Parts<D: Driver> {
    pub(crate) driver: D,
    pub(crate) inlet: Inlet,
    pub(crate) commands: Receiver<Command<D::Socket, D::Listener>>,
    pub(crate) resolver: Box<dyn Resolve>,
    pub(crate) deliver: Deliver,
    /// Gives an accepted connection to some loop; gives it back when this loop is to keep it.
    pub(crate) share: Share<D>,
    pub(crate) counters: Arc<LoopCounters>,
    /// Ends the loop's wait.
    pub(crate) wake: Wake,
    /// Connections are numbered from here on, in steps.
    pub(crate) first_conn: u64,
    pub(crate) conn_step: u64,
    /// How long lines may gather under load before they are committed.
    pub(crate) hold_back: Duration,
    /// An unfinished line whose first piece lies so many bytes behind the journal's end is cut.
    pub(crate) open_row_span: u64,
    /// For the jitter of the waits between attempts.
    pub(crate) random: fastrand::Rng,
}

/// See [`Parts::share`].
pub(crate) type Share<D> = Box<
    dyn FnMut(
            Command<<D as Driver>::Socket, <D as Driver>::Listener>,
        ) -> Option<Command<<D as Driver>::Socket, <D as Driver>::Listener>>
        + Send,
>;

/// What it owns: its peers' sockets and states, its targets, its listeners, and the batch it is filling. What
/// bounds it: the sockets, by the configuration; the batches, by the inlet: when all are with the journal, it reads no socket.
/// It stops on [`Command::Stop`]. When it fails, which only its driver can make it, the error ends the thread and the
/// program.
pub(crate) struct EventLoop<D: Driver> {
    parts: Parts<D>,
    peers: Slab<Connection<D::Socket>>,
    targets: Slab<Target>,
    target_keys: HashMap<(Arc<str>, Arc<str>), Key>,
    listeners: Slab<Listening<D::Listener>>,
    timers: Timers,
    /// Targets that wait to be dialled, listeners that have connections waiting, peers that have bytes waiting.
    to_dial: VecDeque<Key>,
    to_accept: VecDeque<Key>,
    to_serve: VecDeque<Key>,
    /// Peers to which something is to be written in this turn.
    to_reply: Vec<Key>,
    /// The fan-outs that have receivers here.
    feeds: Vec<Feed>,
    open: Option<OpenBatch>,
    /// Since when there is an open batch.
    opened: Duration,
    /// The runs of the batches that are with the journal, in order.
    submitted: VecDeque<Vec<Run>>,
    spare_runs: Vec<Vec<Run>>,
    /// No batch is left: reading goes on when one comes back.
    blocked: bool,
    pace: Pace,
    ready: Vec<Ready>,
    round_began: Duration,
    next_conn: u64,
    next_sweep: Duration,
    durable_to: u64,
    stop_at: Option<Duration>,
    unacked: u64,
    more_commands: bool,
}

/// Whether the loop goes on after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    More,
    /// It was told to stop, and has.
    Stopped,
}

impl<D: Driver> EventLoop<D> {
    pub(crate) fn new(parts: Parts<D>) -> Self {
        Self {
            pace: Pace::new(parts.hold_back),
            next_conn: parts.first_conn,
            round_began: parts.driver.monotonic(),
            parts,
            peers: Slab::default(),
            targets: Slab::default(),
            target_keys: HashMap::new(),
            listeners: Slab::default(),
            timers: Timers::default(),
            to_dial: VecDeque::new(),
            to_accept: VecDeque::new(),
            to_serve: VecDeque::new(),
            to_reply: Vec::new(),
            feeds: Vec::new(),
            open: None,
            opened: Duration::ZERO,
            submitted: VecDeque::new(),
            spare_runs: Vec::new(),
            blocked: false,
            ready: Vec::with_capacity(1024),
            next_sweep: Duration::ZERO,
            durable_to: 0,
            stop_at: None,
            unacked: 0,
            more_commands: false,
        }
    }

    /// Serves until it is told to stop.
    pub(crate) fn run(mut self) -> io::Result<()> {
        while self.turn()? == Turn::More {}
        Ok(())
    }

    /// One round over everything that can be done now, and then a wait for what comes next.
    pub(crate) fn turn(&mut self) -> io::Result<Turn> {
        let now = self.parts.driver.monotonic();
        self.settle();
        self.obey(now);
        self.fire(now);
        self.dial(now);
        self.accept(now);
        let served = self.serve(now);
        self.hand_over(now);
        self.fan_out();
        self.parts.counters.unacked.store(self.unacked, Ordering::Relaxed);
        if self.has_stopped(now) {
            return Ok(Turn::Stopped);
        }
        self.wait(served)?;
        self.note_ready();
        Ok(Turn::More)
    }

    fn wait(&mut self, served: usize) -> io::Result<()> {
        let busy = self.is_busy() || std::mem::take(&mut self.more_commands);
        if !busy {
            let now = self.parts.driver.monotonic();
            let pause = self.pace.pause(served, now - self.round_began);
            self.pause_until(now + pause);
        }
        let began = self.parts.driver.monotonic();
        // Who was to be acked in the pause may have gone.
        let timeout = if busy || self.is_busy() {
            Some(Duration::ZERO)
        } else {
            let stop = self.stop_at.map(|at| at.saturating_sub(began));
            [self.timers.next_in(began), stop].into_iter().flatten().min()
        };
        self.parts.driver.wait(timeout, &mut self.ready)?;
        self.round_began = self.parts.driver.monotonic();
        if !busy {
            self.pace.waited(self.round_began - began);
        }
        Ok(())
    }

    /// True when there is something to do that no socket has to tell of.
    fn is_busy(&self) -> bool {
        (!self.to_serve.is_empty() && !self.blocked)
            || !self.to_accept.is_empty()
            || !self.to_dial.is_empty()
            || self.feeds.iter().any(Feed::is_busy)
    }

    /// Lets lines gather in the sockets. What becomes durable meanwhile is acked at once, and the journal gets what was read before.
    fn pause_until(&mut self, end: Duration) {
        let mut now = self.parts.driver.monotonic();
        while now < end {
            self.parts.driver.pause(end - now);
            self.settle();
            now = self.parts.driver.monotonic();
            self.hand_over(now);
        }
    }

    /// Puts everybody about whom there is news into the queue of the step that deals with it.
    fn note_ready(&mut self) {
        let ready = std::mem::take(&mut self.ready);
        for &event in &ready {
            if event.token >= LISTENERS {
                if let Some(key) = self.listeners.at(event.token - LISTENERS) {
                    self.wants_accept(key);
                }
            } else if let Some(key) = self.peers.at(event.token) {
                self.peer_ready(key, event);
            }
        }
        self.ready = ready;
        self.ready.clear();
    }

    /// Deals with the deadlines that have come.
    fn fire(&mut self, now: Duration) {
        while let Some(timer) = self.timers.due(now) {
            match timer {
                Timer::Peer(peer) => self.peer_timer(peer, now),
                Timer::Target(target, phase) => self.target_timer(target, phase, now),
                Timer::Accept(listener) => self.wants_accept(listener),
            }
        }
        if now >= self.next_sweep {
            self.next_sweep = now + Duration::from_secs(1);
            self.look_after_pieces();
        }
    }

    fn status(&self) -> LoopStatus {
        let mut peers: Vec<PeerStatus> =
            self.targets.iter().map(|target| self.target_status(target)).collect();
        let accepted = |peer: &&Connection<_>| peer.is_accepted() && peer.peer.source.role == Role::Peers;
        peers.extend(self.peers.iter().filter(accepted).map(Connection::status));
        LoopStatus { peers }
    }

    /// True when nothing is left to do after [`Command::Stop`], or no time to do it.
    fn has_stopped(&self, now: Duration) -> bool {
        self.stop_at.is_some_and(|stop_at| {
            let settled = self.to_serve.is_empty()
                && self.open.is_none()
                && self.submitted.is_empty()
                && !self.feeds.iter().any(Feed::is_busy);
            settled || now >= stop_at
        })
    }
}
