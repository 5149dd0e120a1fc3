use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use journal::{Handle, ReadError};
use pipeline::output::json::write_record;
use pipeline::{Event, Options, Spec, Subscription, Tail, TailReader};
use record::Position;
use search::Query;

/// When records come from several pipelines, each is looked at for so long before the next one.
const TURN: Duration = Duration::from_millis(10);

/// Follows the tails of all pipelines for one client.
///
/// What it owns: a place in each tail. What bounds it: the tails' own memory; a client that is too slow is told how much it missed. It
/// leaves the tails when it is dropped.
pub(crate) struct Tailing {
    places: Vec<Place>,
    json: String,
}

enum Place {
    /// What comes from now on.
    Live(Subscription),
    /// What comes behind a position, from the journal first.
    Behind(Box<TailReader>),
}

impl Tailing {
    pub(crate) fn start(
        tails: &[(Tail, Spec)],
        query: &Query,
        after: Option<u64>,
        journal: &Handle,
    ) -> Result<Self, String> {
        if tails.is_empty() {
            return Err("no pipeline leads to `tail`: add it to the `to` of one".to_owned());
        }
        let place = |(tail, spec): &(Tail, Spec)| match after {
            None => Ok(Place::Live(tail.subscribe(query.clone()))),
            Some(after) => tail
                .subscribe_from(Position(after), query.clone(), journal, spec.clone(), Options::default())
                .map(|reader| Place::Behind(Box::new(reader))),
        };
        let places = tails.iter().map(place).collect::<Result<_, ReadError>>();
        Ok(Self { places: places.map_err(|error| error.to_string())?, json: String::new() })
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
                Place::Behind(reader) => reader.next(timeout).map_err(io::Error::other)?,
            };
            open |= !matches!(event, Event::Closed);
            any |= tell(&event, &mut self.json, each)?;
        }
        Ok(open.then_some(any))
    }
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
