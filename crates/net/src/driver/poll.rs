//! The operating system's sockets, on `mio`: epoll on Linux, kqueue on macOS and BSD.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};
use record::{Micros, clock};
use rustix::net::{RecvFlags, recv};
use socket2::{SockRef, TcpKeepalive};

use super::{Driver, Ready};

/// The token of the loop's waker; no socket has it.
const WAKER: Token = Token(usize::MAX);

/// Watches sockets with one kernel readiness queue.
///
/// What it owns: that queue. What bounds it: at most 1024 sockets are named at once, the others next time. It
/// stops when dropped. When the queue breaks, the event loop ends with the error.
pub struct PollDriver {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
}

/// Wakes a loop, from any thread, whether it waits for its sockets or pauses.
#[derive(Debug)]
pub struct Waker {
    queue: mio::Waker,
    /// The loop's thread, once it has paused.
    thread: OnceLock<Thread>,
}

impl Waker {
    /// Ends the loop's wait or pause; if it is in neither, the next one.
    ///
    /// # Errors
    /// When the loop is gone.
    pub fn wake(&self) -> io::Result<()> {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
        self.queue.wake()
    }
}

/// A TCP or Unix stream.
pub enum Socket {
    /// TCP, over IPv4 or IPv6.
    Tcp(TcpStream),
    /// A Unix stream socket.
    Unix(UnixStream),
}

/// A TCP or Unix listener.
pub enum Listener {
    /// TCP, over IPv4 or IPv6.
    Tcp(TcpListener),
    /// A Unix stream socket, and how many it has accepted.
    Unix(UnixListener, u64),
}

impl PollDriver {
    /// A new queue, and what wakes the loop that waits on it.
    ///
    /// # Errors
    /// When the kernel gives none, usually for want of descriptors.
    pub fn new() -> io::Result<(Self, Arc<Waker>)> {
        let poll = Poll::new()?;
        let queue = mio::Waker::new(poll.registry(), WAKER)?;
        let waker = Arc::new(Waker { queue, thread: OnceLock::new() });
        Ok((Self { poll, events: Events::with_capacity(1024), waker: Arc::clone(&waker) }, waker))
    }
}

impl Driver for PollDriver {
    type Socket = Socket;
    type Listener = Listener;

    fn connect(
        &mut self,
        address: SocketAddr,
        keepalive: Option<Duration>,
        token: usize,
    ) -> io::Result<Socket> {
        let stream = TcpStream::connect(address)?;
        tune(&stream, keepalive);
        let mut socket = Socket::Tcp(stream);
        self.watch(&mut socket, token)?;
        Ok(socket)
    }

    fn connected(&mut self, socket: &mut Socket) -> io::Result<bool> {
        let Socket::Tcp(stream) = socket else { return Ok(true) };
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        match stream.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn listen(&mut self, listener: &mut Listener, token: usize) -> io::Result<()> {
        let (registry, token) = (self.poll.registry(), Token(token));
        match listener {
            Listener::Tcp(listener) => registry.register(listener, token, Interest::READABLE),
            Listener::Unix(listener, _) => registry.register(listener, token, Interest::READABLE),
        }
    }

    fn accept(
        &mut self,
        listener: &mut Listener,
        keepalive: Option<Duration>,
    ) -> io::Result<(Socket, String)> {
        match listener {
            Listener::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                tune(&stream, keepalive);
                Ok((Socket::Tcp(stream), address.to_string()))
            }
            Listener::Unix(listener, accepted) => {
                let (stream, _) = listener.accept()?;
                // The other end of a Unix socket rarely has a name: a number tells them apart.
                *accepted += 1;
                Ok((Socket::Unix(stream), format!("unix#{accepted}")))
            }
        }
    }

    fn watch(&mut self, socket: &mut Socket, token: usize) -> io::Result<()> {
        // Both at once and for ever: with edges a writable socket is named again only after it had been full.
        let (registry, token, interest) =
            (self.poll.registry(), Token(token), Interest::READABLE | Interest::WRITABLE);
        match socket {
            Socket::Tcp(stream) => registry.register(stream, token, interest),
            Socket::Unix(stream) => registry.register(stream, token, interest),
        }
    }

    #[inline]
    fn read(&mut self, socket: &mut Socket, buffer: &mut [u8]) -> io::Result<usize> {
        match socket {
            Socket::Tcp(stream) => receive(stream, buffer),
            Socket::Unix(stream) => receive(stream, buffer),
        }
    }

    #[inline]
    fn write(&mut self, socket: &mut Socket, bytes: &[u8]) -> io::Result<usize> {
        match socket {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }

    fn wait(&mut self, timeout: Option<Duration>, ready: &mut Vec<Ready>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        ready.extend(self.events.iter().filter(|event| event.token() != WAKER).map(|event| Ready {
            token: event.token().0,
            writable: event.is_writable(),
            readable: event.is_readable() || event.is_error(),
            hangup: event.is_read_closed() || event.is_error(),
        }));
        Ok(())
    }

    fn pause(&mut self, time: Duration) {
        self.waker.thread.get_or_init(std::thread::current);
        std::thread::park_timeout(time);
    }

    fn monotonic(&self) -> Duration {
        clock::monotonic()
    }

    fn wall(&self) -> Micros {
        clock::wall()
    }
}

/// Asks the kernel itself: the C library's `recv` is a point at which a thread may be cancelled, and to provide for
/// that at every read costs more than a tenth of all the work of the loop.
#[inline]
fn receive(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(recv(socket, buffer, RecvFlags::DONTWAIT)?.0)
}

/// ACKs leave at once, and the kernel notices a peer that has vanished. Neither is worth a connection: a socket
/// that refuses is used as it is.
fn tune(stream: &TcpStream, keepalive: Option<Duration>) {
    let _ = stream.set_nodelay(true);
    if let Some(time) = keepalive {
        let probes =
            TcpKeepalive::new().with_time(time).with_interval(Duration::from_secs(10)).with_retries(3);
        let _ = SockRef::from(stream).set_tcp_keepalive(&probes);
    }
}

impl Listener {
    /// Binds and listens on a TCP address, with the longest queue the kernel allows.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub fn tcp(address: SocketAddr) -> io::Result<Self> {
        let socket =
            socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            // One address means one address; IPv4 is its own entry in the configuration.
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(4096)?;
        socket.set_nonblocking(true)?;
        Ok(Self::Tcp(TcpListener::from_std(socket.into())))
    }

    /// Binds and listens on a Unix socket. A socket file that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// When somebody listens there, or the path cannot be used.
    pub fn unix(path: &std::path::Path) -> io::Result<Self> {
        let dead = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if std::os::unix::net::UnixStream::connect(path).as_ref().is_err_and(dead) {
            std::fs::remove_file(path)?;
        }
        UnixListener::bind(path).map(|listener| Self::Unix(listener, 0))
    }

    /// Where it listens, for TCP.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Driver as _, PollDriver};

    #[test]
    fn who_is_woken_pauses_no_longer() {
        let (mut driver, waker) = PollDriver::new().unwrap();
        driver.pause(Duration::ZERO);
        std::thread::scope(|scope| {
            scope.spawn(|| waker.wake().unwrap());
            driver.pause(Duration::from_secs(3600));
        });
    }
}
