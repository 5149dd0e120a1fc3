use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use record::{Batch, Position};

use crate::output::{Output, OutputError};

/// An output that fails as it is told, and checks what it is given. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Sink(Arc<(Mutex<Taken>, Condvar)>, Option<&'static str>);

#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The positions of the records it has.
    pub(super) positions: Vec<u64>,
    pub(super) texts: Vec<String>,
    upto: Position,
    /// So many records are durable, up to here.
    durable: (usize, Position),
    /// It keeps no place, and what it has once taken it has for ever.
    pub(super) forgetful: bool,
    /// What happens at the next calls.
    pub(super) moods: Vec<Mood>,
    pub(super) flushes: usize,
    pub(super) calls: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Fine,
    Fails,
    /// Has lost what is not durable.
    Loses,
    /// Makes nothing durable.
    Lazy,
    Closes,
}

impl Sink {
    /// One with a name of its own.
    pub(super) fn named(name: &'static str) -> Self {
        Self(Arc::default(), Some(name))
    }

    pub(super) fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.0.lock().unwrap()
    }

    pub(super) fn boxed(&self) -> Box<dyn Output> {
        Box::new(self.clone())
    }

    pub(super) fn moods(&self, moods: &[Mood]) {
        self.taken().moods = moods.iter().rev().copied().collect();
    }

    /// The process has died.
    pub(super) fn crash(&self) {
        self.taken().lose();
    }

    /// Waits until `enough` holds.
    pub(super) fn wait(&self, enough: impl Fn(&Taken) -> bool) {
        let soon = Duration::from_secs(20);
        let waited = self.0.1.wait_timeout_while(self.taken(), soon, |taken| !enough(taken)).unwrap();
        assert!(!waited.1.timed_out(), "{:?}", waited.0);
    }
}

impl Taken {
    fn lose(&mut self) {
        if self.forgetful {
            self.upto = Position(0);
        } else {
            let (count, upto) = self.durable;
            self.positions.truncate(count);
            self.texts.truncate(count);
            self.upto = upto;
        }
    }

    fn mood(&mut self) -> Mood {
        self.calls += 1;
        self.moods.pop().unwrap_or(Mood::Fine)
    }

    fn act(&mut self) -> Result<Mood, OutputError> {
        match self.mood() {
            Mood::Fails => Err(OutputError::failed("no room")),
            Mood::Loses if !self.forgetful => {
                self.lose();
                Err(OutputError::lost("a sync failed"))
            }
            Mood::Closes => Err(OutputError::closed("gone")),
            mood => Ok(mood),
        }
    }
}

impl Output for Sink {
    fn name(&self) -> &str {
        self.1.unwrap_or("sink")
    }

    fn resume_from(&self) -> Position {
        let taken = self.taken();
        if taken.forgetful { Position(0) } else { taken.upto }
    }

    fn write(&mut self, records: &Batch, upto: Position) -> Result<(), OutputError> {
        let mut taken = self.taken();
        assert!(upto > taken.upto, "{upto} after {}", taken.upto);
        taken.act()?;
        for record in records.iter() {
            let new = record.position() > taken.upto || record.position() == taken.upto && record.nth() > 0;
            assert!(new && record.position() <= upto, "out of order or twice");
            taken.upto = record.position();
            taken.positions.push(record.position().0);
            taken.texts.push(record.message().to_owned());
        }
        taken.upto = upto;
        self.0.1.notify_all();
        Ok(())
    }

    fn durable(&mut self) -> Result<Position, OutputError> {
        let mut taken = self.taken();
        if taken.act()? != Mood::Lazy {
            taken.durable = (taken.positions.len(), taken.upto);
        }
        Ok(taken.durable.1)
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.taken().flushes += 1;
        Ok(())
    }
}
