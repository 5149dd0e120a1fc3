use std::time::Duration;

use super::EventLoop;
use super::connection::{Origin, Stage};
use crate::command::Command;
use crate::driver::Driver;

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

    /// Cuts unfinished lines that began so long ago that the journal could not free what lies between.
    pub(super) fn cut_old_rows(&mut self) {
        let floor = self.durable_to.saturating_sub(self.parts.open_row_span);
        let wall = self.parts.driver.wall();
        for key in self.peers.keys() {
            let Some(connection) = self.peers.get_mut(key) else { continue };
            if connection.stage != Stage::Open
                || connection.peer.first_piece().is_none_or(|piece| piece >= floor)
            {
                continue;
            }
            let room = crate::peer::Peer::room(&connection.peer.source, &connection.peer.name);
            let Some(mut open) = self.open_batch(room) else { return };
            if let Some(connection) = self.peers.get_mut(key) {
                connection.peer.cut_row(&mut open, wall);
            }
            self.open = Some(open);
        }
    }
}
