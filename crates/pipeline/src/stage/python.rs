use record::Batch;
use workers::{Pool, Spec, StartError};

use super::{Handlers, NotApplied, StageCounts};

/// A Python handler as a stage.
///
/// Owns the pool of its workers from [`Python::start`] on, or from the first batch; the pool is bounded by its [limits](workers). It
/// stops when it is dropped, or at once when its [`Handlers`] are. If its workers fail, their lines pass with the reason; if the pool
/// does, it is started anew with the next batch.
#[derive(Debug)]
pub(super) struct Python {
    spec: Spec,
    /// Which of the pipeline's stages it is.
    stage: usize,
    handlers: Handlers,
    pool: Option<Pool>,
}

impl Python {
    pub(super) fn new(spec: &Spec, stage: usize, handlers: &Handlers) -> Self {
        Self { spec: spec.clone(), stage, handlers: handlers.clone(), pool: None }
    }

    /// Starts the workers of the pipeline `name`.
    pub(super) fn start(&mut self, name: &str) -> Result<(), StartError> {
        name.clone_into(&mut self.spec.name);
        let pool = Pool::start(self.spec.clone())?;
        self.handlers.add(self.stage, &self.spec.handler, pool.handle());
        self.pool = Some(pool);
        Ok(())
    }

    /// Sends the records through the handler, and waits for them.
    pub(super) fn apply(&mut self, batch: &mut Batch) -> Result<(), NotApplied> {
        let processed = self.pool()?.process(batch);
        self.unless_stopped(processed)
    }

    /// Lets the handler begin with these records.
    pub(super) fn submit(&mut self, batch: Batch) -> Result<(), NotApplied> {
        let submitted = self.pool()?.submit(batch);
        self.unless_stopped(submitted)
    }

    /// Waits for the records that were submitted first.
    pub(super) fn collect(&mut self) -> Result<Option<Batch>, NotApplied> {
        let collected = self.pool()?.collect();
        self.unless_stopped(collected)
    }

    /// Forgets what was submitted.
    pub(super) fn forget(&mut self) {
        if let Some(pool) = &mut self.pool {
            pool.forget();
        }
    }

    /// What it counts for itself.
    pub(super) fn count(&self, counts: &mut StageCounts) {
        let Some(pool) = &self.pool else { return };
        let (failed, last) = pool.handle().failures();
        if failed > counts.failed {
            counts.failed = failed;
            counts.last_failure = last.or(counts.last_failure.take());
        }
    }

    fn pool(&mut self) -> Result<&mut Pool, NotApplied> {
        if self.handlers.are_stopped() {
            return Err(NotApplied::Stopped);
        }
        if self.pool.is_none() {
            let name = self.spec.name.clone();
            self.start(&name)?;
        }
        self.pool.as_mut().ok_or(NotApplied::Stopped)
    }

    /// A pool that has stopped does nothing any more.
    fn unless_stopped<T>(&mut self, done: Result<T, workers::Stopped>) -> Result<T, NotApplied> {
        done.map_err(|workers::Stopped| {
            self.pool = None;
            NotApplied::Stopped
        })
    }
}
