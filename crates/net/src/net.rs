use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use journal::Journal;
use mio::Waker;
use record::clock;

use crate::Source;
use crate::command::Command;
use crate::driver::poll::{Listener, PollDriver, Socket};
use crate::event_loop::{EventLoop, Parts};
use crate::resolver::Resolver;
use crate::status::{Counts, LoopCounters, LoopStatus};

/// Commands that wait for a loop. A loop takes up to 256 in a turn.
const COMMANDS_MAX: usize = 1024;

type LoopCommand = Command<Socket, Listener>;

/// How the loops are made.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many loops, each a thread. At least 1.
    pub loops: usize,
    /// How long lines may gather under load before they are committed.
    pub hold_back: Duration,
    /// An unfinished line whose first piece lies so many bytes behind the journal's end is cut, so that it keeps
    /// no segment from being freed.
    pub open_row_span: u64,
}

/// Why the loops cannot start, or a source cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// No thread, or no readiness queue.
    #[error("cannot start an event loop: {0}")]
    Start(#[source] io::Error),
    /// An address cannot be listened on.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// As the configuration writes it.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

/// The loops' threads.
///
/// What it owns: the threads. What bounds it: their number; each loop bounds itself. It stops with [`Net::stop`].
/// A loop that fails ends with its error, which [`Net::stop`] returns; [`Net::is_running`] tells before.
pub struct Net {
    handle: NetHandle,
    threads: Vec<JoinHandle<io::Result<()>>>,
}

/// Tells the loops what to do, from any thread.
#[derive(Clone)]
pub struct NetHandle {
    loops: Arc<[LoopHandle]>,
    next: Arc<AtomicUsize>,
}

struct LoopHandle {
    commands: SyncSender<LoopCommand>,
    waker: Arc<Waker>,
    counters: Arc<LoopCounters>,
}

impl Net {
    /// Starts the loops. Each gets an inlet of the journal, so this comes before the journal's own start.
    ///
    /// # Errors
    /// [`NetError::Start`].
    pub fn start(journal: &mut Journal, settings: Settings) -> Result<Self, NetError> {
        let mut loops = Vec::new();
        let mut waiting = Vec::new();
        for _ in 0..settings.loops.max(1) {
            let (driver, waker) = PollDriver::new().map_err(NetError::Start)?;
            let (commands, inbox) = sync_channel(COMMANDS_MAX);
            loops.push(LoopHandle { commands, waker, counters: Arc::default() });
            waiting.push((driver, inbox));
        }
        let handle = NetHandle { loops: loops.into(), next: Arc::default() };
        let resolver = Resolver::new();
        // Unique among all connections of all runs: a run would have to make 4096 of them each microsecond.
        let first_conn = clock::wall().0.wrapping_mul(4096);
        let mut threads = Vec::new();
        for (index, (driver, inbox)) in waiting.into_iter().enumerate() {
            let parts = handle.parts(index, driver, inbox, journal, &resolver, first_conn, settings);
            let thread = Builder::new().name(format!("loop-{index}"));
            threads.push(thread.spawn(|| EventLoop::new(parts).run()).map_err(NetError::Start)?);
        }
        Ok(Self { handle, threads })
    }

    /// What tells the loops what to do.
    pub fn handle(&self) -> NetHandle {
        self.handle.clone()
    }

    /// False when a loop has failed. [`Net::stop`] tells why.
    pub fn is_running(&self) -> bool {
        self.threads.iter().all(|thread| !thread.is_finished())
    }

    /// Stops in order: accepts and dials nothing more, reads nothing more, waits until what was read is durable,
    /// sends the last ACKs, closes the sockets. Takes at most `within` for it.
    ///
    /// # Errors
    /// When a loop had failed.
    pub fn stop(self, within: Duration) -> io::Result<()> {
        for one in &*self.handle.loops {
            one.tell(Command::Stop(within));
        }
        for thread in self.threads {
            thread.join().map_err(|_| io::Error::other("an event loop has panicked"))??;
        }
        Ok(())
    }
}

impl NetHandle {
    #[expect(clippy::too_many_arguments, reason = "it names what a loop is made of, once")]
    fn parts(
        &self,
        index: usize,
        driver: PollDriver,
        commands: Receiver<LoopCommand>,
        journal: &mut Journal,
        resolver: &Resolver,
        first_conn: u64,
        settings: Settings,
    ) -> Parts<PollDriver> {
        let (wake, answers, others) = (Arc::clone(&self.loops[index].waker), self.clone(), self.clone());
        Parts {
            driver,
            // A waker fails only when its loop is gone.
            inlet: journal.inlet(Arc::new(move || drop(wake.wake()))),
            commands,
            resolver: Box::new(resolver.clone()),
            deliver: Arc::new(move |answer| answers.loops[index].tell(Command::Resolved(answer))),
            share: Box::new(move |command| others.share(index, command)),
            counters: Arc::clone(&self.loops[index].counters),
            first_conn: first_conn + index as u64,
            conn_step: self.loops.len() as u64,
            hold_back: settings.hold_back,
            open_row_span: settings.open_row_span,
            random: fastrand::Rng::new(),
        }
    }

    /// Binds a TCP address and accepts what connects. Returns the address, with the port if it was 0.
    ///
    /// # Errors
    /// [`NetError::Listen`].
    pub fn listen_tcp(&self, source: Arc<Source>, address: SocketAddr) -> Result<SocketAddr, NetError> {
        let failed = |source| NetError::Listen { address: address.to_string(), source };
        let listener = Listener::tcp(address).map_err(failed)?;
        let local = listener.local_addr().unwrap_or(address);
        self.next().tell(Command::Listen { source, listener });
        Ok(local)
    }

    /// Binds a Unix socket and accepts what connects.
    ///
    /// # Errors
    /// [`NetError::Listen`].
    pub fn listen_unix(&self, source: Arc<Source>, path: &Path) -> Result<(), NetError> {
        let failed = |source| NetError::Listen { address: format!("unix:{}", path.display()), source };
        let listener = Listener::unix(path).map_err(failed)?;
        self.next().tell(Command::Listen { source, listener });
        Ok(())
    }

    /// Serves a connection that this process made itself, as if it had been accepted: whoever has the other end is a peer called `name`.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking.
    pub fn adopt(&self, source: &Arc<Source>, name: &str, stream: UnixStream) -> io::Result<()> {
        stream.set_nonblocking(true)?;
        source.counters.admit(usize::MAX);
        let socket = Socket::Unix(mio::net::UnixStream::from_std(stream));
        self.next().tell(Command::Adopt { source: Arc::clone(source), socket, name: name.to_owned() });
        Ok(())
    }

    /// Dials a target from now on. A target that its source has already is left as it is.
    pub fn add_target(&self, source: &Arc<Source>, name: &str, host: &str, port: u16) {
        let one = &self.loops[self.owner(name)];
        one.tell(Command::Dial { source: Arc::clone(source), name: name.into(), host: host.into(), port });
    }

    /// Closes a target's connection and dials it no more.
    pub fn remove_target(&self, source: &str, name: &str) {
        self.loops[self.owner(name)].tell(Command::Forget { source: source.into(), name: name.into() });
    }

    /// Accepts nothing more for a source, and closes what was accepted.
    pub fn remove_listener(&self, source: &str) {
        for one in &*self.loops {
            one.tell(Command::Unlisten { source: source.into() });
        }
    }

    /// Every peer of every loop. A loop that does not answer within `within` is left out.
    pub fn status(&self, within: Duration) -> LoopStatus {
        let mut all = LoopStatus::default();
        for one in &*self.loops {
            let (answer, answered) = sync_channel(1);
            one.tell(Command::Status(answer));
            if let Ok(status) = answered.recv_timeout(within) {
                all.peers.extend(status.peers);
            }
        }
        all
    }

    /// The sums over all loops.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for one in &*self.loops {
            counts.add(&one.counters);
        }
        counts
    }

    /// The loop to which a target belongs, the same at every call.
    fn owner(&self, name: &str) -> usize {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash % self.loops.len() as u64) as usize
    }

    fn next(&self) -> &LoopHandle {
        &self.loops[self.next.fetch_add(1, Ordering::Relaxed) % self.loops.len()]
    }

    /// Gives an accepted connection to the next loop in turn; back to the one that asks when it is its own turn or
    /// the other has too much to do.
    fn share(&self, own: usize, command: LoopCommand) -> Option<LoopCommand> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.loops.len();
        if turn == own {
            return Some(command);
        }
        let other = &self.loops[turn];
        match other.commands.try_send(command) {
            Ok(()) => {
                let _ = other.waker.wake();
                None
            }
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => Some(command),
        }
    }
}

impl LoopHandle {
    /// Waits while the loop has too many commands. A loop that has ended needs none.
    fn tell(&self, command: LoopCommand) {
        if self.commands.send(command).is_ok() {
            let _ = self.waker.wake();
        }
    }
}
