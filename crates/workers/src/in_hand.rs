use std::ops::Range;

use record::{Batch, Position};

use crate::apply::{Part, apply};
use crate::codec::{Gives, Outcome, encode};
use crate::schedule::IN_HAND;
use crate::status::Board;

/// A job has so many lines at most.
const JOB_LINES: usize = 1024;
/// A batch of fewer lines is one job: to hand it over costs as much as to do it.
const JOB_LINES_MIN: usize = 16;
/// A job is full with so many bytes of text.
pub(crate) const JOB_BYTES: usize = 128 << 10;

/// A batch that is cut into jobs, and what became of them.
#[derive(Debug)]
pub(crate) struct InHand {
    batch: Batch,
    job_lines: usize,
    /// The first row that is in no job.
    next: usize,
    /// By number.
    jobs: Vec<Cut>,
}

/// A job's rows.
#[derive(Debug)]
struct Cut {
    number: u64,
    rows: Range<usize>,
    /// What a worker answered, or why none could.
    result: Option<Result<Vec<u8>, String>>,
}

impl InHand {
    /// It is cut so that each of so many workers has something to do, and something that waits.
    pub(crate) fn new(batch: Batch, workers: usize) -> Self {
        let job_lines = batch.len().div_ceil(IN_HAND * workers.max(1)).clamp(JOB_LINES_MIN, JOB_LINES);
        Self { batch, job_lines, next: 0, jobs: Vec::new() }
    }

    /// True when there are rows that are in no job.
    pub(crate) fn has_more(&self) -> bool {
        self.next < self.batch.len()
    }

    /// True when all jobs are done.
    pub(crate) fn is_done(&self) -> bool {
        !self.has_more() && self.jobs.iter().all(|job| job.result.is_some())
    }

    /// Cuts off the next job, and writes its frame. Numbers ascend.
    pub(crate) fn cut(&mut self, number: u64, gives: Gives, frame: &mut Vec<u8>) {
        let (start, mut bytes) = (self.next, 0);
        let end = self.batch.len().min(start + self.job_lines);
        while self.next < end && (self.next == start || bytes < JOB_BYTES) {
            bytes += self.batch.get(self.next).message().len();
            self.next += 1;
        }
        let rows = start..self.next;
        encode(frame, number, &self.batch, rows.clone(), gives);
        self.jobs.push(Cut { number, rows, result: None });
    }

    /// Writes the frame of a job once more, for handlers that are given something else. Does nothing if it is another batch's.
    pub(crate) fn encode_again(&self, number: u64, gives: Gives, frame: &mut Vec<u8>) {
        if let Some(at) = self.find(number) {
            encode(frame, number, &self.batch, self.jobs[at].rows.clone(), gives);
        }
    }

    /// Takes the result of a job, if it is one of these.
    pub(crate) fn settle(&mut self, number: u64, result: &mut Option<Result<Vec<u8>, String>>) {
        if let Some(at) = self.find(number) {
            self.jobs[at].result = result.take();
        }
    }

    /// Makes the changes, and counts.
    pub(crate) fn finish(mut self, board: &Board) -> Batch {
        let (lines, mut unhandled) = (self.batch.len() as u64, 0);
        let mut parts = Vec::with_capacity(self.jobs.len());
        for cut in &self.jobs {
            let part = cut.part();
            match &part {
                Part::Done(outcome) if !outcome.trace.is_empty() => {
                    board.sample(Position(outcome.trace_position), outcome.trace);
                }
                Part::Done(_) => {}
                Part::Unhandled(_) => unhandled += cut.rows.len() as u64,
            }
            parts.push((cut.rows.clone(), part));
        }
        let failed = apply(&mut self.batch, &parts);
        board.update(|status| {
            status.batches += 1;
            status.lines += lines;
            status.failed += failed;
            status.unhandled += unhandled;
        });
        self.batch
    }

    fn find(&self, number: u64) -> Option<usize> {
        self.jobs.binary_search_by_key(&number, |cut| cut.number).ok()
    }
}

impl Cut {
    fn part(&self) -> Part<'_> {
        match &self.result {
            Some(Ok(body)) => Outcome::decode(body, self.rows.len())
                .map_or(Part::Unhandled("the worker's answer cannot be read"), Part::Done),
            Some(Err(reason)) => Part::Unhandled(reason),
            None => Part::Unhandled("no worker answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position};

    use super::{Gives, InHand, JOB_BYTES};

    fn cut(lines: usize, bytes: usize, workers: usize) -> Vec<std::ops::Range<usize>> {
        let (mut batch, text) = (Batch::new(), vec![b'x'; bytes]);
        for position in 0..lines as u64 {
            let (position, received, flags) = (Position(position), Micros(0), LineFlags::default());
            batch.push(&Line { position, received, source: "s", peer: "p", bytes: &text, flags });
        }
        let (mut in_hand, mut frame) = (InHand::new(batch, workers), Vec::new());
        for number in 0.. {
            if !in_hand.has_more() {
                break;
            }
            in_hand.cut(number, Gives::Text, &mut frame);
        }
        in_hand.jobs.into_iter().map(|job| job.rows).collect()
    }

    #[test]
    fn every_worker_has_its_share() {
        assert_eq!(cut(10, 1, 4).len(), 1);
        assert_eq!(cut(40, 1, 1), [0..20, 20..40]);
        assert_eq!(cut(1000, 1, 2), [0..250, 250..500, 500..750, 750..1000]);
        assert_eq!(cut(8192, 1, 2).len(), 8);
        assert_eq!(cut(3, 2 * JOB_BYTES, 1).len(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(50))]

        #[test]
        fn each_row_is_in_one_job(lines in 1_usize..3000, bytes in 0_usize..400, workers in 1_usize..9) {
            let jobs = cut(lines, bytes, workers);
            prop_assert_eq!(jobs.iter().cloned().flatten().collect::<Vec<_>>(), (0..lines).collect::<Vec<_>>());
            prop_assert!(jobs.iter().all(|rows| rows.len() <= 1024 && rows.len() * bytes <= JOB_BYTES + bytes));
        }
    }
}
