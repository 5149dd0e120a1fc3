use std::sync::Arc;
use std::sync::atomic::Ordering;

use search::Query;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::catch_up::{self, Passed};
use super::chunk::{Chunk, Skipped};
use super::tap::{Found, Place, Tap, Taps};
use crate::problem::Problem;
use crate::state::{State, stopped};

/// One who follows.
///
/// What it owns: a place in the ring of its search, and while it goes through the past a thread that does so. What bounds it: two chunks. It
/// stops when it is dropped.
pub(super) struct Follow {
    taps: Arc<Taps>,
    tap: Arc<Tap>,
    query: Query,
    phase: Phase,
    /// Everything up to here was told.
    pub(super) cursor: u64,
    /// It came with a position: nothing is skipped that can still be read.
    gapless: bool,
    stopping: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

enum Phase {
    /// In the ring.
    Live(Place),
    /// It has to go through the past, and keeps the tap open.
    Behind(Place),
    Past {
        passed: mpsc::Receiver<Passed>,
        _open: Place,
    },
    Over,
}

/// What a follower is told.
pub(super) enum Told {
    /// What is in it, but for records up to a position.
    Chunk(Arc<Chunk>, u64),
    Skipped(Skipped),
    End(String),
}

impl Follow {
    /// Follows `query` from now on, or from behind a position on.
    pub(super) async fn start(state: &Arc<State>, query: Query, after: Option<u64>) -> Result<Self, Problem> {
        let taps = Arc::clone(&state.taps);
        let place = Arc::clone(&taps.places).try_acquire_owned();
        let place = place
            .map_err(|_| Problem::too_many("too many follow the tail; `tails_max` in `[web]` allows more"))?;
        let (of, wanted) = (Arc::clone(&taps), query.clone());
        let at = tokio::task::spawn_blocking(move || of.follow(&wanted))
            .await
            .map_err(|error| Problem::internal(error.to_string()))??;
        let tap = Arc::clone(&at.tap);
        let (cursor, phase) = match after {
            None => (at.begin, Phase::Live(at)),
            Some(after) => (after, Phase::Behind(at)),
        };
        let stopping = state.stopping.clone();
        Ok(Self { taps, tap, query, phase, cursor, gapless: after.is_some(), stopping, _place: place })
    }

    /// What comes next; none when nothing comes any more. It may be given up at any time, and nothing is lost.
    pub(super) async fn next(&mut self) -> Option<Told> {
        let stopping = self.stopping.clone();
        tokio::select! {
            told = self.advance() => told,
            () = stopped(stopping), if !matches!(self.phase, Phase::Over) => {
                self.phase = Phase::Over;
                Some(Told::End("the collector is stopping".to_owned()))
            }
        }
    }

    async fn advance(&mut self) -> Option<Told> {
        loop {
            match &mut self.phase {
                Phase::Over => return None,
                Phase::Live(place) => match place.next().await {
                    // The tail itself was too slow: the past has it all.
                    Found::Chunk(chunk) if self.gapless && chunk.has_gap() => {
                        self.fall_behind();
                    }
                    Found::Chunk(chunk) => return Some(self.told(chunk)),
                    Found::Skipped(_) if self.gapless => self.fall_behind(),
                    Found::Skipped(records) => {
                        self.taps.skipped.fetch_add(records, Ordering::Relaxed);
                        return Some(Told::Skipped(Skipped::Records(records)));
                    }
                    Found::Ended(why) => return Some(self.end(why)),
                },
                Phase::Behind(_) => {
                    if let Err(why) = self.go_back().await {
                        return Some(self.end(why));
                    }
                }
                Phase::Past { passed, .. } => match passed.recv().await {
                    Some(Passed::Chunk(chunk)) => return Some(self.told(chunk)),
                    Some(Passed::Joined(place)) => self.phase = Phase::Live(place),
                    Some(Passed::Ended(why)) => return Some(self.end(why)),
                    None => return Some(self.end("it broke off".to_owned())),
                },
            }
        }
    }

    fn told(&mut self, chunk: Arc<Chunk>) -> Told {
        // Records of several pipelines are in no order: some behind the cursor may be told twice, none is left out.
        let told = self.cursor;
        self.cursor = self.cursor.max(chunk.upto);
        Told::Chunk(chunk, told)
    }

    fn end(&mut self, why: String) -> Told {
        self.phase = Phase::Over;
        Told::End(why)
    }

    fn fall_behind(&mut self) {
        if let Phase::Live(place) = std::mem::replace(&mut self.phase, Phase::Over) {
            self.phase = Phase::Behind(place);
        }
    }

    /// Starts to go through the past, when it is its turn.
    async fn go_back(&mut self) -> Result<(), String> {
        let permit =
            Arc::clone(&self.taps.catch_ups).acquire_owned().await.map_err(|error| error.to_string())?;
        let (taps, tap, query, cursor) =
            (Arc::clone(&self.taps), Arc::clone(&self.tap), self.query.clone(), self.cursor);
        let started = tokio::task::spawn_blocking(move || {
            let tail = taps.collector.tail(&query, Some(cursor))?;
            catch_up::start(tap, tail, permit).map_err(|error| error.to_string())
        });
        let passed = started.await.map_err(|error| error.to_string())??;
        if let Phase::Behind(place) = std::mem::replace(&mut self.phase, Phase::Over) {
            self.phase = Phase::Past { passed, _open: place };
        }
        Ok(())
    }
}
