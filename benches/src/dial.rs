//! Many connections to a collector. This is done before anything is measured, so it may block.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::clock;

const REFUSED_FOR: u64 = 30_000_000_000;
const RETRY_EVERY: Duration = Duration::from_millis(20);

/// Dials `collector` `connections` times, and waits for it to listen if it does not yet. The kernel chooses the ports:
/// 28,000 are there for each collector, and binding to one first makes it search for each.
///
/// # Errors
/// The collector refuses for 30 s, or the system has no connection left.
pub fn dial(collector: SocketAddr, connections: u32) -> io::Result<Vec<OwnedFd>> {
    let give_up = clock::monotonic() + REFUSED_FOR;
    let mut sockets = Vec::with_capacity(connections as usize);
    while sockets.len() < connections as usize {
        match dial_once(collector) {
            Ok(socket) => sockets.push(socket),
            Err(error)
                if error.kind() == io::ErrorKind::ConnectionRefused && clock::monotonic() < give_up =>
            {
                thread::sleep(RETRY_EVERY);
            }
            Err(error) => {
                return Err(io::Error::new(error.kind(), format!("cannot dial `{collector}`: {error}")));
            }
        }
    }
    Ok(sockets)
}

fn dial_once(collector: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(collector), Type::STREAM, Some(Protocol::TCP))?;
    socket.connect(&collector.into())?;
    prepare(socket)
}

/// A socket as the tools use it: it never blocks, and each write leaves at once.
///
/// # Errors
/// The system refuses an option.
pub fn prepare(socket: Socket) -> io::Result<OwnedFd> {
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
