//! What is done with records on their way.

mod bad;
mod counts;
mod dedupe;
mod digest;
mod enrich;
mod failures;
mod geoip;
mod handlers;
mod kind;
mod loaded;
mod lookup;
mod python;
mod rate;
mod redact;
mod route;
mod sample;
mod select;
mod set;
mod table;
mod threads;
mod vrl;

use std::collections::VecDeque;
use std::ops::Range;

use parse::Parser;
use record::Batch;
use remap::{Predicate, Script};

pub use bad::BadStage;
pub use counts::StageCounts;
use dedupe::Deduper;
pub use enrich::Enrich;
use enrich::Enricher;
pub use geoip::Geoip;
use geoip::Locator;
pub(crate) use handlers::Handlers;
pub use kind::{Dedupe, RateKey, RateLimit, Redact, Stage};
pub use lookup::{Key, Missing};
use python::Python;
use rate::Limiter;
pub use record::OwnedValue;
use redact::Redactor;
use route::Router;
pub use route::{Condition, Route};
use select::Select;
pub use select::Where;
use threads::Threads;
pub use vrl::Vrl;

/// The stages of one pipeline, ready to work. Owns memory that it uses again from batch to batch, for the longest line and its
/// fields, and what its stages remember; each of them has a bound. With threads, they end when it is dropped.
#[derive(Debug)]
pub struct Stages {
    stages: Vec<Ready>,
    counts: Vec<StageCounts>,
    threads: Option<Threads>,
    /// The outputs that `route` stages name.
    routes: Vec<String>,
    handlers: Handlers,
    /// The first stage that runs the user's own code.
    first_handler: Option<usize>,
    /// How many lines each batch has that it works on.
    begun: VecDeque<usize>,
}

/// Why records did not get through the stages. They are gone, and are to be read again.
#[derive(Debug, thiserror::Error)]
pub enum NotApplied {
    /// The pipeline stops, and does not wait for handlers any more.
    #[error("the handlers are stopped")]
    Stopped,
    /// A handler has no workers, and none can be started.
    #[error(transparent)]
    Start(#[from] workers::StartError),
}

#[derive(Debug)]
enum Ready {
    Select(Select),
    Filter(Box<Predicate>),
    Script(Box<Script>),
    Set(Vec<(String, OwnedValue)>),
    Parse(Box<Parser>),
    Sample(u32),
    Dedupe(Deduper),
    Rate(Limiter),
    Redact(Box<Redactor>),
    Enrich(Box<Enricher>),
    Locate(Box<Locator>),
    Route(Box<Router>),
    Python(Box<Python>),
}

impl Stages {
    /// Makes them ready. The workers of a Python handler start with [`Stages::start`], or with the first batch.
    ///
    /// # Errors
    /// What is wrong with the first one that cannot be, and its index.
    pub fn new(stages: &[Stage]) -> Result<Self, (usize, BadStage)> {
        let handlers = Handlers::default();
        let ready = stages
            .iter()
            .enumerate()
            .map(|(index, stage)| Ready::new(stage, index, &handlers).map_err(|bad| (index, bad)));
        let mut ready: Vec<Ready> = ready.collect::<Result<_, _>>()?;
        let counts = stages.iter().map(|stage| StageCounts::of(stage.name())).collect();
        let routes = route::names(stages)?;
        route::number(&mut ready);
        let first_handler = stages.iter().position(Stage::runs_code);
        Ok(Self {
            stages: ready,
            counts,
            threads: None,
            routes,
            handlers,
            first_handler,
            begun: VecDeque::new(),
        })
    }

    /// Starts the workers of the Python handlers, for the pipeline `name`, and waits until each has one.
    ///
    /// # Errors
    /// When a handler cannot be loaded.
    pub fn start(&mut self, name: &str) -> Result<(), workers::StartError> {
        self.stages.iter_mut().try_for_each(|stage| match stage {
            Ready::Python(python) => python.start(name),
            _ => Ok(()),
        })
    }

    /// Lets `threads` in all work on large batches, this one included, where the stages remember nothing. `stages` are those that it
    /// was made of.
    ///
    /// # Errors
    /// As [`Stages::new`].
    pub fn on_threads(mut self, stages: &[Stage], threads: usize) -> Result<Self, (usize, BadStage)> {
        self.threads = Threads::start(stages, threads)?;
        Ok(self)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Sends the records through all of them, in order.
    ///
    /// # Errors
    /// When a Python handler has no workers.
    pub fn apply(&mut self, batch: &mut Batch) -> Result<(), NotApplied> {
        self.apply_to(0..self.stages.len(), batch)
    }

    /// True when one of them runs the user's own code, elsewhere: then [`Stages::begin`] and [`Stages::finish`] let it work while
    /// something else is done.
    pub(crate) fn has_handler(&self) -> bool {
        self.first_handler.is_some()
    }

    /// Sends the records through those before the first handler, and lets that begin with them. Several batches can be on their way.
    pub(crate) fn begin(&mut self, mut batch: Batch) -> Result<(), NotApplied> {
        let first = self.first_handler.unwrap_or_default();
        self.apply_to(0..first, &mut batch)?;
        self.counts[first].records += batch.len() as u64;
        self.begun.push_back(batch.lines());
        match &mut self.stages[first] {
            Ready::Python(python) => python.submit(batch),
            _ => Ok(()),
        }
    }

    /// The records of the batch that was begun first, behind all stages.
    pub(crate) fn finish(&mut self) -> Result<Option<Batch>, NotApplied> {
        let first = self.first_handler.unwrap_or_default();
        let Some(Ready::Python(python)) = self.stages.get_mut(first) else { return Ok(None) };
        let Some(mut batch) = python.collect()? else { return Ok(None) };
        let counts = &mut self.counts[first];
        counts.passed += batch.len() as u64;
        counts.dropped += (self.begun.pop_front().unwrap_or_default().saturating_sub(batch.lines())) as u64;
        python.count(counts);
        self.apply_to(first + 1..self.stages.len(), &mut batch)?;
        Ok(Some(batch))
    }

    fn apply_to(&mut self, which: Range<usize>, batch: &mut Batch) -> Result<(), NotApplied> {
        let mut next = which.start;
        while next < which.end {
            let threads = self.threads.as_mut();
            next = match threads.and_then(|threads| Some((threads.run(next, batch)?, threads))) {
                Some((run, threads)) => {
                    let end = run.end;
                    let (stages, counts) = (&mut self.stages[run.clone()], &mut self.counts[run.clone()]);
                    threads.apply(run, batch, |batch| apply_all(stages, counts, batch))?;
                    end
                }
                None => {
                    self.apply_one(next, batch)?;
                    next + 1
                }
            };
        }
        if let Some(threads) = &mut self.threads {
            threads.sum(&self.counts);
        }
        Ok(())
    }

    /// Sends the records through the one at `index`.
    ///
    /// # Errors
    /// As [`Stages::apply`].
    ///
    /// # Panics
    /// When there are not so many.
    pub fn apply_one(&mut self, index: usize, batch: &mut Batch) -> Result<(), NotApplied> {
        self.stages[index].apply_counted(batch, &mut self.counts[index])
    }

    /// For whoever is to stop the handlers or ask how they are, from another thread.
    pub(crate) fn handlers(&self) -> Handlers {
        self.handlers.clone()
    }

    /// Forgets the lines that went through: they are about to come again.
    pub fn forget(&mut self) {
        self.begun.clear();
        self.stages.iter_mut().for_each(Ready::forget);
    }

    /// The outputs that get only some of the records.
    pub fn routes(&self) -> &[String] {
        &self.routes
    }

    /// Which of the records that went through are for this output.
    pub fn route(&self, output: &str) -> Route {
        route::of(&self.routes, output)
    }

    /// What each of them did since it was made ready.
    pub fn counts(&self) -> &[StageCounts] {
        match &self.threads {
            Some(threads) => threads.counts(),
            None => &self.counts,
        }
    }
}

fn apply_all(stages: &mut [Ready], counts: &mut [StageCounts], batch: &mut Batch) -> Result<(), NotApplied> {
    stages.iter_mut().zip(counts).try_for_each(|(stage, counts)| stage.apply_counted(batch, counts))
}

impl Ready {
    fn new(stage: &Stage, index: usize, handlers: &Handlers) -> Result<Self, BadStage> {
        Ok(match stage {
            Stage::Where(which) => Self::Select(Select::new(which.clone())),
            Stage::WhereTrue(expression) => Self::Filter(Box::new(expression.predicate()?)),
            Stage::Vrl(script) => Self::Script(Box::new(script.script()?)),
            Stage::Set(fields) => {
                set::check(fields)?;
                Self::Set(fields.clone())
            }
            Stage::Parse(parse) => Self::Parse(Box::new(Parser::new(parse)?)),
            Stage::Sample(0) => return Err(BadStage::Sample),
            Stage::Sample(one_in) => Self::Sample(*one_in),
            Stage::Dedupe(told) => {
                dedupe::check(told)?;
                Self::Dedupe(Deduper::new(told))
            }
            Stage::RateLimit(told) => {
                rate::check(told)?;
                Self::Rate(Limiter::new(told))
            }
            Stage::Redact(told) => Self::Redact(Box::new(Redactor::new(told)?)),
            Stage::Enrich(told) => Self::Enrich(Box::new(Enricher::new(told)?)),
            Stage::Route(told) => Self::Route(Box::new(Router::new(told)?)),
            Stage::Geoip(told) => Self::Locate(Box::new(Locator::new(told)?)),
            Stage::Python(spec) => Self::Python(Box::new(Python::new(spec, index, handlers))),
        })
    }

    fn apply_counted(&mut self, batch: &mut Batch, counts: &mut StageCounts) -> Result<(), NotApplied> {
        // A handler may make many records of one line.
        let divides = matches!(self, Self::Python(_));
        let size = |batch: &Batch| if divides { batch.lines() } else { batch.len() };
        let (records, before) = (batch.len(), size(batch));
        self.apply(batch)?;
        counts.records += records as u64;
        counts.passed += batch.len() as u64;
        counts.dropped += before.saturating_sub(size(batch)) as u64;
        self.count(counts);
        Ok(())
    }

    fn apply(&mut self, batch: &mut Batch) -> Result<(), NotApplied> {
        match self {
            Self::Select(select) => select.apply(batch),
            Self::Filter(predicate) => predicate.apply(batch),
            Self::Script(script) => script.apply(batch),
            Self::Set(fields) => set::apply(fields, batch),
            Self::Parse(parser) => parser.apply(batch),
            Self::Sample(one_in) => sample::apply(*one_in, batch),
            Self::Dedupe(deduper) => deduper.apply(batch),
            Self::Rate(limiter) => limiter.apply(batch),
            Self::Redact(redactor) => redactor.apply(batch),
            Self::Enrich(enricher) => enricher.apply(batch),
            Self::Locate(locator) => locator.apply(batch),
            Self::Route(router) => router.apply(batch),
            Self::Python(python) => python.apply(batch)?,
        }
        Ok(())
    }

    fn forget(&mut self) {
        match self {
            Self::Dedupe(deduper) => deduper.forget(),
            Self::Rate(limiter) => limiter.forget(),
            Self::Python(python) => python.forget(),
            _ => {}
        }
    }

    /// What a stage counts for itself.
    fn count(&self, counts: &mut StageCounts) {
        let (failed, last_failure) = match self {
            Self::Parse(parser) => (parser.failed(), parser.last_failure()),
            Self::Filter(predicate) => (predicate.failed(), predicate.last_failure()),
            Self::Script(script) => (script.failed(), script.last_failure()),
            Self::Redact(redactor) => {
                counts.changed = redactor.changed();
                return;
            }
            Self::Enrich(enricher) => return enricher.tell(counts),
            Self::Locate(locator) => return locator.tell(counts),
            Self::Route(router) => return router.tell(counts),
            Self::Python(python) => return python.count(counts),
            _ => return,
        };
        if failed > counts.failed {
            counts.failed = failed;
            counts.last_failure = last_failure.map(|(position, reason)| (position, reason.to_owned()));
        }
    }
}
