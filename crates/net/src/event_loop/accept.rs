use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::io::Errno;

use super::EventLoop;
use super::connection::{Connection, Origin, reason};
use crate::Source;
use crate::command::Command;
use crate::driver::Driver;
use crate::peer::Peer;
use crate::slab::Key;
use crate::timers::Timer;

/// Connections accepted in one turn: a storm of them does not keep the peers waiting.
const ACCEPTS: usize = 64;

/// When there is no file descriptor left, accepting is tried again after so long. Connections wait in the kernel.
const DESCRIPTOR_WAIT: Duration = Duration::from_millis(100);

/// A listener and the source it serves.
pub(super) struct Listening<L> {
    pub(super) source: Arc<Source>,
    pub(super) listener: L,
    watched: bool,
    queued: bool,
}

impl<D: Driver> EventLoop<D> {
    /// Begins to accept.
    pub(super) fn listen(&mut self, source: Arc<Source>, listener: D::Listener) {
        let key = self.listeners.insert(Listening { source, listener, watched: false, queued: false });
        self.wants_accept(key);
    }

    pub(super) fn wants_accept(&mut self, key: Key) {
        let Some(listening) = self.listeners.get_mut(key) else { return };
        if !listening.queued {
            listening.queued = true;
            self.to_accept.push_back(key);
        }
    }

    /// Accepts some of the connections that wait.
    pub(super) fn accept(&mut self, now: Duration) {
        let Some(key) = self.to_accept.pop_front() else { return };
        if !self.watch_listener(key, now) {
            return;
        }
        for _ in 0..ACCEPTS {
            let Some(listening) = self.listeners.get_mut(key) else { return };
            let source = Arc::clone(&listening.source);
            match self.parts.driver.accept(&mut listening.listener, source.keepalive) {
                Ok((socket, name)) => self.admit(source, socket, name, now),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    listening.queued = false;
                    return;
                }
                Err(error) if for_want_of_memory(&error) => {
                    listening.queued = false;
                    tracing::warn!(source = &*source.name, error = reason(&error), "accepting waits");
                    self.parts.counters.descriptor_waits.fetch_add(1, Ordering::Relaxed);
                    return self.timers.set(now + DESCRIPTOR_WAIT, Timer::Accept(key));
                }
                // The connection died while it waited. The next one need not have.
                Err(error) => {
                    tracing::debug!(source = &*source.name, error = reason(&error), "a connection was gone");
                }
            }
        }
        self.to_accept.push_back(key);
    }

    /// Has the driver watch the listener, unless it does already. When it cannot, this is tried again later.
    fn watch_listener(&mut self, key: Key, now: Duration) -> bool {
        let Some(listening) = self.listeners.get_mut(key) else { return false };
        if listening.watched {
            return true;
        }
        let token = super::LISTENERS + key.index as usize;
        match self.parts.driver.listen(&mut listening.listener, token) {
            Ok(()) => listening.watched = true,
            Err(error) => {
                let (source, error) = (&*listening.source.name, reason(&error));
                tracing::error!(source, error, "cannot watch the listener: accepting waits");
                listening.queued = false;
                self.timers.set(now + DESCRIPTOR_WAIT, Timer::Accept(key));
            }
        }
        listening.watched
    }

    /// Keeps an accepted connection, gives it to another loop, or refuses it.
    fn admit(&mut self, source: Arc<Source>, socket: D::Socket, name: String, now: Duration) {
        if !source.counters.admit(source.peers_max) {
            tracing::debug!(source = &*source.name, peer = name, "refused: the source has `peers_max` peers");
            return;
        }
        if let Some(Command::Adopt { source, socket, name }) =
            (self.parts.share)(Command::Adopt { source, socket, name })
        {
            self.adopt(source, socket, &name, now);
        }
    }

    /// Serves a connection that was accepted here or elsewhere.
    pub(super) fn adopt(&mut self, source: Arc<Source>, mut socket: D::Socket, name: &str, now: Duration) {
        let key = self.peers.next_key();
        if let Err(error) = self.parts.driver.watch(&mut socket, key.index as usize) {
            tracing::warn!(
                source = &*source.name,
                peer = name,
                error = reason(&error),
                "cannot watch the socket: closed"
            );
            self.parts.counters.watch_failures.fetch_add(1, Ordering::Relaxed);
            return source.counters.leave();
        }
        let peer = Peer::new(source, name.into(), self.next_conn(), key);
        self.peers.insert(Connection::new(socket, peer, Origin::Accepted, now));
        self.opened(key, now);
    }

    /// A number that no other connection to this journal has.
    pub(super) fn next_conn(&mut self) -> u64 {
        let conn = self.next_conn;
        self.next_conn += self.parts.conn_step;
        conn
    }
}

/// Errors that pass when something else gives back what it holds.
fn for_want_of_memory(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM))
}
