use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use journal::Handle;
use pipeline::output::json::write_record;
use pipeline::{Event, Options, Spec, SubscribeError, Subscription, Tail, TailReader};
use record::Position;
use search::Query;

use crate::past::Past;

/// When records come from several pipelines, each is looked at for so long before the next one.
const TURN: Duration = Duration::from_millis(10);

/// Follows the tails of all pipelines for one client.
///
/// What it owns: a place in each tail. What bounds it: the tails' own memory; a client that is too slow is told how much it missed,
/// unless it follows from a position: then it goes on in the journal, or in the store. It leaves the tails when it is dropped.
pub(crate) struct Tailing {
    places: Vec<Place>,
    json: String,
    query: Query,
    journal: Handle,
    /// What the journal has freed, if there is one pipeline, which leads to the store as well.
    past: Option<Past>,
}

enum Place {
    /// What comes from now on.
    Live(Subscription),
    /// What comes behind a position, from the journal first.
    Behind(Box<TailReader>, Tail, Spec),
    /// The same, from the store first.
    Past(Position, Tail, Spec),
}

impl Place {
    /// Every record of its pipeline up to here was given.
    fn position(&self) -> u64 {
        match self {
            Self::Live(subscription) => subscription.position().0,
            Self::Behind(reader, ..) => reader.position().0,
            Self::Past(after, ..) => after.0,
        }
    }
}

impl Tailing {
    pub(crate) fn start(
        tails: &[(Tail, Spec)],
        query: &Query,
        after: Option<u64>,
        journal: &Handle,
        past: Option<Past>,
    ) -> Result<Self, String> {
        if tails.is_empty() {
            return Err("no pipeline leads to `tail`: add it to the `to` of one".to_owned());
        }
        let place = |(tail, spec): &(Tail, Spec)| match after {
            None => Ok(Place::Live(tail.subscribe(query.clone()))),
            Some(after) if past.is_some() => Ok(Place::Past(Position(after), tail.clone(), spec.clone())),
            Some(after) => behind(Position(after), tail.clone(), spec.clone(), query, journal),
        };
        let places = tails.iter().map(place).collect::<Result<_, SubscribeError>>();
        let places = places.map_err(|error| error.to_string())?;
        Ok(Self { places, json: String::new(), query: query.clone(), journal: journal.clone(), past })
    }

    /// Gives every event that comes within `timeout` to `each`, as JSON, and returns whether there was any; `None` when nothing will
    /// come any more.
    pub(crate) fn next(
        &mut self,
        timeout: Duration,
        each: &mut dyn FnMut(&str) -> io::Result<()>,
    ) -> io::Result<Option<bool>> {
        let timeout = if self.places.len() == 1 { timeout } else { TURN };
        let (mut any, mut open) = (false, false);
        for place in &mut self.places {
            let event = match place {
                Place::Live(subscription) => subscription.next(timeout),
                Place::Behind(reader, tail, spec) => {
                    let at = reader.position();
                    match reader.next(timeout).map_err(io::Error::other)? {
                        // Freed before it was read here: then the store has it.
                        Event::Missed(_) if self.past.is_some() => {
                            *place = Place::Past(at, tail.clone(), spec.clone());
                            open = true;
                            continue;
                        }
                        event => event,
                    }
                }
                Place::Past(after, tail, spec) => {
                    let Some(past) = &self.past else { return Ok(None) };
                    let upto = past.tell(&self.query, *after, each).map_err(io::Error::other)?;
                    *place = behind(upto, tail.clone(), spec.clone(), &self.query, &self.journal)
                        .map_err(io::Error::other)?;
                    (any, open) = (true, true);
                    continue;
                }
            };
            open |= !matches!(event, Event::Closed);
            any |= tell(&event, &mut self.json, each)?;
        }
        Ok(open.then_some(any))
    }

    /// Every record up to here was given.
    pub(crate) fn position(&self) -> u64 {
        self.places.iter().map(Place::position).min().unwrap_or(0)
    }

    /// No record that was given has a position behind this one.
    pub(crate) fn furthest(&self) -> u64 {
        self.places.iter().map(Place::position).max().unwrap_or(0)
    }

    /// True when records come in the order of their positions.
    pub(crate) fn is_ordered(&self) -> bool {
        self.places.len() == 1
    }
}

fn behind(
    after: Position,
    tail: Tail,
    spec: Spec,
    query: &Query,
    journal: &Handle,
) -> Result<Place, SubscribeError> {
    let reader = tail.subscribe_from(after, query.clone(), journal, spec.clone(), Options::default())?;
    Ok(Place::Behind(Box::new(reader), tail, spec))
}

fn tell(event: &Event, json: &mut String, each: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<bool> {
    json.clear();
    match event {
        Event::Quiet | Event::Closed => return Ok(false),
        Event::Records(records) => {
            for record in records.iter() {
                json.clear();
                write_record(json, record);
                each(json)?;
            }
            return Ok(true);
        }
        Event::Skipped(records) => write!(json, "{{\"skipped\":{records}}}"),
        Event::Missed(bytes) => write!(json, "{{\"skipped_bytes\":{bytes}}}"),
    }
    .map_err(io::Error::other)?;
    each(json)?;
    Ok(true)
}
