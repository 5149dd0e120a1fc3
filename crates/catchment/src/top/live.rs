use std::iter;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crossterm::event;
use record::clock;

use super::TopError;
use super::asker::Asker;
use super::follower::Follower;
use super::inputs::{Event, keys, signals};
use super::model::{Input, Model, Wish};
use super::screen::Screen;
use super::view::{Colors, draw};

/// Events that wait, at most; whoever has one more waits with it.
const EVENTS_MAX: usize = 64;

/// What nobody has asked for by a key is drawn no sooner after the frame before.
const FRAME: Duration = Duration::from_millis(250);

/// Shows the collector that runs in `dir` until somebody quits or a signal comes; it is asked each `interval`.
pub(super) fn watch(dir: &Path, interval: Duration) -> Result<(), TopError> {
    let (sender, events) = sync_channel(EVENTS_MAX);
    signals(&sender)?;
    let asker = Asker::start(dir.to_owned(), &sender)?;
    let screen = Screen::take()?;
    keys(&sender)?;
    let model = Model::new(dir.display().to_string());
    let colors = Colors::of_environment();
    let now = clock::monotonic();
    let times = Times { interval, next_look: Some(now), next_frame: now, drawn: false };
    Live { dir, model, screen, asker, follower: None, sender, colors, times }.run(&events)
}

/// The loop.
///
/// What it owns: the terminal, and through the others a thread for keys, one for signals, one that asks and one that follows. What bounds
/// it: [`EVENTS_MAX`], the model, and what each of those threads keeps. Between events it sleeps; it ends by a key, by a signal, or with
/// the terminal.
struct Live<'a> {
    dir: &'a Path,
    model: Model,
    screen: Screen,
    asker: Asker,
    follower: Option<Follower>,
    sender: SyncSender<Event>,
    colors: Colors,
    times: Times,
}

struct Times {
    interval: Duration,
    /// When the collector is asked; none while it is being asked.
    next_look: Option<Duration>,
    /// Not before this is a frame drawn that nobody waits for.
    next_frame: Duration,
    /// What there is to see is on the screen.
    drawn: bool,
}

/// What an event asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    End,
    /// Somebody waits for the frame.
    Now,
    Soon,
}

impl Live<'_> {
    fn run(mut self, events: &Receiver<Event>) -> Result<(), TopError> {
        loop {
            let now = clock::monotonic();
            self.look(now);
            if !self.times.drawn && now >= self.times.next_frame {
                self.draw()?;
            }
            let event = match self.wait(events) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Err(TopError::Gone),
            };
            // All that is there at once is one frame.
            for event in iter::once(event).chain(events.try_iter().take(EVENTS_MAX)) {
                match self.take(event)? {
                    Next::End => return Ok(()),
                    Next::Now => (self.times.drawn, self.times.next_frame) = (false, Duration::ZERO),
                    Next::Soon => self.times.drawn = false,
                }
            }
        }
    }

    /// Asks when it is time to.
    fn look(&mut self, now: Duration) {
        if self.model.paused.is_none() && self.times.next_look.is_some_and(|at| at <= now) {
            self.asker.ask();
            self.times.next_look = None;
        }
    }

    fn draw(&mut self) -> Result<(), TopError> {
        let now = clock::monotonic();
        if let Some(follower) = &self.follower {
            let taken = follower.take();
            self.model.step(now, Input::Lines(taken.lines, taken.unseen));
            if let Some(note) = taken.note {
                self.model.step(now, Input::Following(note));
            }
        }
        let (model, colors) = (&mut self.model, self.colors);
        model.now = now;
        self.screen.draw(|frame| draw(frame, model, colors))?;
        self.times.drawn = true;
        self.times.next_frame = clock::monotonic() + FRAME;
        Ok(())
    }

    fn wait(&self, events: &Receiver<Event>) -> Result<Event, RecvTimeoutError> {
        let look = self.times.next_look.filter(|_| self.model.paused.is_none());
        let frame = (!self.times.drawn).then_some(self.times.next_frame);
        let now = clock::monotonic();
        match look.into_iter().chain(frame).min() {
            Some(until) => events.recv_timeout(until.saturating_sub(now)),
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn take(&mut self, event: Event) -> Result<Next, TopError> {
        let now = clock::monotonic();
        match event {
            Event::Stop => return Ok(Next::End),
            Event::NoKeys(error) => return Err(error.into()),
            Event::Terminal(event::Event::Key(key)) => {
                let wish = self.model.step(now, Input::Key(key));
                return wish.map_or(Ok(Next::Now), |wish| self.grant(wish));
            }
            // Another size: what is there is drawn for it.
            Event::Terminal(_) => return Ok(Next::Now),
            Event::Answer(answer) => {
                self.times.next_look = Some(now + self.times.interval);
                let input = match answer {
                    Ok(status) => Input::Seen(status, micros()),
                    Err(reason) => Input::Lost(reason),
                };
                self.model.step(now, input);
            }
            // They are taken for the next frame: until then whoever brings them is silent.
            Event::Lines => {}
            Event::Gone => return Err(TopError::Gone),
        }
        Ok(Next::Soon)
    }

    fn grant(&mut self, wish: Wish) -> Result<Next, TopError> {
        match wish {
            Wish::Quit => return Ok(Next::End),
            Wish::Suspend => self.screen.suspend()?,
            Wish::Redraw => self.screen.forget()?,
            Wish::Ask => self.times.next_look = self.times.next_look.map(|_| Duration::ZERO),
            Wish::Leave => self.follower = None,
            Wish::Follow(target) => {
                let follower = Follower::start(self.dir.to_owned(), target, &self.sender)?;
                self.follower = Some(follower);
            }
        }
        Ok(Next::Now)
    }
}

/// The time of day, in microseconds since 1970.
fn micros() -> i64 {
    i64::try_from(clock::wall().0).unwrap_or(i64::MAX)
}
