//! What is seen, decided from what comes in: keys, answers of the collector, lines. No I/O, no clock.

mod cursor;
mod figures;
mod filter;
mod follow;
mod history;
mod keys;
mod line;
mod peers;
mod sort;

use std::time::Duration;

use crossterm::event::KeyEvent;

pub(super) use self::cursor::Cursor;
pub(super) use self::figures::Figures;
pub(super) use self::filter::FILTER_CHARS_MAX;
pub(super) use self::follow::Follow;
pub(super) use self::keys::{FOLLOW_KEYS, TABLE_KEYS};
pub(super) use self::line::Line;
pub(super) use self::peers::{PEERS_MAX, Peers, Row};
pub(super) use self::sort::Column;
use crate::control::Status;

/// What is known, and what of it is on the screen.
///
/// What it owns: the newest answer, what is needed to tell rates, and the newest lines of one peer. What bounds it: [`PEERS_MAX`] peers
/// and what [`Follow`] keeps. It does nothing by itself: [`Model::step`] takes what comes in.
pub(super) struct Model {
    /// The data directory, as it was given.
    pub(super) place: String,
    pub(super) now: Duration,
    /// None before the first answer.
    pub(super) figures: Option<Figures>,
    /// Since when there is no answer, and why.
    pub(super) lost: Option<(Duration, String)>,
    pub(super) peers: Peers,
    pub(super) cursor: Cursor,
    /// The filter is being typed.
    pub(super) typing: bool,
    pub(super) helping: bool,
    /// Since when nothing is asked any more.
    pub(super) paused: Option<Duration>,
    pub(super) follow: Option<Follow>,
}

/// What comes in.
#[derive(Debug)]
pub(super) enum Input {
    Key(KeyEvent),
    /// The collector has answered, at this time of day in microseconds since 1970.
    Seen(Box<Status>, i64),
    /// It has not, and why.
    Lost(String),
    /// Lines of the peer that is followed, and how many others came and went unseen.
    Lines(Vec<Line>, u64),
    /// How the following goes.
    Following(String),
}

/// What the model wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Quit,
    /// Give the terminal back until the shell wakes us.
    Suspend,
    /// Draw everything anew: something else wrote on the screen.
    Redraw,
    /// Ask the collector now.
    Ask,
    Follow(Target),
    /// Follow nobody any more.
    Leave,
}

/// The peer that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) source: String,
    pub(super) peer: String,
    /// Its lines behind this position come from the tail, those before it from the store; none when the collector has no tail.
    pub(super) after: Option<u64>,
}

impl Model {
    pub(super) fn new(place: String) -> Self {
        Self {
            place,
            now: Duration::ZERO,
            figures: None,
            lost: None,
            peers: Peers::default(),
            cursor: Cursor::default(),
            typing: false,
            helping: false,
            paused: None,
            follow: None,
        }
    }

    /// Takes what has come in at `now`.
    pub(super) fn step(&mut self, now: Duration, input: Input) -> Option<Wish> {
        self.now = now;
        match input {
            Input::Key(key) => return self.key(key),
            // It was asked before the pause.
            Input::Seen(..) | Input::Lost(_) if self.paused.is_some() => {}
            Input::Seen(status, wall) => self.seen(*status, wall),
            Input::Lost(reason) => {
                let since = self.lost.take().map_or(now, |(since, _)| since);
                self.lost = Some((since, reason));
            }
            Input::Lines(lines, unseen) => {
                if let Some(follow) = &mut self.follow {
                    follow.add(lines, unseen);
                }
            }
            Input::Following(note) => {
                if let Some(follow) = &mut self.follow {
                    follow.note = note;
                }
            }
        }
        None
    }

    fn seen(&mut self, mut status: Status, wall: i64) {
        let peers = std::mem::take(&mut status.peers);
        self.figures = Some(Figures::new(self.figures.take(), status, self.now, wall));
        self.lost = None;
        self.peers.update(self.now, peers);
        self.cursor.settle(&self.peers);
    }

    /// The peers in another order, or others of them.
    fn rearrange(&mut self) {
        self.peers.arrange();
        self.cursor.settle(&self.peers);
    }
}
