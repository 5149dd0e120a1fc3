//! Which output gets which records.
//!
//! A `route` stage names outputs of its pipeline, each with a condition. Such an output gets the records, of those that reach the end,
//! for which its condition held at that stage; every other output gets all that reach the end. A record may go to several. What
//! the record looks like there is decided by the stages behind as well. A record on which a condition fails goes to none of the
//! outputs that this stage names, and to all others, with the reason.
//!
//! An output that gets no record of a batch goes past it all the same, as if all of it had been dropped.

use record::{Batch, Record};
use remap::{Diagnostics, Predicate};
use serde::{Deserialize, Serialize};

use super::failures::Failures;
use super::select::Select;
use super::{BadStage, Ready, Stage, StageCounts, Vrl, Where};

/// Each record carries a bit for each output that is named.
const ROUTES_MAX: usize = 32;

/// What must hold of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// Where it comes from.
    Origin(Where),
    /// An expression is true.
    True(Vrl),
}

impl Condition {
    /// What is odd about it.
    pub(super) fn warnings(&self) -> Option<Diagnostics> {
        match self {
            Self::Origin(_) => None,
            Self::True(expression) => expression.predicate_warnings(),
        }
    }
}

/// A route stage at work. Owns its conditions.
#[derive(Debug)]
pub(super) struct Router {
    conditions: Vec<Matcher>,
    /// The bit of the first output; those of the others follow.
    first: usize,
    changed: u64,
    failures: Failures,
}

#[derive(Debug)]
enum Matcher {
    Origin(Select),
    True(Box<Predicate>),
}

/// Which records are for one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route(Option<usize>);

impl Route {
    /// All of them.
    pub(crate) const ALL: Self = Self(None);

    /// True when the record is for it.
    pub fn takes(self, record: Record<'_>) -> bool {
        self.0.is_none_or(|bit| record.routes() & (1 << bit) != 0)
    }
}

/// The outputs that are named, in the order of their bits.
pub(super) fn names(stages: &[Stage]) -> Result<Vec<String>, (usize, BadStage)> {
    let mut names = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let Stage::Route(routes) = stage else { continue };
        for (name, _) in routes {
            if names.contains(name) {
                return Err((index, BadStage::RoutedTwice(name.clone())));
            }
            names.push(name.clone());
        }
        if names.len() > ROUTES_MAX {
            return Err((index, BadStage::Routes { max: ROUTES_MAX }));
        }
    }
    Ok(names)
}

/// Tells each router which bits are its own.
pub(super) fn number<'r>(stages: impl IntoIterator<Item = &'r mut Ready>) {
    let mut next = 0;
    for stage in stages {
        if let Ready::Route(router) = stage {
            router.first = next;
            next += router.conditions.len();
        }
    }
}

/// What `output` gets.
pub(super) fn of(names: &[String], output: &str) -> Route {
    Route(names.iter().position(|name| name == output))
}

impl Router {
    pub(super) fn new(told: &[(String, Condition)]) -> Result<Self, BadStage> {
        let matcher = |(_, condition): &(String, Condition)| -> Result<Matcher, BadStage> {
            Ok(match condition {
                Condition::Origin(which) => Matcher::Origin(Select::new(which.clone())),
                Condition::True(expression) => Matcher::True(Box::new(expression.predicate()?)),
            })
        };
        let conditions = told.iter().map(matcher).collect::<Result<_, _>>()?;
        Ok(Self { conditions, first: 0, changed: 0, failures: Failures::default() })
    }

    pub(super) fn apply(&mut self, batch: &mut Batch) {
        for index in 0..batch.len() {
            match self.routes(batch.get(index)) {
                Ok(0) => {}
                Ok(routes) => {
                    self.changed += 1;
                    batch.add_routes(index, routes);
                }
                Err(reason) => self.failures.mark(batch, index, "route", &reason),
            }
        }
    }

    pub(super) fn tell(&self, counts: &mut StageCounts) {
        counts.changed = self.changed;
        self.failures.tell(counts);
    }

    fn routes(&mut self, record: Record<'_>) -> Result<u32, String> {
        let mut routes = 0;
        for (bit, condition) in (self.first..).zip(&mut self.conditions) {
            let holds = match condition {
                Matcher::Origin(select) => select.goes_on(record.source(), record.peer()),
                Matcher::True(predicate) => predicate.matches(record).map_err(|reason| reason.to_string())?,
            };
            routes |= u32::from(holds) << bit;
        }
        Ok(routes)
    }
}

#[cfg(test)]
mod tests {
    use record::{Batch, Line, LineFlags, Micros, Position, Value};

    use super::super::{BadStage, Stage, Stages, Vrl, Where};
    use super::Condition;

    fn holds(text: &str) -> Condition {
        Condition::True(Vrl { text: text.to_owned(), environment: false })
    }

    fn route(routes: &[(&str, Condition)]) -> Stage {
        Stage::Route(routes.iter().map(|(name, condition)| ((*name).to_owned(), condition.clone())).collect())
    }

    fn batch(texts: &[&str]) -> Batch {
        let mut batch = Batch::new();
        for (index, text) in texts.iter().enumerate() {
            let (position, received, flags) = (Position(index as u64), Micros(1), LineFlags::default());
            batch.push(&Line { position, received, source: "s", peer: text, bytes: text.as_bytes(), flags });
        }
        batch
    }

    fn taken(stages: &Stages, batch: &Batch, output: &str) -> Vec<String> {
        let route = stages.route(output);
        batch.iter().filter(|record| route.takes(*record)).map(|record| record.message().to_owned()).collect()
    }

    #[test]
    fn each_output_gets_what_its_condition_lets_through() {
        let peer = Condition::Origin(Where { source: Vec::new(), peer: vec!["1*".to_owned()] });
        let stages = [
            route(&[
                ("small", holds("to_int!(.message) < 20")),
                ("even", holds("mod(to_int!(.message), 2) == 0")),
            ]),
            route(&[("ones", peer)]),
        ];
        let mut stages = Stages::new(&stages).unwrap();
        let mut batch = batch(&["1", "12", "seven", "20", "21"]);
        stages.apply(&mut batch).unwrap();
        assert_eq!(taken(&stages, &batch, "small"), ["1", "12"]);
        assert_eq!(taken(&stages, &batch, "even"), ["12", "20"]);
        assert_eq!(taken(&stages, &batch, "ones"), ["1", "12"]);
        assert_eq!(taken(&stages, &batch, "store").len(), 5);
        // What a condition fails on is in all others, with the reason.
        let failed = batch.get(2);
        assert_eq!(failed.field("error.stage"), Some(Value::Str("route")));
        assert_eq!((stages.counts()[0].failed, stages.counts()[0].changed), (1, 3));
        assert_eq!(stages.counts()[0].last_failure.as_ref().unwrap().0, Position(2));
    }

    #[test]
    fn an_output_is_routed_once() {
        let two = [route(&[("a", holds("true"))]), route(&[("a", holds("false"))])];
        assert_eq!(Stages::new(&two).unwrap_err(), (1, BadStage::RoutedTwice("a".to_owned())));
        let names: Vec<String> = (0..33).map(|number| number.to_string()).collect();
        let many: Vec<_> = names.iter().map(|name| (name.as_str(), holds("true"))).collect();
        assert!(matches!(Stages::new(&[route(&many)]), Err((0, BadStage::Routes { .. }))));
        assert!(matches!(Stages::new(&[route(&[("a", holds(".message"))])]), Err((0, BadStage::Script(_)))));
    }
}
