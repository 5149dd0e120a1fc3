use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use record::clock;
use socket2::Socket;

use crate::until::{PATIENCE, until};

const ACK: &[u8] = b"ACK\n";

/// One scripted end of a connection with a collector: a server that the collector dials, or a client that dials it.
///
/// What it owns: one connection, and a server its listener. It reads ACKs only when asked for them, and checks each byte.
/// What bounds it: the kernel's buffers; sending waits when they are full, for [`PATIENCE`]. It ends when it is dropped.
#[derive(Debug)]
pub struct Peer {
    listener: Option<TcpListener>,
    address: Option<SocketAddr>,
    socket: Option<Socket>,
    ack_bytes: u64,
}

impl Peer {
    /// A server on a port of its own. The collector is let in by [`Peer::accept`].
    pub fn server() -> Self {
        Self::server_on("127.0.0.1:0".parse().expect("an address"))
    }

    /// A server on this address.
    ///
    /// # Panics
    /// When it is taken.
    pub fn server_on(address: SocketAddr) -> Self {
        let mut peer = Self { listener: None, address: Some(address), socket: None, ack_bytes: 0 };
        peer.listen();
        peer
    }

    /// A client of a collector that listens.
    ///
    /// # Panics
    /// When the connection is refused.
    #[track_caller]
    pub fn client(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        Self { listener: None, address: None, socket: Some(prepared(stream.into())), ack_bytes: 0 }
    }

    /// A client of a collector that listens on a Unix socket.
    ///
    /// # Panics
    /// When the connection is refused.
    #[track_caller]
    pub fn unix_client(path: &Path) -> Self {
        let stream =
            UnixStream::connect(path).unwrap_or_else(|error| panic!("cannot connect to {path:?}: {error}"));
        Self { listener: None, address: None, socket: Some(prepared(stream.into())), ack_bytes: 0 }
    }

    /// Where a server is dialled.
    ///
    /// # Panics
    /// For a client.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a client has no address to dial")
    }

    /// A server listens again on its address, after [`Peer::vanish`].
    ///
    /// # Panics
    /// When the address is taken.
    pub fn listen(&mut self) {
        let listener = TcpListener::bind(self.address()).expect("the server's address is taken");
        listener.set_nonblocking(true).expect("a listener can be non-blocking");
        self.address = listener.local_addr().ok();
        self.listener = Some(listener);
    }

    /// A server neither listens nor has a connection any more.
    pub fn vanish(&mut self) {
        self.listener = None;
        self.socket = None;
    }

    /// Waits for the collector to dial, and counts ACKs from 0 again.
    #[track_caller]
    pub fn accept(&mut self) {
        let stream = until("the collector dials", || self.try_accept());
        self.socket = Some(stream);
        self.ack_bytes = 0;
    }

    fn try_accept(&self) -> Option<Socket> {
        let (stream, _) = self.listener.as_ref().expect("it does not listen").accept().ok()?;
        stream.set_nonblocking(false).ok()?;
        Some(prepared(stream.into()))
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When the collector does not take them within [`PATIENCE`], or is gone.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("the collector takes no more");
    }

    /// The same for a collector that may be gone.
    ///
    /// # Errors
    /// What the system says.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.socket_mut().write_all(bytes.as_ref())
    }

    /// Sends as much as the kernel takes at once. Returns how many bytes that were.
    ///
    /// # Panics
    /// When the collector is gone.
    #[track_caller]
    pub fn send_some(&mut self, bytes: impl AsRef<[u8]>) -> usize {
        let socket = self.socket_mut();
        socket.set_nonblocking(true).expect("a socket can be non-blocking");
        let sent = match socket.write(bytes.as_ref()) {
            Ok(sent) => sent,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("the collector is gone: {error}"),
        };
        socket.set_nonblocking(false).expect("a socket can be blocking");
        sent
    }

    /// ACKs that have arrived by now.
    ///
    /// # Panics
    /// When something else has.
    #[track_caller]
    pub fn acked(&mut self) -> u64 {
        self.socket_mut().set_nonblocking(true).expect("a socket can be non-blocking");
        while self.read_acks().is_ok_and(|bytes| bytes > 0) {}
        self.socket_mut().set_nonblocking(false).expect("a socket can be blocking");
        self.ack_bytes / ACK.len() as u64
    }

    /// Waits until `lines` lines are acked over this connection, and checks that no more are.
    ///
    /// # Panics
    /// When the connection ends before, or [`PATIENCE`] does.
    #[track_caller]
    pub fn wait_acked(&mut self, lines: u64) {
        let (wanted, deadline) = (lines * ACK.len() as u64, clock::monotonic() + PATIENCE);
        while self.ack_bytes < wanted {
            match self.read_acks() {
                Ok(0) => panic!("closed after {} of {lines} ACKs", self.ack_bytes / 4),
                Ok(_) => {
                    let in_time = clock::monotonic() < deadline;
                    assert!(in_time, "{} of {lines} ACKs in time", self.ack_bytes / 4);
                }
                Err(error) => panic!("{} of {lines} ACKs: {error}", self.ack_bytes / 4),
            }
        }
        assert_eq!(self.ack_bytes, wanted, "more ACKs than lines");
    }

    /// Reads ACKs until the collector closes. Returns how many came over this connection.
    #[track_caller]
    pub fn wait_closed(&mut self) -> u64 {
        loop {
            match self.read_acks() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("the collector does not close: {error}"),
            }
        }
        self.ack_bytes / ACK.len() as u64
    }

    /// True when the collector has closed, or reset.
    pub fn is_closed(&mut self) -> bool {
        self.socket_mut().set_nonblocking(true).expect("a socket can be non-blocking");
        let ended = loop {
            match self.read_acks() {
                Ok(0) => break true,
                Ok(_) => {}
                Err(error) => break error.kind() != ErrorKind::WouldBlock,
            }
        };
        self.socket_mut().set_nonblocking(false).expect("a socket can be blocking");
        ended
    }

    /// Sends no more, and still reads.
    pub fn half_close(&mut self) {
        // The collector may have closed already.
        let _ = self.socket_mut().shutdown(Shutdown::Write);
    }

    /// Breaks the connection with a reset: what was not read is thrown away on both sides.
    pub fn reset(&mut self) {
        self.socket_mut().set_linger(Some(Duration::ZERO)).expect("a socket has a linger option");
        self.socket = None;
    }

    /// Closes the connection. A server listens on.
    pub fn close(&mut self) {
        self.socket = None;
    }

    fn read_acks(&mut self) -> std::io::Result<usize> {
        let mut bytes = [0; 16 << 10];
        let read = self.socket_mut().read(&mut bytes)?;
        for &byte in &bytes[..read] {
            assert_eq!(
                byte,
                ACK[(self.ack_bytes % 4) as usize],
                "no ACK: {:?}",
                String::from_utf8_lossy(&bytes[..read])
            );
            self.ack_bytes += 1;
        }
        Ok(read)
    }

    #[track_caller]
    fn socket_mut(&mut self) -> &mut Socket {
        self.socket.as_mut().expect("there is no connection")
    }
}

/// Neither reading nor writing may hang a test, and one write is one segment on its way.
fn prepared(socket: Socket) -> Socket {
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket has a read timeout");
    socket.set_write_timeout(Some(PATIENCE)).expect("a socket has a write timeout");
    // A Unix socket has no such thing.
    let _ = socket.set_tcp_nodelay(true);
    socket
}
