use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::{Handle, Journal, OpenError, SimDisk};

use crate::command::{Command, Resolved};
use crate::driver::sim::{SimDriver, SimListener, SimNet, SimSocket};
use crate::event_loop::{Answer, EventLoop, Parts, Resolve, Share, Turn};
use crate::status::{Counts, LoopCounters};

/// Commands that wait for a loop. Nobody empties the queue while a command is given, so it must hold all of them.
const COMMANDS_MAX: usize = 1024;

pub(crate) type SimCommand = Command<SimSocket, SimListener>;

/// How the collector under test is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) loops: usize,
    pub(crate) journal: journal::Options,
    pub(crate) hold_back: Duration,
    pub(crate) open_row_span: u64,
    pub(crate) seed: u64,
}

/// The collector on a simulated network and disk, without threads: each loop and the journal move only when told.
///
/// What it owns: the loops and the journal while it is up, and the disk all the time. Dropped loops close their sockets, as those
/// of a killed process are closed.
pub(crate) struct Collector {
    pub(crate) net: SimNet,
    pub(crate) disk: SimDisk,
    pub(crate) names: Names,
    setup: Setup,
    up: Option<Up>,
    starts: u64,
}

struct Up {
    loops: Vec<Seat>,
    journal: Journal,
}

/// One event loop, and what it is told through.
struct Seat {
    event_loop: EventLoop<SimDriver>,
    commands: SyncSender<SimCommand>,
    counters: Arc<LoopCounters>,
    running: bool,
}

impl Collector {
    pub(crate) fn new(net: SimNet, disk: SimDisk, setup: Setup) -> Self {
        Self { net, disk, names: Names::default(), setup, up: None, starts: 0 }
    }

    /// Opens the journal and starts the loops, without any peers.
    pub(crate) fn start(&mut self) -> Result<(), OpenError> {
        let (mut journal, _) = Journal::open(self.disk.clone(), self.setup.journal)?;
        self.starts += 1;
        let (commands, inboxes): (Vec<_>, Vec<_>) =
            (0..self.setup.loops).map(|_| sync_channel(COMMANDS_MAX)).unzip();
        let next = Arc::new(AtomicUsize::new(0));
        let loops = inboxes
            .into_iter()
            .enumerate()
            .map(|(index, inbox)| self.seat(index, inbox, &commands, &next, &mut journal))
            .collect();
        self.up = Some(Up { loops, journal });
        Ok(())
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up.is_some()
    }

    /// The journal, while the collector is up.
    pub(crate) fn journal(&self) -> Option<Handle> {
        self.up.as_ref().map(|up| up.journal.handle())
    }

    /// Lets one loop make one turn. [`Turn::Stopped`] also when it is not running.
    pub(crate) fn turn(&mut self, index: usize) -> io::Result<Turn> {
        let Some(seat) = self.seat_at(index).filter(|seat| seat.running) else { return Ok(Turn::Stopped) };
        let turn = seat.event_loop.turn()?;
        seat.running = turn == Turn::More;
        Ok(turn)
    }

    /// False when the loop was told to stop and has, or the collector is down.
    pub(crate) fn is_running(&mut self, index: usize) -> bool {
        self.seat_at(index).is_some_and(|seat| seat.running)
    }

    /// Lets the journal commit what is waiting.
    pub(crate) fn commit(&mut self) -> bool {
        self.up.as_mut().is_some_and(|up| up.journal.step())
    }

    /// Lets the journal write a seal mark.
    pub(crate) fn seal(&mut self) {
        if let Some(up) = &mut self.up {
            up.journal.seal();
        }
    }

    /// Tells one loop what to do.
    pub(crate) fn tell(&mut self, index: usize, command: SimCommand) {
        if let Some(seat) = self.seat_at(index) {
            // A queue that is full is a mistake of the simulation, and shows as a peer that is never served.
            let _ = seat.commands.try_send(command);
        }
    }

    /// Tells every loop to stop.
    pub(crate) fn stop(&mut self, within: Duration) {
        for index in 0..self.setup.loops {
            self.tell(index, Command::Stop(within));
        }
    }

    /// Every peer of a loop.
    #[cfg(test)]
    pub(crate) fn status(&mut self, index: usize) -> crate::LoopStatus {
        let (answer, answered) = sync_channel(1);
        self.tell(index, Command::Status(answer));
        let _ = self.turn(index);
        answered.try_recv().unwrap_or_default()
    }

    /// The sums over all loops since the last start.
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for seat in self.up.iter().flat_map(|up| &up.loops) {
            counts.add(&seat.counters);
        }
        counts
    }

    /// The process has ended, in order or not: its sockets close, and its memory is gone.
    pub(crate) fn end(&mut self) {
        self.up = None;
    }

    /// The process is killed. What it wrote is on the disk, synced or not.
    pub(crate) fn kill(&mut self) {
        self.end();
        self.disk = self.disk.kill();
    }

    /// The machine goes off. What was not synced may be on the disk or not.
    pub(crate) fn power_cut(&mut self, seed: u64) {
        self.end();
        self.disk = self.disk.crash(seed);
    }

    fn seat_at(&mut self, index: usize) -> Option<&mut Seat> {
        self.up.as_mut()?.loops.get_mut(index)
    }

    fn seat(
        &self,
        index: usize,
        inbox: Receiver<SimCommand>,
        all: &[SyncSender<SimCommand>],
        next: &Arc<AtomicUsize>,
        journal: &mut Journal,
    ) -> Seat {
        let (driver, own, counters) = (self.net.driver(), all[index].clone(), Arc::<LoopCounters>::default());
        let wake = driver.waker();
        let parts = Parts {
            inlet: journal.inlet(Arc::clone(&wake)),
            wake: Arc::clone(&wake),
            driver,
            commands: inbox,
            resolver: Box::new(self.names.clone()),
            deliver: Arc::new(move |answer: Resolved| {
                let _ = own.try_send(Command::Resolved(answer));
                wake();
            }),
            share: share(index, all.to_vec(), Arc::clone(next)),
            counters: Arc::clone(&counters),
            first_conn: (self.starts << 32) + index as u64,
            conn_step: self.setup.loops as u64,
            hold_back: self.setup.hold_back,
            open_row_span: self.setup.open_row_span,
            random: fastrand::Rng::with_seed(self.setup.seed ^ self.starts ^ (index as u64) << 32),
        };
        Seat { event_loop: EventLoop::new(parts), commands: all[index].clone(), counters, running: true }
    }
}

/// Gives accepted connections to the loops in turn.
fn share(own: usize, all: Vec<SyncSender<SimCommand>>, next: Arc<AtomicUsize>) -> Share<SimDriver> {
    Box::new(move |command| {
        let turn = next.fetch_add(1, Ordering::Relaxed) % all.len();
        if turn == own {
            return Some(command);
        }
        match all[turn].try_send(command) {
            Ok(()) => None,
            Err(TrySendError::Full(command) | TrySendError::Disconnected(command)) => Some(command),
        }
    })
}

/// Names and their addresses, and the questions that wait for their answer. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Names {
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    known: Vec<(String, Vec<SocketAddr>)>,
    questions: VecDeque<(String, Answer)>,
}

impl Names {
    /// Says where a name leads, from now on.
    pub(crate) fn set(&self, name: &str, addresses: Vec<SocketAddr>) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.known.retain(|(known, _)| known != name);
        book.known.push((name.to_owned(), addresses));
    }

    /// Answers the oldest question. False when there is none.
    pub(crate) fn answer_one(&self) -> bool {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((name, answer)) = book.questions.pop_front() else { return false };
        let known = book.known.iter().find(|(known, _)| *known == name);
        let addresses = known.map(|(_, addresses)| addresses.clone());
        drop(book);
        answer(addresses.ok_or_else(|| io::Error::other("no such name")));
        true
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str, _: u16, answer: Answer) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.questions.push_back((host.to_owned(), answer));
    }
}
