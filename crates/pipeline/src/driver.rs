//! What a pipeline does, without its thread and without waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use journal::{Cursor, Handle};
use record::{Batch, Position};

use crate::feed::{Feed, Read};
use crate::lane::Lane;
use crate::output::{Output, OutputError};
use crate::run::StartError;
use crate::stage::{Handlers, Stages};
use crate::status::{Board, State};
use crate::{Options, Spec};

/// So many batches are with the first handler at most: it works on one while what came of another is written.
const AHEAD: usize = 2;

/// Owns a cursor, one batch (with a handler, those that it works on as well), and the outputs, which bound it with one frame of the
/// journal. Whoever drives it decides when it stops; nothing is lost when it is dropped anywhere. After a failure, the next step tries again.
pub(crate) struct Driver {
    spec: Arc<Spec>,
    options: Options,
    journal: Handle,
    cursor: Cursor,
    stages: Stages,
    /// `None` after an output has lost records: reading begins anew, where it is.
    feed: Option<Feed>,
    batch: Batch,
    /// Memory of a batch that is used again.
    spare: Batch,
    /// Batches that the first handler works on: up to where each reaches, and how many lines it has.
    ahead: VecDeque<(Position, usize)>,
    /// The batch is not with all outputs yet; it reaches up to here.
    in_hand: Option<Position>,
    /// In the order of what they have.
    lanes: Vec<Lane>,
    board: Arc<Board>,
    /// Failures are logged once, until it goes on.
    in_trouble: bool,
    checkpoint_in_trouble: bool,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Something was done: there may be more to do.
    Went,
    /// Nothing is there to be read.
    Idle,
    /// It is to be tried again after a while.
    Failed,
    /// No output is left.
    Ended,
}

impl Driver {
    pub(crate) fn new(
        journal: &Handle,
        spec: Spec,
        outputs: Vec<Box<dyn Output>>,
        options: Options,
        board: Arc<Board>,
    ) -> Result<Self, StartError> {
        spec.check()?;
        let mut stages = spec.ready_on_threads()?;
        if outputs.is_empty() {
            return Err(StartError::NoOutput { name: spec.name });
        }
        let cursor = journal.cursor(&spec.cursor_name())?;
        let start = Position(cursor.position().0.saturating_sub(1));
        let lane = |output: Box<dyn Output>| {
            let route = stages.route(output.name());
            Lane::new(output, route, start)
        };
        let lanes: Vec<Lane> = outputs.into_iter().map(lane).collect();
        if let Some(output) =
            stages.routes().iter().find(|name| lanes.iter().all(|lane| lane.name() != *name))
        {
            return Err(StartError::Route { name: spec.name, output: output.clone() });
        }
        check_lanes(&lanes, start, journal, &spec)?;
        stages.start(&spec.name).map_err(|source| StartError::Handler { name: spec.name.clone(), source })?;
        let mut driver = Self {
            spec: Arc::new(spec),
            options,
            journal: journal.clone(),
            cursor,
            stages,
            feed: None,
            batch: Batch::new(),
            spare: Batch::new(),
            ahead: VecDeque::new(),
            in_hand: None,
            lanes,
            board,
            in_trouble: false,
            checkpoint_in_trouble: false,
        };
        driver.open_feed()?;
        let position = driver.reached();
        driver.board.update(|status| {
            status.position = position;
            status.stages = driver.stages.counts().to_vec();
        });
        driver.tell_outputs();
        Ok(driver)
    }

    pub(crate) fn name(&self) -> &str {
        &self.spec.name
    }

    /// Its Python handlers.
    pub(crate) fn handlers(&self) -> Handlers {
        self.stages.handlers()
    }

    /// Reads a batch and gives it to the outputs, or gives the one in hand to those that did not take it.
    pub(crate) fn step(&mut self) -> Step {
        let result = self.try_step();
        match &result {
            Err(reason) => self.tell(reason),
            Ok(_) if self.in_trouble => {
                self.in_trouble = false;
                tracing::info!(pipeline = self.spec.name, "it goes on");
                self.board.update(|status| status.state = State::Running);
            }
            Ok(_) => {}
        }
        if self.lanes.is_empty() {
            return Step::Ended;
        }
        result.unwrap_or(Step::Failed)
    }

    /// Up to where the journal was looked at.
    pub(crate) fn seen(&self) -> u64 {
        self.feed.as_ref().map_or(0, Feed::limit)
    }

    /// When a step is worth taking although nothing new is durable.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.feed.as_ref().and_then(Feed::deadline)
    }

    /// Lets no record wait for its next line. Returns whether one did: the next step gives it to the outputs.
    pub(crate) fn end_records(&mut self) -> bool {
        self.feed.as_mut().is_some_and(Feed::end_records)
    }

    /// True when outputs have more than the checkpoint says.
    pub(crate) fn wants_checkpoint(&self) -> bool {
        self.cursor.position().0 <= self.reached().0 && self.reached().0 > 0
    }

    /// Makes durable what is safe in all outputs. A failure is told, and nothing is lost by it.
    pub(crate) fn checkpoint(&mut self) {
        match self.try_checkpoint() {
            Ok(()) => self.checkpoint_in_trouble = false,
            Err(reason) => {
                if !std::mem::replace(&mut self.checkpoint_in_trouble, true) {
                    tracing::warn!(pipeline = self.spec.name, reason, "no checkpoint: it is tried again");
                }
                self.count_failure(&reason);
            }
        }
    }

    /// Lets every output make durable what it has.
    ///
    /// # Errors
    /// What the first one that could not says; the others did it all the same.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        let mut flushed = Ok(());
        for index in (0..self.lanes.len()).rev() {
            if let Err(error) = self.lanes[index].flush() {
                flushed = Err(self.settle(index, &error));
            }
        }
        flushed
    }

    fn try_step(&mut self) -> Result<Step, String> {
        let upto = match self.in_hand {
            Some(upto) => upto,
            None => match self.read()? {
                Read::Upto(upto) => upto,
                Read::More => return Ok(Step::Went),
                Read::Nothing => return Ok(Step::Idle),
            },
        };
        self.in_hand = Some(upto);
        let delivered = self.deliver(upto);
        self.tell_outputs();
        delivered?;
        self.in_hand = None;
        self.board.update(|status| status.position = upto);
        Ok(Step::Went)
    }

    fn read(&mut self) -> Result<Read, String> {
        if self.feed.is_none() {
            self.open_feed().map_err(|error| error.to_string())?;
        }
        if self.stages.has_handler() {
            return self.read_ahead();
        }
        let read = self.fill()?;
        let lines = self.batch.len();
        self.stages.apply(&mut self.batch).map_err(|error| self.read_again(&error.to_string()))?;
        self.count(lines);
        Ok(read)
    }

    /// Reads what the handlers are to do next before it waits for what they do now, so that they never wait.
    fn read_ahead(&mut self) -> Result<Read, String> {
        let mut read = Read::Nothing;
        while self.ahead.len() < AHEAD {
            std::mem::swap(&mut self.batch, &mut self.spare);
            read = match self.fill() {
                Ok(read) => read,
                Err(error) if self.ahead.is_empty() => return Err(error),
                // It comes again when what was read before it is written.
                Err(_) => break,
            };
            let Read::Upto(upto) = read else { break };
            let batch = std::mem::take(&mut self.batch);
            self.ahead.push_back((upto, batch.len()));
            self.stages.begin(batch).map_err(|error| self.read_again(&error.to_string()))?;
        }
        let Some((upto, lines)) = self.ahead.pop_front() else { return Ok(read) };
        let done = self.stages.finish().map_err(|error| self.read_again(&error.to_string()))?;
        let Some(done) = done else { return Err(self.read_again("a batch did not come back")) };
        self.spare = std::mem::replace(&mut self.batch, done);
        self.count(lines);
        Ok(Read::Upto(upto))
    }

    /// What was read and is with no output is gone: reading begins anew, where the outputs are.
    fn read_again(&mut self, reason: &str) -> String {
        self.feed = None;
        reason.to_owned()
    }

    /// Reads lines into the batch.
    fn fill(&mut self) -> Result<Read, String> {
        let Some(feed) = &mut self.feed else { return Ok(Read::Nothing) };
        let read = feed.read(&mut self.batch);
        let counts = feed.take_counts();
        if counts.missed_bytes > 0 {
            let bytes = counts.missed_bytes;
            tracing::warn!(
                pipeline = self.spec.name,
                bytes,
                "the journal dropped lines before they were read"
            );
        }
        self.board.update(|status| {
            status.lines += counts.lines;
            status.damaged += counts.damaged;
            status.missed_bytes += counts.missed_bytes;
        });
        read.map_err(|error| error.to_string())
    }

    /// Counts what came of so many lines.
    fn count(&self, lines: usize) {
        self.board.update(|status| {
            status.records += self.batch.len() as u64;
            status.dropped += lines.saturating_sub(self.batch.lines()) as u64;
            status.stages.clear();
            status.stages.extend_from_slice(self.stages.counts());
        });
    }

    fn tell_outputs(&self) {
        self.board.update(|status| {
            status.outputs.clear();
            status.outputs.extend(self.lanes.iter().map(Lane::status));
        });
    }

    fn open_feed(&mut self) -> Result<(), journal::ReadError> {
        // What comes again must not be taken for what came before.
        self.stages.forget();
        self.ahead.clear();
        let seams = self.lanes.iter().map(Lane::reached).collect();
        self.feed = Some(Feed::open(&self.journal, &self.spec, self.options, self.reached(), seams)?);
        Ok(())
    }

    /// Gives each output what it does not have of the batch.
    fn deliver(&mut self, upto: Position) -> Result<(), String> {
        // Who has least comes first, so that the batch only ever loses records that nobody needs any more.
        self.lanes.sort_by_key(Lane::reached);
        let mut delivered = Ok(());
        let mut index = 0;
        while index < self.lanes.len() {
            let lane = &mut self.lanes[index];
            index += 1;
            if lane.reached() >= upto {
                continue;
            }
            if lane.has_some_of(&self.batch) {
                if delivered.is_err() {
                    break;
                }
                let reached = lane.reached();
                self.batch.retain(|record| record.position() > reached);
            }
            let Err(error) = lane.write(&mut self.batch, upto) else { continue };
            let closed = matches!(error, OutputError::Closed(_));
            let reason = self.settle(index - 1, &error);
            if self.in_hand.is_none() || self.lanes.is_empty() {
                return Err(reason);
            }
            if closed {
                index -= 1;
            } else {
                delivered = delivered.and(Err(reason));
            }
        }
        delivered
    }

    fn try_checkpoint(&mut self) -> Result<(), String> {
        let (mut safe, mut failed) = (self.reached(), Ok(()));
        for index in (0..self.lanes.len()).rev() {
            match self.lanes[index].durable() {
                Ok(durable) => safe = safe.min(durable),
                Err(error) => failed = Err(self.settle(index, &error)),
            }
        }
        failed?;
        let next = Position(safe.0 + 1);
        if safe.0 == 0 || next <= self.cursor.position() {
            return Ok(());
        }
        self.cursor.checkpoint(next).map_err(|error| format!("cannot write the checkpoint: {error}"))
    }

    /// Does what a failure of the output at `index` asks for, and says what it was.
    fn settle(&mut self, index: usize, error: &OutputError) -> String {
        let reason = format!("output `{}`: {error}", self.lanes[index].name());
        self.lanes[index].failed();
        match error {
            OutputError::Failed(_) => {}
            OutputError::Lost(_) => {
                self.lanes[index].rewind();
                (self.feed, self.in_hand) = (None, None);
            }
            OutputError::Closed(_) => {
                tracing::warn!(pipeline = self.spec.name, reason, "the output is closed");
                self.lanes.remove(index);
                if self.lanes.is_empty() {
                    let reason = reason.clone();
                    self.board.update(|status| status.state = State::Ended { reason });
                }
            }
        }
        reason
    }

    /// What every output was given.
    fn reached(&self) -> Position {
        self.lanes.iter().map(Lane::reached).min().unwrap_or_default()
    }

    fn tell(&mut self, reason: &str) {
        self.count_failure(reason);
        if self.lanes.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.in_trouble, true) {
            tracing::warn!(pipeline = self.spec.name, reason, "it waits, and tries again: no line is lost");
        }
        self.board.update(|status| status.state = State::Waiting { reason: reason.to_owned() });
    }

    fn count_failure(&self, reason: &str) {
        self.board.update(|status| {
            status.failures += 1;
            status.last_error = Some(reason.to_owned());
        });
        self.tell_outputs();
    }
}

fn check_lanes(lanes: &[Lane], start: Position, journal: &Handle, spec: &Spec) -> Result<(), StartError> {
    let end = journal.durable();
    for lane in lanes {
        let (reached, output) = (lane.reached(), lane.name().to_owned());
        if reached > start && reached.0 >= end {
            return Err(StartError::Ahead { name: spec.name.clone(), output, reached, end });
        }
        if reached < start {
            tracing::warn!(
                pipeline = spec.name,
                output,
                %reached,
                checkpoint = %start,
                "the output stands before the checkpoint: what the journal still has is given to it again"
            );
        }
    }
    Ok(())
}
