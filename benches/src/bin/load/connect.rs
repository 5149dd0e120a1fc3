//! Making the connections, in either role. This is done before anything is measured, so it may block.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use catchment_bench::clock;
use socket2::{Domain, Protocol, Socket, Type};

use crate::control::{self, Event};

const REFUSED_FOR: u64 = 30_000_000_000;
const RETRY_EVERY: Duration = Duration::from_millis(20);
const BACKLOG: i32 = 4096;

/// Dials `collector` `connections` times, and waits for it to listen if it does not yet. The kernel chooses the ports:
/// 28,000 are there for each collector, and binding to one first makes it search for each.
pub(crate) fn dial(collector: SocketAddr, connections: u32) -> io::Result<Vec<OwnedFd>> {
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
            Err(error) => return Err(with_place("dial", &collector.to_string(), &error)),
        }
    }
    Ok(sockets)
}

/// Accepts `connections` on `port` of every loopback address: a collector tells its targets apart by address, and one
/// port on many of 127.0.0.0/8 makes many targets of one listener.
pub(crate) fn accept(port: u16, connections: u32) -> io::Result<Vec<OwnedFd>> {
    let listener = listen(port).map_err(|error| with_place("listen on port", &port.to_string(), &error))?;
    control::tell(&Event::Listening)?;
    (0..connections).map(|_| prepare(listener.accept()?.0)).collect()
}

fn listen(port: u16) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    // The wildcard address takes all of 127.0.0.0/8 in, the device keeps everybody else out.
    socket.bind_device(Some(b"lo"))?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

fn dial_once(collector: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(collector), Type::STREAM, Some(Protocol::TCP))?;
    socket.connect(&collector.into())?;
    prepare(socket)
}

fn prepare(socket: Socket) -> io::Result<OwnedFd> {
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn with_place(what: &str, place: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} `{place}`: {error}"))
}
