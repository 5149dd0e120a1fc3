use std::collections::VecDeque;
use std::sync::Arc;

use crate::codec::Gives;

/// A worker has at most so many batches in hand: one it works on, one that waits, so that it never does.
pub(crate) const IN_HAND: usize = 2;
/// So often a batch is given to a worker.
const ATTEMPTS: u32 = 2;

/// Lines on their way to a worker.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) number: u64,
    /// For handlers that are given this.
    pub(crate) gives: Gives,
    /// As it is sent.
    pub(crate) frame: Arc<Vec<u8>>,
    /// How many workers ended with it in hand.
    pub(crate) attempts: u32,
}

/// Which batch goes to which worker. Without I/O.
///
/// Owns the batches that no worker has answered yet; whoever adds them bounds how many. A batch whose worker ended is tried once
/// more, alone: so one that ends every worker takes no other with it.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// By number.
    waiting: VecDeque<Job>,
    /// Each with the number of its worker.
    running: Vec<(u64, Job)>,
}

impl Schedule {
    /// Takes a batch over.
    pub(crate) fn add(&mut self, job: Job) {
        let at = self.waiting.partition_point(|other| other.number < job.number);
        self.waiting.insert(at, job);
    }

    /// How many batches this worker has.
    pub(crate) fn in_hand(&self, worker: u64) -> usize {
        self.running.iter().filter(|(other, _)| *other == worker).count()
    }

    /// True when no batch waits for a worker.
    pub(crate) fn is_drained(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The next batch for this worker, if it may have one now.
    pub(crate) fn next_for(&mut self, worker: u64) -> Option<Job> {
        let next = self.waiting.front()?;
        let mut hand = self.running.iter().filter(|(other, _)| *other == worker).map(|(_, job)| job);
        let alone = |job: &Job| job.attempts > 0;
        let may = match (hand.next(), hand.next()) {
            (None, _) => true,
            (Some(first), None) => !alone(first) && !alone(next),
            _ => false,
        };
        let job = if may { self.waiting.pop_front()? } else { return None };
        self.running.push((worker, job.clone()));
        Some(job)
    }

    /// The worker has answered.
    pub(crate) fn done(&mut self, worker: u64, number: u64) -> Option<Job> {
        let at = self.running.iter().position(|(other, job)| *other == worker && job.number == number)?;
        Some(self.running.swap_remove(at).1)
    }

    /// The worker has ended. Its batches wait again; those that were tried often enough are given up and returned.
    pub(crate) fn lost(&mut self, worker: u64) -> Vec<Job> {
        let mut given_up = Vec::new();
        for (_, mut job) in self.running.extract_if(.., |(other, _)| *other == worker).collect::<Vec<_>>() {
            job.attempts += 1;
            if job.attempts < ATTEMPTS { self.add(job) } else { given_up.push(job) }
        }
        given_up
    }

    /// Takes out the batches that wait and were made for handlers that are given something else.
    pub(crate) fn made_for_others(&mut self, gives: Gives) -> Vec<Job> {
        if self.waiting.iter().all(|job| job.gives == gives) {
            return Vec::new();
        }
        let (fit, others): (VecDeque<Job>, VecDeque<Job>) =
            self.waiting.drain(..).partition(|job| job.gives == gives);
        self.waiting = fit;
        others.into()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{ATTEMPTS, Gives, IN_HAND, Job, Schedule};

    fn job(number: u64) -> Job {
        Job { number, gives: Gives::Text, frame: Arc::default(), attempts: 0 }
    }

    #[test]
    fn what_ended_a_worker_is_tried_once_more_and_alone() {
        let mut schedule = Schedule::default();
        (0..4).for_each(|number| schedule.add(job(number)));
        let next = |schedule: &mut Schedule, worker| schedule.next_for(worker).map(|job| job.number);
        assert_eq!(
            [next(&mut schedule, 1), next(&mut schedule, 1), next(&mut schedule, 1)],
            [Some(0), Some(1), None]
        );
        assert!(schedule.lost(1).is_empty());
        assert_eq!([next(&mut schedule, 2), next(&mut schedule, 2)], [Some(0), None]);
        assert_eq!([next(&mut schedule, 3), next(&mut schedule, 3)], [Some(1), None]);
        assert_eq!(schedule.lost(2).iter().map(|job| job.number).collect::<Vec<_>>(), [0]);
        assert!(schedule.done(3, 1).is_some() && schedule.done(3, 1).is_none());
        assert_eq!([next(&mut schedule, 3), next(&mut schedule, 3)], [Some(2), Some(3)]);
        assert!(schedule.is_drained());
    }

    #[derive(Clone, Debug)]
    enum Event {
        Add,
        Give(u64),
        Done(u64),
        Lost(u64),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let worker = 0..3_u64;
        let event = prop_oneof![
            3 => Just(Event::Add),
            5 => worker.clone().prop_map(Event::Give),
            3 => worker.clone().prop_map(Event::Done),
            1 => worker.prop_map(Event::Lost),
        ];
        prop::collection::vec(event, 0..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn each_batch_ends_once_and_no_worker_has_too_many(events in events()) {
            let (mut schedule, mut added) = (Schedule::default(), 0);
            let mut hands: BTreeMap<u64, Vec<Job>> = BTreeMap::new();
            let mut ended = BTreeSet::new();
            for event in events {
                match event {
                    Event::Add => {
                        schedule.add(job(added));
                        added += 1;
                    }
                    Event::Give(worker) => {
                        let hand = hands.entry(worker).or_default();
                        hand.extend(schedule.next_for(worker));
                        prop_assert!(hand.len() <= IN_HAND && hand.len() == schedule.in_hand(worker));
                        prop_assert!(hand.len() < 2 || hand.iter().all(|job| job.attempts == 0));
                    }
                    Event::Done(worker) => {
                        if let Some(job) = hands.entry(worker).or_default().pop() {
                            prop_assert!(schedule.done(worker, job.number).is_some());
                            prop_assert!(ended.insert(job.number));
                        }
                    }
                    Event::Lost(worker) => {
                        hands.remove(&worker);
                        for job in schedule.lost(worker) {
                            prop_assert_eq!(job.attempts, ATTEMPTS);
                            prop_assert!(ended.insert(job.number));
                        }
                    }
                }
            }
            let left = schedule.waiting.iter().chain(schedule.running.iter().map(|(_, job)| job));
            ended.extend(left.map(|job| job.number));
            prop_assert_eq!(ended.len() as u64, added);
        }
    }
}
