//! Many peers that send numbered lines, in both directions, and send again what was not acked.

mod connection;
mod player;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use self::player::Player;
use crate::oracle::Oracle;
use crate::until::{PATIENCE, until};

/// Between two rounds in which nothing could be done.
const ROUND: Duration = Duration::from_millis(1);

/// Peers that go on for as long as it takes, whatever happens to the collector.
///
/// What it owns: a thread with all sockets. What bounds it: each peer keeps at most its window of unacked lines. It ends with
/// [`Fleet::finish`]. When the collector breaks the protocol, the thread panics, and `finish` passes that on.
#[derive(Debug)]
pub struct Fleet {
    targets: Vec<SocketAddr>,
    shared: Arc<Shared>,
    thread: JoinHandle<Oracle>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Each peer sends one more line, and is done when everything it sent is acked.
    finishing: AtomicBool,
    /// Nobody waits any more.
    abandoned: AtomicBool,
    acked: AtomicU64,
}

/// The names of the sources in the collector's configuration.
pub(crate) const DIALLED: &str = "dialled";
pub(crate) const DIALLING: &str = "dialling";

impl Fleet {
    /// Starts `servers` servers, to be dialled by a source called `dialled`, and `clients` clients that dial `collector`, a
    /// source called `dialling`.
    ///
    /// # Panics
    /// When there is no port or thread for them.
    pub fn start(seed: u64, servers: usize, clients: usize, collector: SocketAddr) -> Self {
        let servers = (0..servers).map(|index| Player::server(seed, index));
        let mut players: Vec<Player> = servers.collect();
        let first = players.len();
        players.extend((first..first + clients).map(|index| Player::client(seed, index, collector)));
        let targets = players.iter().filter_map(Player::address).collect();
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("fleet".to_owned());
        let thread = thread.spawn(move || play(players, seed, &theirs)).expect("no thread for the fleet");
        Self { targets, shared, thread }
    }

    /// Where the servers are to be dialled.
    pub fn targets(&self) -> &[SocketAddr] {
        &self.targets
    }

    /// Lines acked so far, over all peers.
    pub fn acked(&self) -> u64 {
        self.shared.acked.load(Ordering::Relaxed)
    }

    /// Sends one more line from each peer, waits until everything is acked, and closes all connections.
    ///
    /// # Panics
    /// When that takes longer than [`PATIENCE`], or the collector has broken the protocol.
    #[track_caller]
    pub fn finish(self) -> Oracle {
        self.shared.finishing.store(true, Ordering::Relaxed);
        let deadline = record::clock::monotonic() + PATIENCE;
        let in_time = until("the fleet is done, or late", || {
            let late = record::clock::monotonic() >= deadline;
            (self.thread.is_finished() || late).then_some(!late)
        });
        self.shared.abandoned.store(true, Ordering::Relaxed);
        let acked = self.acked();
        let oracle = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        assert!(in_time, "after {acked} ACKs, a fresh line of each peer was not acked in {PATIENCE:?}");
        oracle
    }
}

fn play(mut players: Vec<Player>, seed: u64, shared: &Shared) -> Oracle {
    while !shared.abandoned.load(Ordering::Relaxed) {
        let finishing = shared.finishing.load(Ordering::Relaxed);
        let mut busy = false;
        for player in &mut players {
            busy |= player.act(finishing);
        }
        let acked = players.iter().map(Player::acked).sum();
        shared.acked.store(acked, Ordering::Relaxed);
        if players.iter().all(Player::is_done) {
            break;
        }
        if !busy {
            std::thread::sleep(ROUND);
        }
    }
    Oracle { seed, peers: players.into_iter().map(Player::into_sent).collect() }
}
