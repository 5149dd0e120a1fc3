use std::time::Duration;

use super::{LEAVE, Supervisor};
use crate::End;
use crate::worker::Worker;

/// A worker whose socket has closed has so long to end, before it is ended.
const END: Duration = Duration::from_millis(500);

impl Supervisor {
    /// Looks at every worker: whether it lives, gets something done, and how much memory it takes.
    pub(super) fn look_at_all(&mut self, now: Duration) {
        // It is set anew when all else is done.
        self.look = Duration::MAX;
        for index in 0..self.workers.len() {
            let in_hand = self.schedule.in_hand(self.workers[index].number);
            let spec = &self.spec;
            let worker = &mut self.workers[index];
            if worker.leaving.is_some() && in_hand == 0 && worker.finish() {
                worker.leaving = Some(now);
            }
            let bytes = worker.report_left_out(now, false);
            if bytes > 0 {
                self.shared.board.update(|status| status.left_out_bytes += bytes);
            }
            if let Some(reason) = why_to_end(worker, in_hand, spec, now) {
                worker.doom.get_or_insert(reason);
            }
            if let Some(status) = worker.process.ended() {
                // What it has said before counts.
                self.listen(index, now);
                let worker = &mut self.workers[index];
                if worker.doom.is_none() {
                    worker.doom = Some((End::Exited, format!("the worker ended: {status}")));
                }
            }
        }
    }
}

fn why_to_end(worker: &Worker, in_hand: usize, spec: &crate::Spec, now: Duration) -> Option<(End, String)> {
    let quiet = now.saturating_sub(worker.progress);
    let too_long = |since: Duration, bound| now.saturating_sub(since) >= bound;
    if worker.leaving.is_some_and(|since| worker.finished() && too_long(since, LEAVE)) {
        return Some((End::Stopped, format!("the worker did not end within {LEAVE:?} and was killed")));
    }
    if worker.about.is_none() && quiet >= spec.start_timeout {
        let reason = format!("the worker was not ready after {:?} and was killed", spec.start_timeout);
        return Some((End::NotReady, reason));
    }
    if worker.about.is_some() && in_hand > 0 && quiet >= spec.timeout {
        let reason = format!("the worker got no line done for {:?} and was killed", spec.timeout);
        return Some((End::Timeout, reason));
    }
    if worker.closed.is_some_and(|since| too_long(since, END)) {
        return Some((End::Protocol, "the worker closed its socket and was killed".to_owned()));
    }
    let memory = if in_hand > 0 || worker.about.is_none() { worker.process.memory()? } else { return None };
    (memory > spec.memory_max).then(|| {
        let reason = format!(
            "the worker took {} MiB of memory, more than the {} that it may, and was killed",
            memory >> 20,
            spec.memory_max >> 20
        );
        (End::Memory, reason)
    })
}
