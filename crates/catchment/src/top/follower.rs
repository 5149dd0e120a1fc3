use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::inputs::{Event, thread};
use super::model::{Line, Target};
use crate::control::client::{HangUp, ask};
use crate::control::request::{Request, Search};
use crate::past::json_lines;
use crate::read::access::{Access, AccessError};

/// So many lines from before are shown first.
const BEFORE: usize = 200;

/// When the collector went away, it is asked again after so long.
const AGAIN: Duration = Duration::from_secs(1);

/// Lines that wait for the next frame, at most; a frame shows no more.
const WAITING_MAX: usize = 2000;

/// Their bytes.
const WAITING_BYTES_MAX: usize = 4 << 20;

/// Follows the lines of one peer: what the store has of it last, then its tail. When the collector goes away, it goes on behind the
/// last line as soon as there is one again.
///
/// What it owns: a thread, its connection, and lines that were not taken yet. What bounds it: [`WAITING_MAX`] and [`WAITING_BYTES_MAX`];
/// the oldest go, counted. It ends when it is dropped. What fails is its note.
pub(super) struct Follower {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    lines: VecDeque<Line>,
    bytes: usize,
    unseen: u64,
    note: Option<String>,
    /// The loop was told, and has not come yet.
    told: bool,
    connection: Option<HangUp>,
    left: bool,
}

/// What has come.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) lines: Vec<Line>,
    /// Lines that came and went.
    pub(super) unseen: u64,
    pub(super) note: Option<String>,
}

impl Follower {
    pub(super) fn start(dir: PathBuf, target: Target, events: &SyncSender<Event>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let work = Work { dir, target, events: events.clone(), shared: Arc::clone(&shared) };
        thread("follower", events, move |_| work.run())?;
        Ok(Self { shared })
    }

    pub(super) fn take(&self) -> Taken {
        let mut state = self.shared.lock();
        (state.told, state.bytes) = (false, 0);
        Taken {
            lines: std::mem::take(&mut state.lines).into(),
            unseen: std::mem::take(&mut state.unseen),
            note: state.note.take(),
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.left = true;
        state.connection = None;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread works with.
struct Work {
    dir: PathBuf,
    target: Target,
    events: SyncSender<Event>,
    shared: Arc<Shared>,
}

impl Work {
    fn run(mut self) {
        if let Err(error) = self.before() {
            self.note(format!("what it sent last cannot be read: {error}"));
        }
        loop {
            let ended = match self.tail() {
                Ok(()) => "the tail has ended".to_owned(),
                Err(error) => error.to_string(),
            };
            if self.has_left() {
                return;
            }
            self.note(format!("{ended}; it is tried again"));
            let state = self.shared.lock();
            let waited = self.shared.changed.wait_timeout_while(state, AGAIN, |state| !state.left);
            if waited.unwrap_or_else(PoisonError::into_inner).0.left {
                return;
            }
        }
    }

    /// What the store has, up to where the tail begins.
    fn before(&self) -> Result<(), AccessError> {
        let words = words(&self.target);
        let search = Search { words, limit: Some(BEFORE), ..Search::default() };
        let mut lines = Vec::new();
        for batch in Access::Running(&self.dir).search(&search)? {
            if self.has_left() {
                return Ok(());
            }
            let take = &mut |event: &str| {
                lines.push(Line::of(event));
                Ok(())
            };
            json_lines(&batch?, take).map_err(AccessError::Answer)?;
        }
        // Newest first, and with what the tail gives as well.
        let older = |line: &Line| self.target.after.is_none_or(|after| line.position <= after);
        lines.into_iter().rev().filter(older).for_each(|line| self.push(line));
        Ok(())
    }

    fn tail(&mut self) -> Result<(), AccessError> {
        let request = Request::Tail { words: words(&self.target), from: self.target.after };
        let mut answer = ask(&self.dir, &request)?;
        let connection = answer.hang_up().map_err(AccessError::Answer)?;
        if self.hold(connection) {
            return Ok(());
        }
        self.note("following".to_owned());
        while let Some(event) = answer.event().map_err(AccessError::Answer)? {
            if let Some(skipped) = crate::read::skipped(event) {
                self.note(format!("following; skipped {skipped}"));
                continue;
            }
            let line = Line::of(event);
            self.target.after = self.target.after.max(Some(line.position));
            self.push(line);
        }
        Ok(())
    }

    /// Lets the connection be ended from outside. Returns true when that is too late.
    fn hold(&self, connection: HangUp) -> bool {
        let mut state = self.shared.lock();
        state.connection = (!state.left).then_some(connection);
        state.left
    }

    fn has_left(&self) -> bool {
        self.shared.lock().left
    }

    fn note(&self, note: String) {
        self.tell(|state| state.note = Some(note));
    }

    fn push(&self, line: Line) {
        self.tell(|state| {
            state.bytes += line.bytes();
            state.lines.push_back(line);
            while state.lines.len() > WAITING_MAX || state.bytes > WAITING_BYTES_MAX {
                let Some(oldest) = state.lines.pop_front() else { break };
                state.bytes -= oldest.bytes();
                state.unseen += 1;
            }
        });
    }

    /// Changes what is there to be taken, and tells the loop, unless it knows.
    fn tell(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.shared.lock();
        change(&mut state);
        let knows = std::mem::replace(&mut state.told, true);
        drop(state);
        if !knows {
            // When nobody listens any more, this one is left soon.
            let _ = self.events.send(Event::Lines);
        }
    }
}

/// The search that finds the peer's records, and no others.
fn words(target: &Target) -> String {
    format!("source:{} peer:{}", quoted(&target.source), quoted(&target.peer))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use record::{Batch, Line, LineFlags, Micros, Position, Record};

    use super::{Target, words};

    #[test]
    fn its_records_are_found_whatever_it_is_called_and_no_others() {
        let names =
            ["10.0.0.7:514", "[::1]:514", "a\" OR *", "a\\", "a\\\"", "*", "a b", "a*", "-x", "(", "/x/", ""];
        let mut batch = Batch::new();
        for peer in names {
            let (position, received) = (Position(1), Micros(1));
            let flags = LineFlags::default();
            batch.push(&Line { position, received, source: "s", peer, bytes: b"text", flags });
        }
        for name in names {
            let target = Target { source: "s".to_owned(), peer: name.to_owned(), after: None };
            let query = search::Query::parse(&words(&target)).expect(name);
            let found: Vec<&str> =
                batch.iter().filter(|record| query.matches(*record)).map(Record::peer).collect();
            assert_eq!(found, [name]);
        }
    }
}
