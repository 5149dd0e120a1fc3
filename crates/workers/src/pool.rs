use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use record::Batch;

use crate::handle::Shared;
use crate::in_hand::{InHand, JOB_BYTES};
use crate::schedule::Job;
use crate::supervisor::{Ends, Reply, Supervisor};
use crate::{About, Handle, Spec, StartError, Stopped};

/// So many jobs of each worker are made at once: two are with it, and two are ready for it.
const JOBS_EACH: usize = 4;

/// Worker processes that run a handler, from one thread's point of view: batches go in and come out in the same order.
///
/// Owns a thread, which owns the workers, and the batches that were submitted; whoever submits them bounds how many those are. When
/// it is dropped, workers finish the line they are at, and end; one that does not within five seconds is killed.
#[derive(Debug)]
pub struct Pool {
    handle: Handle,
    supervisor: Option<JoinHandle<()>>,
    jobs: SyncSender<Job>,
    replies: Receiver<Reply>,
    batches: VecDeque<InHand>,
    numbers: u64,
    /// Jobs that were not replied to.
    open: usize,
    open_max: usize,
    /// Memory of frames that can be used again.
    frames: Vec<Vec<u8>>,
}

impl Pool {
    /// Starts the workers, and waits until the first one is ready.
    ///
    /// # Errors
    /// If the interpreter cannot be started, or the handler cannot be loaded; then with Python's traceback.
    pub fn start(spec: Spec) -> Result<Self, StartError> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let shared = Arc::new(Shared::new(wake));
        // As many as there can be, whatever the number of workers turns out to be.
        let slots = JOBS_EACH * spec.workers.map_or_else(processors, usize::from);
        let (jobs, their_jobs) = sync_channel(slots);
        let (their_replies, replies) = sync_channel(slots);
        let (their_started, started) = sync_channel(1);
        let name = format!("python-{}", spec.name);
        let ends = Ends {
            shared: Arc::clone(&shared),
            wake: woken,
            jobs: their_jobs,
            replies: their_replies,
            started: their_started,
        };
        let (python, handler) = (spec.python.clone(), spec.handler.clone());
        let supervisor =
            std::thread::Builder::new().name(name).spawn(move || Supervisor::new(spec, ends).run())?;
        let mut pool = Self {
            handle: Handle(shared),
            supervisor: Some(supervisor),
            jobs,
            replies,
            batches: VecDeque::new(),
            numbers: 0,
            open: 0,
            open_max: 0,
            frames: Vec::new(),
        };
        let ended =
            || StartError::Ended { python, handler, reason: "the thread of the workers ended".to_owned() };
        let workers = started.recv().unwrap_or_else(|_| Err(ended()))?;
        pool.open_max = JOBS_EACH * workers;
        Ok(pool)
    }

    /// Starts one worker, asks it how it calls its handler, and stops it.
    ///
    /// # Errors
    /// As [`Pool::start`].
    pub fn check(spec: &Spec) -> Result<About, StartError> {
        let spec = Spec { workers: Some(std::num::NonZeroUsize::MIN), watch: false, ..spec.clone() };
        let pool = Self::start(spec)?;
        Ok(pool.handle.status().about.unwrap_or_default())
    }

    /// What others may tell it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// How many batches were submitted and not collected.
    pub fn in_hand(&self) -> usize {
        self.batches.len()
    }

    /// Sends the records through the handler, and waits for them.
    ///
    /// # Errors
    /// If the pool is stopped. Then the records are gone: they are to be read again.
    ///
    /// # Panics
    /// If other batches are in hand.
    pub fn process(&mut self, batch: &mut Batch) -> Result<(), Stopped> {
        assert!(self.batches.is_empty(), "what was submitted is to be collected first");
        if !batch.is_empty() {
            self.submit(std::mem::take(batch))?;
            *batch = self.collect()?.unwrap_or_default();
        }
        Ok(())
    }

    /// Lets the workers begin with these records, and does not wait. Several batches can be in hand, so that workers have something to
    /// do while others are read and written.
    ///
    /// # Errors
    /// If the pool is stopped.
    pub fn submit(&mut self, batch: Batch) -> Result<(), Stopped> {
        self.batches.push_back(InHand::new(batch, self.open_max / JOBS_EACH));
        self.make_jobs()
    }

    /// Waits for the batch that was submitted first. `None` if there is none.
    ///
    /// # Errors
    /// If the pool is stopped.
    pub fn collect(&mut self) -> Result<Option<Batch>, Stopped> {
        loop {
            let Some(first) = self.batches.front() else { return Ok(None) };
            if first.is_done() {
                break;
            }
            let reply = self.replies.recv().map_err(|_| Stopped)?;
            self.take(reply);
            self.make_jobs()?;
        }
        let board = &self.handle.0.board;
        Ok(self.batches.pop_front().map(|in_hand| in_hand.finish(board)))
    }

    /// Forgets the batches in hand: they are to be read again. Workers finish the jobs that they have of them.
    pub fn forget(&mut self) {
        self.batches.clear();
    }

    /// Cuts batches into jobs, as many as may be open.
    fn make_jobs(&mut self) -> Result<(), Stopped> {
        let gives = self.handle.0.gives();
        let mut made = false;
        for in_hand in &mut self.batches {
            while self.open < self.open_max && in_hand.has_more() {
                let number = self.numbers;
                let mut frame = self.frames.pop().unwrap_or_default();
                in_hand.cut(number, gives, &mut frame);
                let job = Job { number, gives, frame: Arc::new(frame), attempts: 0 };
                self.jobs.try_send(job).map_err(|_| Stopped)?;
                (self.numbers, self.open, made) = (self.numbers + 1, self.open + 1, true);
            }
        }
        if made {
            self.handle.0.wake();
        }
        Ok(())
    }

    fn take(&mut self, reply: Reply) {
        match reply {
            Reply::Done { job, body } => self.settle(job, Ok(body)),
            Reply::GivenUp { job, reason } => self.settle(job, Err(reason)),
            Reply::Again { mut job } => {
                let gives = self.handle.0.gives();
                let mut frame = Arc::try_unwrap(job.frame).unwrap_or_default();
                self.batches.iter().for_each(|in_hand| in_hand.encode_again(job.number, gives, &mut frame));
                (job.frame, job.gives) = (Arc::new(frame), gives);
                // If nobody takes it, nobody replies either, and whoever waits is told that.
                let _ = self.jobs.try_send(job);
                self.handle.0.wake();
            }
        }
    }

    fn settle(&mut self, job: Job, result: Result<Vec<u8>, String>) {
        self.open -= 1;
        if let Ok(frame) = Arc::try_unwrap(job.frame)
            && frame.capacity() <= 2 * JOB_BYTES
        {
            self.frames.push(frame);
        }
        let mut result = Some(result);
        self.batches.iter_mut().for_each(|in_hand| in_hand.settle(job.number, &mut result));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.handle.stop();
        if let Some(supervisor) = self.supervisor.take() {
            // If it has panicked, the log has the place.
            let _ = supervisor.join();
        }
    }
}

/// How many processors there are for this process, and so how many workers for a plain function if nobody says; at least 1.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
