use std::io;
use std::net::SocketAddr;

use super::SimNet;
use super::link::Side;

/// One end of a connection. Dropping it closes it: the other end reads the end of the stream, or is reset when
/// something had come that was never read, as TCP does it.
pub struct SimSocket {
    net: SimNet,
    pub(super) link: u64,
    pub(super) side: Side,
}

/// A listener. Dropping it resets the connections that wait in its queue.
pub struct SimListener {
    net: SimNet,
    pub(super) id: u64,
}

impl SimSocket {
    pub(super) fn new(net: SimNet, link: u64, side: Side) -> Self {
        Self { net, link, side }
    }

    /// Reads what has come. 0 is the end of the stream.
    ///
    /// # Errors
    /// `WouldBlock` when nothing has come; otherwise the connection has broken.
    pub fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.net.state().read(self.link, self.side, buffer)
    }

    /// Writes what the queue to the other end takes.
    ///
    /// # Errors
    /// `WouldBlock` when it is full; otherwise the connection has broken.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.net.state().write(self.link, self.side, bytes)
    }

    /// Sends no more: the other end reads the end of the stream after what is on its way. Reading goes on.
    pub fn shutdown_write(&mut self) {
        self.net.state().shutdown(self.link, self.side);
    }

    /// Breaks the connection: both ends can neither read the end of the stream nor write any more.
    pub fn reset(self) {
        self.net.state().reset(self.link, self.side);
    }

    /// The address that the other end sees.
    pub fn local_addr(&self) -> SocketAddr {
        self.net.state().name(self.link, self.side)
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        self.net.state().close(self.link, self.side);
    }
}

impl SimListener {
    pub(super) fn new(net: SimNet, id: u64) -> Self {
        Self { net, id }
    }

    /// The next connection that waits.
    pub fn accept(&mut self) -> Option<SimSocket> {
        let (link, _) = self.net.state().accept(self.id).ok()?;
        Some(SimSocket::new(self.net.clone(), link, Side::Accepter))
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.net.state().unlisten(self.id);
    }
}
