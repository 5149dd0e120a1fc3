use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use record::Batch;

use super::{BadStage, Handlers, NotApplied, Ready, Stage, StageCounts};

/// Fewer records are not worth waking a thread for.
const ROWS_MIN: usize = 256;

/// Threads that work on a batch together with the pipeline's own.
///
/// Each works on a part of the records, one behind the other, and what they make of them is put together in the same order; a stage
/// that remembers records sees all of them on the pipeline's thread in between.
///
/// What it owns: the threads, each with stages of its own, and a part of a batch. What bounds it: one batch is worked on at a time. They
/// stop when it is dropped, which waits for the batch that they are at. When one panics, so does the pipeline's thread.
#[derive(Debug)]
pub(super) struct Threads {
    helpers: Vec<Helper>,
    /// True for each stage that several threads may work on.
    shared: Vec<bool>,
    /// The part of the pipeline's own thread.
    own: Batch,
    total: Vec<StageCounts>,
}

#[derive(Debug)]
struct Helper {
    /// `None` when it is to end.
    work: Option<SyncSender<Work>>,
    done: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
    spare: Batch,
    counts: Vec<StageCounts>,
}

/// Some stages for some records of a batch.
struct Work {
    batch: Arc<Batch>,
    rows: Range<usize>,
    stages: Range<usize>,
    into: Batch,
}

struct Done {
    batch: Batch,
    /// Of all stages, since the thread began.
    counts: Vec<StageCounts>,
}

impl Threads {
    /// Starts one thread less than `threads`, which are no more than the machine has cores; none if there is nothing for them to do.
    pub(super) fn start(stages: &[Stage], threads: usize) -> Result<Option<Self>, (usize, BadStage)> {
        Self::start_all(stages, threads.min(workers::processors()))
    }

    fn start_all(stages: &[Stage], threads: usize) -> Result<Option<Self>, (usize, BadStage)> {
        let shared: Vec<_> = stages.iter().map(|stage| !stage.is_for_one_thread()).collect();
        let mut helpers = Vec::new();
        for _ in 1..threads {
            let ready = stages.iter().enumerate().map(|(index, stage)| {
                shared[index]
                    .then(|| Ready::new(stage, index, &Handlers::default()))
                    .transpose()
                    .map_err(|bad| (index, bad))
            });
            let counts = stages.iter().map(|stage| StageCounts::of(stage.name())).collect();
            helpers.extend(Helper::start(ready.collect::<Result<_, _>>()?, counts));
        }
        let total = stages.iter().map(|stage| StageCounts::of(stage.name())).collect();
        let is_of_use = shared.contains(&true) && !helpers.is_empty();
        Ok(is_of_use.then(|| Self { helpers, shared, own: Batch::new(), total }))
    }

    /// The stages from `first` on that the threads work on, if they do with such a batch.
    pub(super) fn run(&self, first: usize, batch: &Batch) -> Option<Range<usize>> {
        let run = self.shared[first..].iter().take_while(|shared| **shared).count();
        (run > 0 && batch.len() >= ROWS_MIN).then_some(first..first + run)
    }

    /// Sends the records through some stages; `own` does it with those of this thread.
    ///
    /// # Errors
    /// What `own` says; then the records are gone.
    pub(super) fn apply(
        &mut self,
        stages: Range<usize>,
        batch: &mut Batch,
        own: impl FnOnce(&mut Batch) -> Result<(), NotApplied>,
    ) -> Result<(), NotApplied> {
        let whole = Arc::new(std::mem::take(batch));
        let part = whole.len().div_ceil(self.helpers.len() + 1);
        for (index, helper) in self.helpers.iter_mut().enumerate() {
            let [from, to] = [index + 1, index + 2].map(|part_end| (part * part_end).min(whole.len()));
            let into = std::mem::take(&mut helper.spare);
            helper.begin(Work { batch: Arc::clone(&whole), rows: from..to, stages: stages.clone(), into });
        }
        self.own.clear();
        self.own.append_part(&whole, 0..part);
        let applied = own(&mut self.own);
        for helper in &mut self.helpers {
            helper.end();
            self.own.append(&helper.spare);
        }
        *batch = std::mem::take(&mut self.own);
        // Nobody else has it any more, and its memory is as good as new.
        self.own = Arc::try_unwrap(whole).unwrap_or_default();
        applied
    }

    /// Adds up what all of them counted; `own` is what this thread did.
    pub(super) fn sum(&mut self, own: &[StageCounts]) {
        self.total.clone_from_slice(own);
        for helper in &self.helpers {
            self.total.iter_mut().zip(&helper.counts).for_each(|(total, counts)| total.add(counts));
        }
    }

    pub(super) fn counts(&self) -> &[StageCounts] {
        &self.total
    }
}

impl Helper {
    /// `None` when the system has no thread for it: the others do its work.
    fn start(stages: Vec<Option<Ready>>, counts: Vec<StageCounts>) -> Option<Self> {
        let (work, works) = sync_channel(1);
        let (dones, done) = sync_channel(1);
        let mut doing = counts.clone();
        let thread = std::thread::Builder::new()
            .name("stages".to_owned())
            .spawn(move || run(stages, &mut doing, &works, &dones));
        match thread {
            Ok(thread) => {
                Some(Self { work: Some(work), done, thread: Some(thread), spare: Batch::new(), counts })
            }
            Err(error) => {
                tracing::warn!(%error, "a thread for stages could not be started: there is one less");
                None
            }
        }
    }

    fn begin(&mut self, work: Work) {
        if self.work.as_ref().is_none_or(|to| to.send(work).is_err()) {
            self.give_up();
        }
    }

    fn end(&mut self) {
        match self.done.recv() {
            Ok(Done { batch, counts }) => (self.spare, self.counts) = (batch, counts),
            Err(_) => self.give_up(),
        }
    }

    /// Its thread has panicked, and so does this one.
    fn give_up(&mut self) {
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
    }
}

fn run(
    mut stages: Vec<Option<Ready>>,
    counts: &mut [StageCounts],
    works: &Receiver<Work>,
    dones: &SyncSender<Done>,
) {
    while let Ok(Work { batch, rows, stages: range, into: mut part }) = works.recv() {
        part.clear();
        part.append_part(&batch, rows);
        drop(batch);
        for (stage, counts) in stages[range.clone()].iter_mut().flatten().zip(&mut counts[range]) {
            // What works on several threads runs no code of the user's, and nothing else fails.
            let _ = stage.apply_counted(&mut part, counts);
        }
        if dones.send(Done { batch: part, counts: counts.to_vec() }).is_err() {
            return;
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // What it panicked with was told.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use record::{Batch, Line, LineFlags, Micros, Position};

    use super::Threads;
    use crate::output::json::write_record;
    use crate::{Dedupe, OwnedValue, Redact, Stage, Stages};

    fn stages() -> Vec<Stage> {
        let set = |name: &str| Stage::Set(vec![(name.to_owned(), OwnedValue::Int(1))]);
        vec![
            Stage::Parse(parse::Format::Kv.into()),
            Stage::Sample(3),
            Stage::Dedupe(Dedupe { lines: 50, within: None, across_peers: false }),
            set("first"),
            Stage::Redact(Redact { cards: true, ..Redact::default() }),
        ]
    }

    fn batch(texts: &[u8], from: usize) -> Batch {
        let mut batch = Batch::new();
        for (index, text) in texts.iter().enumerate() {
            let bytes = format!("n={text} card=4111111111111111 \u{e9}={index}");
            let (position, received) = (Position((from + index) as u64), Micros(7));
            let peer = if text % 2 == 0 { "even" } else { "odd" };
            batch.push(&Line {
                position,
                received,
                source: "s",
                peer,
                bytes: bytes.as_bytes(),
                flags: LineFlags::default(),
            });
        }
        batch
    }

    fn shown(batch: &Batch) -> String {
        let mut out = String::new();
        batch.iter().for_each(|record| write_record(&mut out, record));
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn however_many_threads_the_records_and_counts_are_the_same(
            batches in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..900), 1..5), threads in 1..5_usize,
        ) {
            let stages = stages();
            let mut one = Stages::new(&stages).unwrap();
            let mut many = Stages::new(&stages).unwrap();
            many.threads = Threads::start_all(&stages, threads).unwrap();
            prop_assert_eq!(many.threads.is_some(), threads > 1);
            let mut from = 0;
            for texts in batches {
                let (mut expected, mut found) = (batch(&texts, from), batch(&texts, from));
                from += texts.len();
                one.apply(&mut expected).unwrap();
                many.apply(&mut found).unwrap();
                prop_assert_eq!(shown(&found), shown(&expected));
                prop_assert_eq!(many.counts(), one.counts());
            }
        }
    }

    #[test]
    fn stages_that_all_remember_need_no_threads() {
        let dedupe = Stage::Dedupe(Dedupe { lines: 5, within: None, across_peers: false });
        assert!(Threads::start_all(&[dedupe], 4).unwrap().is_none());
        assert!(Threads::start_all(&[], 4).unwrap().is_none());
    }
}
