use std::time::Duration;

use super::EventLoop;
use super::connection::{Origin, Stage};
use crate::command::Command;
use crate::driver::Driver;
use crate::peer::Peer;
use crate::slab::Key;

/// Commands carried out in one turn.
const COMMANDS: usize = 256;

impl<D: Driver> EventLoop<D> {
    /// Carries out what the loop was told.
    pub(super) fn obey(&mut self, now: Duration) {
        for _ in 0..COMMANDS {
            let Ok(command) = self.parts.commands.try_recv() else { return };
            match command {
                Command::Dial { source, name, host, port } => self.add_target(source, name, &host, port),
                Command::Forget { source, name } => self.remove_target(source, name),
                Command::Listen { source, listener } => self.listen(source, listener),
                Command::Unlisten { source } => self.unlisten(&source),
                Command::Adopt { source, socket, name } => self.adopt(source, socket, &name, now),
                Command::Resolved(answer) => self.resolved(answer, now),
                // Nobody may wait for the answer any more.
                Command::Status(answer) => drop(answer.try_send(self.status())),
                Command::Stop(within) => self.stop(now + within),
            }
        }
        self.more_commands = true;
    }

    fn unlisten(&mut self, source: &str) {
        for key in self.listeners.keys() {
            if self.listeners.get(key).is_some_and(|listening| &*listening.source.name == source) {
                self.listeners.remove(key);
            }
        }
        for key in self.peers.keys() {
            let accepted = |connection: &&mut super::Connection<D::Socket>| {
                connection.origin == Origin::Accepted && &*connection.peer.source.name == source
            };
            if self.peers.get_mut(key).as_ref().is_some_and(accepted) {
                self.leave(key, "the source was removed");
            }
        }
    }

    /// Accepts and dials nothing more, reads nothing more. What was read is committed and acked before the loop ends.
    fn stop(&mut self, deadline: Duration) {
        self.stop_at = Some(deadline);
        for key in self.listeners.keys() {
            self.listeners.remove(key);
        }
        for key in self.targets.keys() {
            self.targets.remove(key);
        }
        self.target_keys.clear();
        self.to_dial.clear();
        self.to_accept.clear();
        for key in self.peers.keys() {
            self.leave(key, "the collector stops");
        }
    }

    /// Looks after unfinished lines that lie in the journal in pieces: says which is the oldest piece that must be kept, and
    /// cuts lines that began so long ago that the journal could not free what lies between.
    pub(super) fn look_after_pieces(&mut self) {
        let floor = self.durable_to.saturating_sub(self.parts.open_row_span);
        let mut oldest = None;
        for key in self.peers.keys() {
            let Some(connection) = self.peers.get_mut(key) else { continue };
            let Some(piece) = connection.peer.first_piece() else { continue };
            if connection.stage == Stage::Open && piece < floor {
                self.cut_row(key);
            }
            // Also after a cut: the entry that ends the row still has to read its pieces.
            oldest = Some(oldest.map_or(piece, |oldest: u64| oldest.min(piece)));
        }
        self.parts.inlet.publish_open_floor(oldest);
    }

    fn cut_row(&mut self, key: Key) {
        let wall = self.parts.driver.wall();
        let Some(connection) = self.peers.get_mut(key) else { return };
        let room = Peer::room(&connection.peer.source, &connection.peer.name);
        let Some(mut open) = self.open_batch(room) else { return };
        if let Some(connection) = self.peers.get_mut(key) {
            connection.peer.cut_row(&mut open, wall);
        }
        self.open = Some(open);
    }
}
