//! What is done with records on their way.

mod bad;
mod counts;
mod dedupe;
mod digest;
mod enrich;
mod failures;
mod geoip;
mod kind;
mod loaded;
mod lookup;
mod rate;
mod redact;
mod route;
mod sample;
mod select;
mod set;
mod table;
mod vrl;

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
pub use kind::{Dedupe, RateKey, RateLimit, Redact, Stage};
pub use lookup::{Key, Missing};
use rate::Limiter;
use redact::Redactor;
use route::Router;
pub use route::{Condition, Route};
use select::Select;
pub use select::Where;
pub use set::OwnedValue;
pub use vrl::Vrl;

/// The stages of one pipeline, ready to work. Owns memory that it uses again from batch to batch, for the longest line and its
/// fields, and what its stages remember; each of them has a bound.
#[derive(Debug)]
pub struct Stages {
    stages: Vec<Ready>,
    counts: Vec<StageCounts>,
    /// The outputs that `route` stages name.
    routes: Vec<String>,
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
}

impl Stages {
    /// Makes them ready.
    ///
    /// # Errors
    /// What is wrong with the first one that cannot be, and its index.
    pub fn new(stages: &[Stage]) -> Result<Self, (usize, BadStage)> {
        let ready =
            stages.iter().enumerate().map(|(index, stage)| Ready::new(stage).map_err(|bad| (index, bad)));
        let counts = stages.iter().map(|stage| StageCounts::of(stage.name())).collect();
        let mut ready: Vec<Ready> = ready.collect::<Result<_, _>>()?;
        let routes = route::names(stages)?;
        route::number(&mut ready);
        Ok(Self { stages: ready, counts, routes })
    }

    /// Sends the records through all of them, in order.
    pub fn apply(&mut self, batch: &mut Batch) {
        for (stage, counts) in self.stages.iter_mut().zip(&mut self.counts) {
            let before = batch.len();
            stage.apply(batch);
            counts.records += before as u64;
            counts.dropped += (before - batch.len()) as u64;
            stage.count(counts);
        }
    }

    /// Forgets the lines that went through: they are about to come again.
    pub fn forget(&mut self) {
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
        &self.counts
    }
}

impl Ready {
    fn new(stage: &Stage) -> Result<Self, BadStage> {
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
        })
    }

    fn apply(&mut self, batch: &mut Batch) {
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
        }
    }

    fn forget(&mut self) {
        match self {
            Self::Dedupe(deduper) => deduper.forget(),
            Self::Rate(limiter) => limiter.forget(),
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
            _ => return,
        };
        if failed > counts.failed {
            counts.failed = failed;
            counts.last_failure = last_failure.map(|(position, reason)| (position, reason.to_owned()));
        }
    }
}
