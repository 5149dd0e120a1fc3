//! Being dialled. This is done before anything is measured, so it may block.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use catchment_bench::dial;
use socket2::{Domain, Protocol, Socket, Type};

use crate::control::{self, Event};

const BACKLOG: i32 = 4096;

/// Accepts `connections` on `port` of every loopback address: a collector tells its targets apart by address, and one
/// port on many of 127.0.0.0/8 makes many targets of one listener.
pub(crate) fn accept(port: u16, connections: u32) -> io::Result<Vec<OwnedFd>> {
    let listener = listen(port).map_err(|error| with_place("listen on port", &port.to_string(), &error))?;
    control::tell(&Event::Listening)?;
    (0..connections).map(|_| dial::prepare(listener.accept()?.0)).collect()
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

fn with_place(what: &str, place: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what} `{place}`: {error}"))
}
