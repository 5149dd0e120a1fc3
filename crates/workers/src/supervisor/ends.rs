use std::time::Duration;

use super::{Reply, Supervisor};
use crate::worker::Worker;
use crate::{End, StartError};

impl Supervisor {
    /// Ends the workers that are to end, or have.
    pub(super) fn end_doomed(&mut self, now: Duration) {
        for index in (0..self.workers.len()).rev() {
            if self.workers[index].doom.is_some() {
                let mut worker = self.workers.swap_remove(index);
                // The last words are the most interesting ones.
                worker.read_output(&mut self.scratch, now);
                let bytes = worker.report_left_out(now, true);
                self.shared.board.update(|status| status.left_out_bytes += bytes);
                self.ended(worker, now);
            }
        }
    }

    fn ended(&mut self, mut worker: Worker, now: Duration) {
        let (end, mut reason) = worker.doom.take().unwrap_or((End::Exited, String::new()));
        if worker.leaving.is_none() || end != End::Exited {
            self.shared.board.update(|status| *status.ends.entry(end.name()).or_default() += 1);
        }
        if let Some(failure) = worker.failure.take() {
            if worker.about.is_none() {
                let error = StartError::Handler { handler: self.spec.handler.clone(), traceback: failure };
                return self.cannot_start(worker.slot, error, now);
            }
            let last = failure.trim_end().lines().last().unwrap_or_default();
            reason = format!("{reason}: {last}");
        }
        let given_up = self.schedule.lost(worker.number);
        if worker.about.is_none() {
            return self.cannot_start(worker.slot, self.not_ready(&worker, reason, now), now);
        }
        for job in given_up {
            self.reply(Reply::GivenUp { job, reason: reason.clone() });
        }
        if worker.leaving.is_some() {
            // Another one has its place, or nobody is to.
            return;
        }
        tracing::warn!(pipeline = self.spec.name, worker = worker.slot, reason, "a worker is replaced");
        self.shared.board.update(|status| {
            status.restarts += 1;
            status.last_error = Some(reason);
        });
        self.restart(worker.slot, now);
    }

    fn not_ready(&self, worker: &Worker, reason: String, now: Duration) -> StartError {
        let (python, handler) = (self.spec.python.clone(), self.spec.handler.clone());
        if now.saturating_sub(worker.progress) >= self.spec.start_timeout {
            return StartError::Timeout { handler, after: self.spec.start_timeout };
        }
        StartError::Ended { python, handler, reason }
    }

    /// If it is the very first worker, there will be none. If an older one still works in its place, that stays. Otherwise it is tried
    /// again.
    pub(super) fn cannot_start(&mut self, slot: usize, error: StartError, now: Duration) {
        if let Some(started) = self.started.take() {
            let _ = started.try_send(Err(error));
            return self.stop(now);
        }
        if self.replies.is_none() {
            return;
        }
        let text = error.to_string();
        if self.workers.iter().any(|other| other.slot == slot && other.takes_jobs()) {
            tracing::error!(
                pipeline = self.spec.name,
                error = text,
                "the worker with the code of before stays"
            );
        } else {
            tracing::error!(pipeline = self.spec.name, error = text, "it is tried again; lines wait");
            self.restart(slot, now);
        }
        self.shared.board.update(|status| status.last_error = Some(text));
    }

    fn restart(&mut self, slot: usize, now: Duration) {
        let wait = self.slots[slot].backoff.failed(fastrand::f64());
        self.slots[slot].start.get_or_insert(now + wait);
    }
}
