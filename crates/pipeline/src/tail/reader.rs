use std::sync::Arc;
use std::time::Duration;

use journal::{Handle, ReadError};
use record::{Batch, Position, clock};
use search::Query;

use super::TAIL;
use super::event::{Event, Matches};
use super::hub::Hub;
use super::ring::Block;
use crate::feed::{Feed, Read};
use crate::stage::Stages;
use crate::{Options, Spec, SpecError};

/// How long it waits for the pipeline, when the journal has nothing more, before it looks into the journal again.
const HEARTBEAT: Duration = Duration::from_millis(100);

/// Looks at a tail from a place in the past on, without a gap and nothing twice.
///
/// Of a pipeline that runs the user's own code, the journal is not read: to look is not to run it again. What the ring does not have
/// is told as missed then.
///
/// Reads the journal up to where the ring begins, then goes over to the ring, and back whenever it falls behind what the ring
/// keeps. Owns one batch and one frame of the journal while it reads there, and one block while the caller looks at it. It stops
/// when it is dropped. What the journal no longer has is told as [`Event::Missed`]. Where lines are joined, it looks up to 1 MiB before
/// its place for the lines of a record that lies across it; of one that begins farther back, it may show what is left.
#[derive(Debug)]
pub struct TailReader {
    hub: Arc<Hub>,
    query: Query,
    journal: Handle,
    spec: Arc<Spec>,
    options: Options,
    stages: Stages,
    /// Every record up to here was looked at.
    position: Position,
    /// While it reads the journal.
    feed: Option<Feed>,
    /// What was found and is not handed out yet, and up to where.
    found: Option<(Matches, Position)>,
}

/// Why nobody can subscribe.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// The pipeline cannot be as it is described.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

enum Found {
    Block(Block),
    /// The ring begins behind the place.
    Behind(Position),
    Closed,
}

impl TailReader {
    pub(super) fn new(
        hub: &Arc<Hub>,
        after: Position,
        query: Query,
        journal: &Handle,
        spec: Spec,
        options: Options,
    ) -> Result<Self, SubscribeError> {
        let (stages, _) = (spec.ready()?, spec.joiner(0)?);
        let mut spec = spec;
        if let Some(multiline) = &mut spec.multiline {
            // The pipeline is to end a record first: what it has yet to give must not begin before what was given here.
            multiline.wait *= 2;
        }
        let spec = Arc::new(spec);
        let feed =
            if spec.runs_code() { None } else { Some(Feed::open_within(journal, &spec, options, after)?) };
        hub.enter();
        Ok(Self {
            hub: Arc::clone(hub),
            query,
            journal: journal.clone(),
            spec,
            options,
            stages,
            position: after,
            feed,
            found: None,
        })
    }

    /// What comes next that matches, waiting for it for at most `timeout`. While it looks through what does not match, it comes
    /// back with [`Event::Quiet`] when the time is over.
    ///
    /// # Errors
    /// When the journal cannot be read; it may be tried again.
    pub fn next(&mut self, timeout: Duration) -> Result<Event, ReadError> {
        let deadline = clock::monotonic().saturating_add(timeout);
        loop {
            if let Some((matches, upto)) = self.found.take() {
                self.position = upto;
                return Ok(Event::Records(matches));
            }
            let found = match &mut self.feed {
                Some(_) => self.read_journal(deadline)?,
                None => self.read_ring(deadline)?,
            };
            if let Some(event) = found {
                return Ok(event);
            }
            if self.found.is_none() && clock::monotonic() >= deadline {
                return Ok(Event::Quiet);
            }
        }
    }

    /// Every record up to here was looked at and handed out if it matches. To go on from here later, see [`crate::Tail::subscribe_from`].
    pub fn position(&self) -> Position {
        let position = self.position;
        if self.feed.is_some() || self.found.is_some() {
            return position;
        }
        // A pipeline that has nothing to give goes on all the same.
        let board = self.hub.lock();
        let has_all = board.ring.begin().is_some_and(|begin| begin <= position);
        if has_all && board.ring.behind(position).is_none() {
            position.max(board.ring.end())
        } else {
            position
        }
    }

    fn read_journal(&mut self, deadline: Duration) -> Result<Option<Event>, ReadError> {
        let position = self.position;
        if self.hub.lock().ring.begin().is_some_and(|begin| begin <= position) {
            self.feed = None;
            return Ok(None);
        }
        let Some(feed) = &mut self.feed else { return Ok(None) };
        // A batch of its own: the event takes it away.
        let mut batch = Batch::new();
        let read = feed.read(&mut batch)?;
        if self.stages.apply(&mut batch).is_err() {
            // No stage runs code here, and no other one fails.
            return Ok(Some(Event::Closed));
        }
        let missed = feed.take_counts().missed_bytes;
        if let Read::Upto(upto) = read {
            let route = self.stages.route(TAIL);
            batch.retain(|record| route.takes(record));
            match Matches::find(&Arc::new(batch), 0, &self.query) {
                Some(matches) => self.found = Some((matches, upto)),
                None => self.position = upto,
            }
        }
        match (missed, read) {
            (0, Read::Nothing) => Ok(self.wait_for_ring(deadline)),
            (0, Read::Upto(_) | Read::More) => Ok(None),
            (missed, _) => Ok(Some(Event::Missed(missed))),
        }
    }

    /// The journal has nothing more, and the ring does not begin yet.
    fn wait_for_ring(&self, deadline: Duration) -> Option<Event> {
        let until = deadline.min(clock::monotonic().saturating_add(HEARTBEAT));
        let closed = self.hub.wait_for(until, |board| {
            let begins = board.ring.begin().is_some_and(|begin| begin <= self.position);
            (begins || board.closed).then_some(board.closed)
        });
        (closed == Some(true)).then_some(Event::Closed)
    }

    fn read_ring(&mut self, deadline: Duration) -> Result<Option<Event>, ReadError> {
        let position = self.position;
        let found = self.hub.wait_for(deadline, |board| {
            if let Some(begin) = board.ring.begin().filter(|begin| *begin > position) {
                return Some(Found::Behind(begin));
            }
            let block = board.ring.behind(position).cloned().map(Found::Block);
            block.or_else(|| board.closed.then_some(Found::Closed))
        });
        match found {
            None => Ok(Some(Event::Quiet)),
            Some(Found::Closed) => Ok(Some(Event::Closed)),
            Some(Found::Behind(begin)) if self.spec.runs_code() => {
                // Whoever reads it elsewhere meanwhile finds it there after a while.
                self.hub.wait_for(deadline.min(clock::monotonic().saturating_add(HEARTBEAT)), |_| None::<()>);
                self.position = begin;
                Ok(Some(Event::Missed(begin.0 - position.0)))
            }
            Some(Found::Behind(_)) => {
                self.stages.forget();
                self.feed = Some(Feed::open_within(&self.journal, &self.spec, self.options, position)?);
                Ok(None)
            }
            Some(Found::Block(block)) => {
                let first = block.batch.iter().take_while(|record| record.position() <= position).count();
                self.position = block.last;
                Ok(Matches::find(&block.batch, first, &self.query).map(Event::Records))
            }
        }
    }
}

impl Drop for TailReader {
    fn drop(&mut self) {
        self.hub.leave();
    }
}
