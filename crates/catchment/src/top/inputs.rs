//! What happens outside of the loop, in one queue.

use std::io;
use std::sync::mpsc::SyncSender;

use crossterm::event;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::screen::give_back;
use crate::control::Status;

/// What the loop waits for.
#[derive(Debug)]
pub(super) enum Event {
    /// A key, or another size.
    Terminal(event::Event),
    /// The keys cannot be read.
    NoKeys(io::Error),
    /// The collector has answered, or has not and why.
    Answer(Result<Box<Status>, String>),
    /// The follower has something.
    Lines,
    /// A signal says that it is time to go.
    Stop,
    /// A thread has panicked.
    Gone,
}

/// Starts a thread that tells the loop when it panics: without it the loop would wait for ever.
pub(super) fn thread(
    name: &str,
    events: &SyncSender<Event>,
    work: impl FnOnce(&SyncSender<Event>) + Send + 'static,
) -> io::Result<()> {
    let watched = Watched(events.clone());
    std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&watched.0))?;
    Ok(())
}

struct Watched(SyncSender<Event>);

impl Drop for Watched {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.0.send(Event::Gone);
        }
    }
}

/// Reads keys. The thread ends with the process, or when nobody listens.
pub(super) fn keys(events: &SyncSender<Event>) -> io::Result<()> {
    thread("keys", events, |events| {
        loop {
            let event = event::read().map_or_else(Event::NoKeys, Event::Terminal);
            let last = matches!(event, Event::NoKeys(_));
            if events.send(event).is_err() || last {
                return;
            }
        }
    })
}

/// Waits for signals. Whoever sends a second one does not want to wait: it ends the process. The thread ends with it.
pub(super) fn signals(events: &SyncSender<Event>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread("signals", events, move |events| {
        let mut stopping = false;
        for signal in &mut signals {
            if std::mem::replace(&mut stopping, true) {
                give_back();
                std::process::exit(128 + signal);
            }
            if events.send(Event::Stop).is_err() {
                return;
            }
        }
    })
}
