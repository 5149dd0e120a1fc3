//! What moves the bytes. The event loop speaks to sockets through [`Driver`] only: [`poll`] is the operating
//! system's, [`sim`] a network in memory in which one seed decides everything.

pub mod poll;
pub mod sim;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use record::Micros;

/// Sockets, readiness and time.
///
/// Readiness is edge-triggered: a socket is named once when something new can be read from it or written to it,
/// and not again before the loop has read until there is less than it asked for, or written until the socket takes no more.
pub trait Driver {
    /// A connected socket, or one on its way. Closes when dropped.
    type Socket;
    /// A bound, listening socket.
    type Listener;

    /// Begins to connect. The outcome comes as readiness; [`Self::connected`] tells it.
    ///
    /// # Errors
    /// When there is no descriptor left, or no route.
    fn connect(
        &mut self,
        address: SocketAddr,
        keepalive: Option<Duration>,
        token: usize,
    ) -> io::Result<Self::Socket>;

    /// Whether the connection stands; `false`: not yet.
    ///
    /// # Errors
    /// Why it cannot be made.
    fn connected(&mut self, socket: &mut Self::Socket) -> io::Result<bool>;

    /// Begins to watch a listener.
    ///
    /// # Errors
    /// What the kernel's readiness queue says.
    fn listen(&mut self, listener: &mut Self::Listener, token: usize) -> io::Result<()>;

    /// The next connection that waits, and the name of its other end. It is not watched yet.
    ///
    /// # Errors
    /// `WouldBlock` when none waits; what `accept` says.
    fn accept(
        &mut self,
        listener: &mut Self::Listener,
        keepalive: Option<Duration>,
    ) -> io::Result<(Self::Socket, String)>;

    /// Begins to watch an accepted socket.
    ///
    /// # Errors
    /// What the kernel's readiness queue says.
    fn watch(&mut self, socket: &mut Self::Socket, token: usize) -> io::Result<()>;

    /// Reads what is there, at most `buffer`. 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing is there; otherwise the connection has broken.
    fn read(&mut self, socket: &mut Self::Socket, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what the socket takes of `bytes`.
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing; otherwise the connection has broken.
    fn write(&mut self, socket: &mut Self::Socket, bytes: &[u8]) -> io::Result<usize>;

    /// Waits until a socket is ready, somebody wakes the loop, or the time is over, and adds to `ready`.
    ///
    /// # Errors
    /// When the readiness queue itself is broken.
    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()>;

    /// Lets time pass without looking at the sockets; ends early when somebody wakes the loop.
    fn pause(&mut self, time: Duration);

    /// Time for deadlines.
    fn monotonic(&self) -> Duration;

    /// Time of day.
    fn wall(&self) -> Micros;
}

/// A socket about which there is something new.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// Whose it is.
    pub token: usize,
    /// It can be written to.
    pub writable: bool,
    /// There are bytes, or the end, or an error.
    pub readable: bool,
    /// The other end sends no more: read until the end, even when a read comes back short.
    pub hangup: bool,
}
