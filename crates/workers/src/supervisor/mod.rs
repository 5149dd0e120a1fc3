//! The thread that owns the workers.

mod check;
mod ends;
mod turn;

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::Duration;

use record::clock;

use crate::backoff::Backoff;
use crate::handle::Shared;
use crate::schedule::{Job, Schedule};
use crate::watch::Watch;
use crate::worker::{About, Said, Worker};
use crate::{End, Spec, StartError, processors};

/// How long a worker may take to end by itself.
const LEAVE: Duration = Duration::from_secs(5);

/// What became of a job.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A worker has done it; the body of its answer.
    Done { job: Job, body: Vec<u8> },
    /// It is to be made again: the handler is given something else now.
    Again { job: Job },
    /// No worker could do it, and why.
    GivenUp { job: Job, reason: String },
}

/// Owns the workers, and the jobs that are not done. The pool bounds how many those are. Ends when it is told to, with all workers.
///
/// It waits for nothing but the next thing to happen. If it fails itself, whoever waits for replies is told.
pub(crate) struct Supervisor {
    spec: Spec,
    shared: Arc<Shared>,
    wake: UnixStream,
    jobs: Receiver<Job>,
    /// `None` when it stops.
    replies: Option<SyncSender<Reply>>,
    /// Who waits for the first worker.
    started: Option<SyncSender<Result<usize, StartError>>>,
    schedule: Schedule,
    workers: Vec<Worker>,
    slots: Vec<Slot>,
    /// How often the code was loaded.
    generation: u64,
    numbers: u64,
    watch: Option<Watch>,
    look: Duration,
    scratch: Vec<u8>,
}

/// A place for a worker.
struct Slot {
    backoff: Backoff,
    /// When one is to be started.
    start: Option<Duration>,
}

/// Who talks with the supervisor.
pub(crate) struct Ends {
    pub(crate) shared: Arc<Shared>,
    pub(crate) wake: UnixStream,
    pub(crate) jobs: Receiver<Job>,
    pub(crate) replies: SyncSender<Reply>,
    pub(crate) started: SyncSender<Result<usize, StartError>>,
}

impl Supervisor {
    pub(crate) fn new(spec: Spec, ends: Ends) -> Self {
        let now = clock::monotonic();
        let watch = spec.file().filter(|_| spec.watch).map(|file| Watch::new(file, now));
        let mut supervisor = Self {
            spec,
            shared: ends.shared,
            wake: ends.wake,
            jobs: ends.jobs,
            replies: Some(ends.replies),
            started: Some(ends.started),
            schedule: Schedule::default(),
            workers: Vec::new(),
            slots: Vec::new(),
            generation: 0,
            numbers: 0,
            watch,
            look: now,
            scratch: vec![0; 64 << 10],
        };
        supervisor.add_slots(1, now);
        supervisor
    }

    /// Works until it is stopped.
    pub(crate) fn run(mut self) {
        while self.replies.is_some() || !self.workers.is_empty() {
            self.turn();
        }
    }

    fn add_slots(&mut self, count: usize, now: Duration) {
        let backoff = Backoff::new(self.spec.retry_first, self.spec.retry_max);
        self.slots.resize_with(count, || Slot { backoff, start: Some(now) });
    }

    /// Starts a worker in each place that waits for one, and is due.
    fn start_due(&mut self, now: Duration) {
        if self.replies.is_none() {
            return;
        }
        for slot in 0..self.slots.len() {
            if self.slots[slot].start.is_some_and(|start| start <= now) {
                self.slots[slot].start = None;
                self.start(slot, now);
            }
        }
    }

    fn start(&mut self, slot: usize, now: Duration) {
        self.numbers += 1;
        match Worker::start(&self.spec, self.numbers, slot, self.generation, now) {
            Ok(worker) => self.workers.push(worker),
            Err(error) => self.cannot_start(slot, error, now),
        }
    }

    /// Does what a worker says.
    fn hear(&mut self, index: usize, said: Said, now: Duration) {
        let worker = &mut self.workers[index];
        worker.progress = now;
        match said {
            Said::Progress => {}
            Said::Ready(about) => self.ready(index, about, now),
            Said::Failed(traceback) => worker.failure = Some(traceback),
            Said::Nonsense => {
                let reason =
                    "the worker said what means nothing: its handler wrote to a file that is not its own"
                        .to_owned();
                worker.doom.get_or_insert((End::Protocol, reason));
            }
            Said::Result(body) => {
                worker.printed = 0;
                let (number, slot) = (worker.number, worker.slot);
                let job =
                    crate::codec::Outcome::number(&body).ok().and_then(|job| self.schedule.done(number, job));
                let Some(job) = job else { return self.hear(index, Said::Nonsense, now) };
                self.slots[slot].backoff.succeeded();
                self.reply(Reply::Done { job, body });
            }
        }
    }

    /// A worker is ready: it takes the place of an older one, which finishes what it has.
    fn ready(&mut self, index: usize, about: About, now: Duration) {
        let (slot, generation) = (self.workers[index].slot, self.workers[index].generation);
        self.workers[index].about = Some(about.clone());
        if generation != self.generation {
            return;
        }
        for older in
            self.workers.iter_mut().filter(|other| other.slot == slot && other.generation < generation)
        {
            older.leaving.get_or_insert(now);
        }
        self.shared.set_gives(about.gives);
        tracing::debug!(pipeline = self.spec.name, worker = slot, ?about, "a worker is ready");
        let count = self.spec.workers.map_or_else(|| workers_for(&about), usize::from);
        self.shared.board.update(|status| status.about = Some(about));
        if let Some(started) = self.started.take() {
            self.add_slots(count, now);
            let _ = started.try_send(Ok(count));
        }
    }

    /// Loads the code anew: a new worker for each place.
    fn reload(&mut self, now: Duration) {
        tracing::info!(pipeline = self.spec.name, handler = self.spec.handler, "the handler is loaded anew");
        self.generation += 1;
        // Those that are not ready yet have the code of before.
        for index in (0..self.workers.len()).rev().filter(|_| self.started.is_none()) {
            if self.workers[index].about.is_none() {
                self.workers.swap_remove(index);
            }
        }
        self.slots.iter_mut().for_each(|slot| slot.start = Some(now));
    }

    fn stop(&mut self, now: Duration) {
        self.replies = None;
        self.started = None;
        for worker in &mut self.workers {
            worker.leaving = Some(now);
            worker.finish();
        }
    }

    fn reply(&mut self, reply: Reply) {
        // There is room for all: the pool bounds how many jobs there are. If nobody waits any more, nobody misses it.
        if let Some(replies) = &self.replies {
            let _ = replies.try_send(reply);
        }
    }
}

/// How many processes a handler gets if nobody says.
fn workers_for(about: &About) -> usize {
    if about.kind.starts_with("async") || about.threads > 1 {
        return 1;
    }
    processors()
}

#[cfg(test)]
mod tests {
    use std::thread::available_parallelism;

    use super::{About, workers_for};

    #[test]
    fn processes_for_plain_functions_and_one_for_all_that_shares_a_process() {
        let about = |kind: &str, threads| About { kind: kind.to_owned(), threads, ..About::default() };
        let all = available_parallelism().unwrap().get();
        assert_eq!(workers_for(&about("def", 1)), all);
        assert_eq!(workers_for(&about("generator", 1)), all);
        assert_eq!(workers_for(&about("def", 8)), 1);
        assert_eq!(workers_for(&about("async", 1)), 1);
        assert_eq!(workers_for(&about("async generator", 1)), 1);
    }
}
