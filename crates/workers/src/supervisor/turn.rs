use std::io::Read as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use record::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Reply, Supervisor};
use crate::End;
use crate::schedule::IN_HAND;

/// How often workers that work are looked at: whether they live, how much memory they take.
const LOOK_BUSY: Duration = Duration::from_millis(100);
/// The same for those that have nothing to do.
const LOOK_IDLE: Duration = Duration::from_secs(1);
/// How soon a worker that says no more is looked at again.
const LOOK_ENDING: Duration = Duration::from_millis(2);

impl Supervisor {
    /// Waits until something happens, and does what there is to do.
    pub(super) fn turn(&mut self) {
        let ready = self.wait();
        let now = clock::monotonic();
        let mut bytes = [0; 64];
        while matches!((&self.wake).read(&mut bytes), Ok(64)) {}
        if self.replies.is_some() && self.shared.stop.load(Ordering::Acquire) {
            self.stop(now);
        }
        if self.shared.kill.load(Ordering::Acquire) {
            for worker in &mut self.workers {
                worker.doom.get_or_insert_with(|| (End::Stopped, "the worker was stopped".to_owned()));
            }
        }
        while let Ok(job) = self.jobs.try_recv() {
            self.schedule.add(job);
        }
        for (index, (socket, output)) in ready.into_iter().enumerate() {
            if output {
                self.listen_output(index, now);
            }
            if socket {
                self.listen(index, now);
            }
        }
        if now >= self.look {
            self.look_at_all(now);
        }
        self.end_doomed(now);
        if self.wants_reload(now) {
            self.reload(now);
        }
        self.start_due(now);
        self.give(now);
        self.write();
        self.look = self.look.min(now + self.look_again());
        self.tell();
    }

    /// Waits, and says of each worker whether its socket and its pipe have something.
    fn wait(&mut self) -> Vec<(bool, bool)> {
        let timeout = self.timeout(clock::monotonic());
        let mut fds = vec![PollFd::new(&self.wake, PollFlags::IN)];
        for worker in &self.workers {
            // Where the end is known, waiting for it again would not wait.
            if worker.socket_open {
                let write = if worker.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
                fds.push(PollFd::new(&worker.process.socket, PollFlags::IN | write));
            }
            if worker.output_open {
                fds.push(PollFd::new(&worker.process.output, PollFlags::IN));
            }
        }
        let timeout = Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ };
        // An interrupted wait is one in which nothing happened.
        let _ = poll(&mut fds, Some(&timeout));
        let mut happened = fds.iter().skip(1).map(|fd| !(fd.revents() - PollFlags::OUT).is_empty());
        let mut next = |open: bool| open && happened.next().unwrap_or(false);
        self.workers.iter().map(|worker| (next(worker.socket_open), next(worker.output_open))).collect()
    }

    fn timeout(&self, now: Duration) -> Duration {
        let slots = self.slots.iter().filter_map(|slot| slot.start);
        let watch = self.watch.as_ref().map(crate::watch::Watch::due);
        let next = slots.chain(watch).fold(self.look, Duration::min);
        next.saturating_sub(now)
    }

    fn look_again(&self) -> Duration {
        if self.workers.iter().any(|worker| !worker.socket_open) {
            return LOOK_ENDING;
        }
        let busy = |number| self.schedule.in_hand(number) > 0;
        let idle = self
            .workers
            .iter()
            .all(|worker| worker.about.is_some() && worker.leaving.is_none() && !busy(worker.number));
        if idle { LOOK_IDLE } else { LOOK_BUSY }
    }

    fn listen_output(&mut self, index: usize, now: Duration) {
        let worker = &mut self.workers[index];
        worker.output_open = worker.read_output(&mut self.scratch, now);
        if worker.printed > self.spec.output_max {
            let reason = format!(
                "the worker printed more than {} bytes for one batch and was killed",
                self.spec.output_max
            );
            worker.doom.get_or_insert((End::Output, reason));
        }
    }

    pub(super) fn listen(&mut self, index: usize, now: Duration) {
        let mut heard = Vec::new();
        let open = self.workers[index].read(|said| heard.push(said));
        for said in heard {
            self.hear(index, said, now);
        }
        let worker = &mut self.workers[index];
        worker.socket_open = open;
        if !open {
            worker.closed.get_or_insert(now);
        }
    }

    fn wants_reload(&mut self, now: Duration) -> bool {
        let asked = self.shared.reload.swap(false, Ordering::AcqRel);
        let changed = self.watch.as_mut().is_some_and(|watch| watch.changed(now));
        (asked || changed) && self.replies.is_some()
    }

    /// Gives jobs to workers that have room, first to those that have none.
    fn give(&mut self, now: Duration) {
        if self.schedule.is_drained() {
            return;
        }
        for job in self.schedule.made_for_others(self.shared.gives()) {
            self.reply(Reply::Again { job });
        }
        for load in 0..IN_HAND {
            for worker in self.workers.iter_mut().filter(|worker| worker.takes_jobs()) {
                if self.schedule.in_hand(worker.number) != load {
                    continue;
                }
                if let Some(job) = self.schedule.next_for(worker.number) {
                    if load == 0 {
                        (worker.progress, worker.printed) = (now, 0);
                    }
                    worker.send(job.frame);
                }
            }
        }
    }

    fn write(&mut self) {
        for worker in self.workers.iter_mut().filter(|worker| worker.wants_to_write() && worker.socket_open) {
            // If it cannot be written to, what it said before is read, and then that it says no more.
            let _ = worker.write();
        }
    }

    fn tell(&self) {
        let ready = self.workers.iter().filter(|worker| worker.takes_jobs()).count();
        let works = |number| self.schedule.in_hand(number) > 0;
        let busy = self.workers.iter().filter(|worker| works(worker.number)).count();
        self.shared.board.update(|status| {
            (status.ready, status.busy, status.wanted) = (ready, busy, self.slots.len());
            status.pids.clear();
            status.pids.extend(self.workers.iter().map(|worker| worker.process.id()));
        });
    }
}
